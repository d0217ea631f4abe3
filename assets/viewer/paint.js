// Layers as pictures: each painter fills a region of the frame with packed RGBA words.

import { classColor, errorColor, flowColors, kittiColor, mix, pack, polar, winsColor } from "./color.js";
import { photoPixels } from "./decode.js";
import { DIFFERENCE_GAIN, describeLayer, layerKind, layerMap, layerOpponent } from "./layers.js";
import { epeAt } from "./readings.js";

const MARK = pack(230, 0, 126);
const HATCH = pack(128, 128, 128);
const MAX_PIXELS = 2.1e6; // of a detail, as many as a screen can show
const MAX_WHOLE_PIXELS = 3e5; // of the whole frame, as many as a pane of a grid can show

/** @type {Record<string, Painter>} */
const PAINTERS = {
  flow: paintFlow,
  error: paintError,
  kitti: paintKitti,
  wins: paintWins,
  warped: paintWarped,
  difference: paintDifference,
  consistency: paintConsistency,
  occluded: paintOccluded,
  labels: paintLabels,
  map: paintMap,
};

// The whole frame, thinned where it has more pixels than a pane can show; a detail fills in the rest.
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
/** @type {(source: Source, layer: string, scale: Scale) => string} */
export function paintName(source, layer, { maxMagnitude, noiseFloor, maxError }) {
  /** @type {Record<string, number[]>} */
  const settings = { flow: [maxMagnitude, noiseFloor], error: [maxError], wins: [maxError] };
  return [source.key, layer, ...(settings[describeLayer(layer).scale ?? ""] ?? [])].join("|");
}

/** @type {(model: Model, source: Source, layer: string, region: Region, scale: Scale) => OffscreenCanvas} */
export function paintLayer(model, source, layer, region, scale) {
  const truth = model.truth?.field;
  const opponent = layerOpponent(layer, model.sources);
  const map = layerMap(layer, source);
  return paint(PAINTERS[layerKind(layer)], { model, source, truth, opponent, map, scale }, region);
}

// The pixels that the page points out, as a translucent picture to lay over any layer.
/** @type {(model: Model, region: Region) => OffscreenCanvas} */
export function paintMarks(model, region) {
  return paint(paintMarked, { model }, region);
}

