// Layers as pictures, and of which part of the frame.

import { describeLayer } from "./layers.js";
import { layerWords, markWords } from "./painters.js";

const MAX_PIXELS = 2.1e6; // of a detail, as many as a screen can show
const MAX_WHOLE_PIXELS = 3e5; // of the whole frame, as many as a pane of a grid can show

// The whole frame, thinned where it has more pixels than a pane can show; a detail fills in the rest.
// A payload may have no more pixels than these: flowcore/viz/viewer_flows.py thins by the same rule.
/** @type {(frame: Size) => Region} */
export function wholeRegion({ width, height }) {
  const step = Math.max(1, Math.ceil(Math.sqrt((width * height) / MAX_WHOLE_PIXELS)));
  return { x: 0, y: 0, step, columns: Math.ceil(width / step), rows: Math.ceil(height / step), isWhole: true };
}

// What is in view, pixel by pixel; null where that would be more than a screen can show.
/** @type {(frame: Size, rect: Rect) => Region | null} */
export function detailRegion({ width, height }, { left, top, right, bottom }) {
  const x = Math.max(0, Math.floor(left));
  const y = Math.max(0, Math.floor(top));
  const columns = Math.min(width, Math.ceil(right)) - x;
  const rows = Math.min(height, Math.ceil(bottom)) - y;
  return columns * rows <= MAX_PIXELS ? { x, y, step: 1, columns, rows } : null;
}

// Names the picture: painting again is needed only for another name.
/** @type {(model: Model, source: Source, layer: string, scale: Scale) => string} */
export function paintName(model, source, layer, { maxMagnitude, noiseFloor, maxError }) {
  /** @type {Record<string, number[]>} */
  const settings = { flow: [maxMagnitude, noiseFloor], error: [maxError], wins: [maxError] };
  return [source.key, layer, ...(settings[describeLayer(model, layer).legend ?? ""] ?? [])].join("|");
}

/** @type {(model: Model, source: Source, layer: string, region: Region, scale: Scale) => OffscreenCanvas} */
export function paintLayer(model, source, layer, region, scale) {
  return toCanvas(layerWords(model, source, layer, region, scale), region);
}

// The pixels that the page points out, as a translucent picture to lay over any layer.
/** @type {(model: Model, region: Region) => OffscreenCanvas} */
export function paintMarks(model, region) {
  return toCanvas(markWords(model, region), region);
}

/** @type {(words: Words, region: Region) => OffscreenCanvas} */
function toCanvas(words, { columns, rows }) {
  const canvas = new OffscreenCanvas(columns, rows);
  const image = new ImageData(new Uint8ClampedArray(words.buffer), columns, rows);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}
