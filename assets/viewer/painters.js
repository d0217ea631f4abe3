// Layers as numbers: each painter fills a region of the frame with packed RGBA words. Each has its
// twin in flowcore/viz/layers.py, by which exports are drawn; a test holds the two together.

import { classColor, errorColor, flowColors, isOnLine, kittiColor, mix, pack, polar, winsColor } from "./color.js";
import { photoPixels } from "./decode.js";
import { layerKind, layerMap, layerOpponent } from "./layers.js";
import { epeAt, isKnown } from "./readings.js";

/** @type {Record<string, Painter>} */
const PAINTERS = {
  labels: paintLabels,
  occluded: paintOccluded,
  flow: paintFlow,
  error: paintError,
  kitti_error: paintKitti,
  warped: paintWarped,
  difference: paintDifference,
  consistency: paintConsistency,
  uncertainty: paintUncertainty,
  map: paintMap,
  wins: paintWins,
};

/** @type {(model: Model, source: Source, layer: string, region: Region, scale: Scale) => Words} */
export function layerWords(model, source, layer, region, scale) {
  const truth = model.truth?.field;
  const opponent = layerOpponent(layer, model.sources);
  const map = layerMap(layer, source);
  return words(PAINTERS[layerKind(layer)], { model, source, truth, opponent, map, scale }, region);
}

/** @type {(model: Model, region: Region) => Words} */
export function markWords(model, region) {
  return words(paintMarked, { model }, region);
}

/** @type {(painter: Painter, subject: object, region: Region) => Words} */
function words(painter, subject, region) {
  const out = new Uint32Array(region.columns * region.rows);
  painter(out, /** @type {Subject} */ (subject), region);
  return out;
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
  flowColors(model.palette, out, vectors, scale);
}

/** @type {Painter} */
function paintError(out, { model, source, truth, scale }, region) {
  eachPixel(region, model.width, (o, i) => {
    out[o] = errorColor(model.palette, epeAt(source.field, truth, i), scale.maxError);
  });
}

/** @type {Painter} */
function paintKitti(out, { model, source, truth }, region) {
  eachPixel(region, model.width, (o, i) => {
    const trueSpeed = truth.step * Math.sqrt(truth.u[i] * truth.u[i] + truth.v[i] * truth.v[i]);
    out[o] = kittiColor(model.palette, epeAt(source.field, truth, i), trueSpeed);
  });
}

/** @type {Painter} */
function paintWins(out, { model, source, truth, opponent, scale }, region) {
  eachPixel(region, model.width, (o, i) => {
    const mine = epeAt(source.field, truth, i);
    out[o] = winsColor(model.palette, mine, epeAt(opponent.field, truth, i), scale.maxError);
  });
}

/** @type {Painter} */
function paintUncertainty(out, { model, source, scale }, region) {
  const { plane, step } = /** @type {Uncertainty} */ (source.uncertainty);
  eachPixel(region, model.width, (o, i) => {
    out[o] = errorColor(model.palette, isKnown(source.field, i) ? plane[i] * step : NaN, scale.maxError);
  });
}

/** @type {Painter} */
function paintMap(out, { model, map }, region) {
  eachPixel(region, model.width, (o, i) => { out[o] = errorColor(model.palette, map.levels[i], 255); });
}

/** @type {Painter} */
function paintWarped(out, { model, source }, region) {
  const { hidden } = model.palette;
  const fetch = backwardSampler(model, source.field);
  eachPixel(region, model.width, (o, i, x, y) => {
    const { r, g, b, isInside } = fetch(i, x, y);
    const isHidden = !isInside || source.visible?.[i] === 0 || !isKnown(source.field, i);
    out[o] = isHidden && isOnLine(hidden, x, y, region.step) ? hidden.color : pack(r + 0.5, g + 0.5, b + 0.5);
  });
}

/** @type {Painter} */
function paintDifference(out, { model, source }, region) {
  const { differenceGain, unknown } = model.palette;
  const fetch = backwardSampler(model, source.field);
  const first = photoPixels(model.first);
  /** @type {(a: number, b: number) => number} */
  const amplify = (a, b) => Math.min(255, differenceGain * Math.abs(a - b) + 0.5);
  eachPixel(region, model.width, (o, i, x, y) => {
    if (!isKnown(source.field, i)) {
      out[o] = unknown;
      return;
    }
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
  const { mark, occludedLines: lines } = model.palette;
  paintMask(out, model, region, mark, (i) => source.visible?.[i] === 0);
  eachPixel(region, model.width, (o, i, x, y) => {
    if (model.occluded?.[i] && isOnLine(lines, x, y, region.step)) out[o] = lines.color;
  });
}

/** @type {Painter} */
function paintOccluded(out, { model }, region) {
  paintMask(out, model, region, model.palette.occluded, (i) => model.occluded?.[i] === 1);
}

/** @type {(out: Uint32Array, model: Model, region: Region, tint: Tint, isTinted: (i: number) => boolean) => void} */
function paintMask(out, model, region, { color, share }, isTinted) {
  const first = photoPixels(model.first);
  eachPixel(region, model.width, (o, i) => {
    const photo = pack(first[4 * i], first[4 * i + 1], first[4 * i + 2]);
    out[o] = isTinted(i) ? mix(photo, color, share) : photo;
  });
}

/** @type {Painter} */
function paintLabels(out, { model }, region) {
  const { palette, labels } = model;
  const first = photoPixels(model.first);
  eachPixel(region, model.width, (o, i) => {
    const photo = pack(first[4 * i], first[4 * i + 1], first[4 * i + 2]);
    out[o] = mix(photo, classColor(palette, labels?.[i] ?? 0), palette.labelShare);
  });
}

/** @type {Painter} */
function paintMarked(out, { model }, region) {
  const { color, share } = model.palette.mark;
  const translucent = ((Math.round(255 * share) << 24) | (color & 0xffffff)) >>> 0;
  eachPixel(region, model.width, (o, i) => {
    if (model.markedMask?.[i]) out[o] = translucent;
  });
}