/** @type {(painter: Painter, subject: object, region: Region) => OffscreenCanvas} */
function paint(painter, subject, region) {
  const image = new ImageData(region.columns, region.rows);
  painter(new Uint32Array(image.data.buffer), /** @type {Subject} */ (subject), region);
  const canvas = new OffscreenCanvas(region.columns, region.rows);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

// Calls visit(o, i, x, y) for each pixel o of the picture, which shows pixel i of the frame.
/** @type {(region: Region, width: number, visit: (o: number, i: number, x: number, y: number) => void) => void} */
function eachPixel({ x, y, step, columns, rows }, width, visit) {
  for (let row = 0, o = 0; row < rows; row++) {
    const frameY = y + row * step;
    for (let column = 0; column < columns; column++, o++) {
      const frameX = x + column * step;
      visit(o, frameY * width + frameX, frameX, frameY);
    }
  }
}

/** @type {Painter} */
function paintFlow(out, { model, source, scale }, region) {
  const { field } = source;
  const vectors = region.isWhole && field.polar ? field.polar : polar(field, region, model.width);
  if (region.isWhole) field.polar = vectors;
  flowColors(out, vectors, scale);
}

/** @type {Painter} */
function paintError(out, { model, source, truth, scale }, region) {
  eachPixel(region, model.width, (o, i) => {
    out[o] = errorColor(model.errorTable, epeAt(source.field, truth, i), scale.maxError);
  });
}

/** @type {Painter} */
function paintKitti(out, { model, source, truth }, region) {
  eachPixel(region, model.width, (o, i) => {
    const trueSpeed = truth.step * Math.sqrt(truth.u[i] * truth.u[i] + truth.v[i] * truth.v[i]);
    out[o] = kittiColor(epeAt(source.field, truth, i), trueSpeed);
  });
}

/** @type {Painter} */
function paintWins(out, { model, source, truth, opponent, scale }, region) {
  eachPixel(region, model.width, (o, i) => {
    const mine = epeAt(source.field, truth, i);
    out[o] = winsColor(mine, epeAt(opponent.field, truth, i), scale.maxError);
  });
}

/** @type {Painter} */
function paintMap(out, { model, map }, region) {
  eachPixel(region, model.width, (o, i) => { out[o] = errorColor(model.errorTable, map.levels[i], 255); });
}

/** @type {Painter} */
function paintWarped(out, { model, source }, region) {
  const fetch = backwardSampler(model, source.field);
  eachPixel(region, model.width, (o, i, x, y) => {
    const { r, g, b, isInside } = fetch(i, x, y);
    const isHatched = (x + y) % 8 < 3 && (!isInside || source.visible?.[i] === 0);
    out[o] = isHatched ? HATCH : pack(r, g, b);
  });
}

/** @type {Painter} */
function paintDifference(out, { model, source }, region) {
  const fetch = backwardSampler(model, source.field);
  const first = photoPixels(model.first);
  /** @type {(a: number, b: number) => number} */
  const amplify = (a, b) => Math.min(255, DIFFERENCE_GAIN * Math.abs(a - b));
  eachPixel(region, model.width, (o, i, x, y) => {
    const { r, g, b } = fetch(i, x, y);
    out[o] = pack(amplify(first[4 * i], r), amplify(first[4 * i + 1], g), amplify(first[4 * i + 2], b));
  });
}

// Second frame at x + flow: bilinear, the border repeated. One result object is used again and again.
/** @type {(model: Model, field: Field) => (i: number, x: number, y: number) => { r: number, g: number, b: number, isInside: boolean }} */
function backwardSampler(model, field) {
  const { width, height } = model;
  const second = photoPixels(model.second);
  const sample = { r: 0, g: 0, b: 0, isInside: true };
  return (i, x, y) => {
    const targetX = x + field.u[i] * field.step;
    const targetY = y + field.v[i] * field.step;
    const clampedX = Math.min(width - 1, Math.max(0, targetX));
    const clampedY = Math.min(height - 1, Math.max(0, targetY));
    const left = Math.floor(clampedX);
    const top = Math.floor(clampedY);
    const fx = clampedX - left;
    const fy = clampedY - top;
    const corner = 4 * (top * width + left);
    const right = left + 1 < width ? 4 : 0;
    const below = top + 1 < height ? 4 * width : 0;
    /** @type {(c: number) => number} */
    const channel = (c) => {
      const upper = second[corner + c] * (1 - fx) + second[corner + right + c] * fx;
      const lower = second[corner + below + c] * (1 - fx) + second[corner + below + right + c] * fx;
      return upper * (1 - fy) + lower * fy;
    };
    sample.r = channel(0);
    sample.g = channel(1);
    sample.b = channel(2);
    sample.isInside = clampedX === targetX && clampedY === targetY;
    return sample;
  };
}

/** @type {Painter} */
function paintConsistency(out, { model, source }, region) {
  paintMask(out, model, region, (i) => source.visible?.[i] === 0);
}

/** @type {Painter} */
function paintOccluded(out, { model }, region) {
  paintMask(out, model, region, (i) => model.occluded?.[i] === 1);
}

/** @type {(out: Uint32Array, model: Model, region: Region, isMarked: (i: number) => boolean) => void} */
function paintMask(out, model, region, isMarked) {
  const first = photoPixels(model.first);
  eachPixel(region, model.width, (o, i) => {
    const photo = pack(first[4 * i], first[4 * i + 1], first[4 * i + 2]);
    out[o] = isMarked(i) ? mix(photo, MARK, 0.6) : photo;
  });
}

/** @type {Painter} */
function paintLabels(out, { model }, region) {
  const first = photoPixels(model.first);
  eachPixel(region, model.width, (o, i) => {
    const photo = pack(first[4 * i], first[4 * i + 1], first[4 * i + 2]);
    out[o] = mix(photo, classColor(model.labels?.[i] ?? 0), 0.6);
  });
}

/** @type {Painter} */
function paintMarked(out, { model }, region) {
  const mark = ((170 << 24) | (MARK & 0xffffff)) >>> 0;
  eachPixel(region, model.width, (o, i) => {
    if (model.markedMask?.[i]) out[o] = mark;
  });
}
