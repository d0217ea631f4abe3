// Numbers -> colors, as packed RGBA words (little-endian, the way ImageData holds them). The colors
// themselves come with the payload: flowcore/viz/palette.py has them, for exports as well.

const EIGHTH_STEPS = 8192;
const EIGHTH = Float64Array.from({ length: EIGHTH_STEPS + 1 }, (_, i) => (Math.atan(i / EIGHTH_STEPS) / Math.PI) * 27);

// Fractions are cut off, as the Python pictures cut them.
/** @type {(r: number, g: number, b: number) => Word} */
export function pack(r, g, b) {
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}

// A color from text "rrggbb".
/** @type {(hex: string) => Word} */
function color(hex) {
  const rgb = parseInt(hex, 16);
  return pack(rgb >> 16, (rgb >> 8) & 255, rgb & 255);
}

// Colors from text "rrggbbrrggbb…".
/** @type {(hex: string) => Uint32Array} */
function colorTable(hex) {
  return Uint32Array.from(hex.match(/.{6}/g) ?? [], color);
}

/** @type {(entry: PaletteEntry) => Palette} */
export function readPalette(entry) {
  const { hidden, mark, occluded, occludedLines, kitti } = entry;
  return {
    ...entry,
    unknown: color(entry.unknown),
    hidden: { ...hidden, color: color(hidden.color) },
    mark: { ...mark, color: color(mark.color) },
    occluded: { ...occluded, color: color(occluded.color) },
    occludedLines: { ...occludedLines, color: color(occludedLines.color) },
    wheel: Float64Array.from(entry.wheel.match(/../g) ?? [], (hex) => parseInt(hex, 16)),
    heat: colorTable(entry.heat),
    better: color(entry.better),
    worse: color(entry.worse),
    even: color(entry.even),
    kitti: { ...kitti, colors: colorTable(kitti.colors) },
    classes: colorTable(entry.classes),
    arrow: color(entry.arrow),
    arrowOutline: color(entry.arrowOutline),
  };
}

// Direction (as a position 0..54 on the wheel) and speed of the vectors of a region: what stays the
// same when the scale changes. In single precision, as the Python pictures have them.
/** @type {(field: Vectors, region: Region, width: number) => Polar} */
export function polar({ u, v, step, valid }, region, width) {
  const numPixels = region.columns * region.rows;
  const position = new Float32Array(numPixels);
  const speed = new Float32Array(numPixels);
  for (let row = 0, o = 0; row < region.rows; row++) {
    let i = (region.y + row * region.step) * width + region.x;
    for (let column = 0; column < region.columns; column++, o++, i += region.step) {
      position[o] = valid && !valid[i] ? NaN : wheelPosition(u[i], v[i]);
      speed[o] = step * Math.sqrt(u[i] * u[i] + v[i] * v[i]);
    }
  }
  return { position, speed };
}

// 0 is right, 13.5 down, 27 left, 40.5 up. From a table of the first eighth turn: a hundred times finer
// than the eye, and several times faster than atan2, which took most of the time of a picture.
/** @type {(u: number, v: number) => number} */
function wheelPosition(u, v) {
  const x = Math.abs(u);
  const y = Math.abs(v);
  const isFlat = y <= x;
  const eighth = EIGHTH[((isFlat ? y / x : x / y) * EIGHTH_STEPS + 0.5) | 0]; // no motion: the first
  let position = isFlat ? eighth : 13.5 - eighth;
  if (u < 0) position = 27 - position;
  return v < 0 ? 54 - position : position;
}

/** @type {(palette: Palette, out: Uint32Array, vectors: Polar, scale: Pick<Scale, "maxMagnitude" | "noiseFloor">) => void} */
export function flowColors({ wheel, offScale, unknown, even }, out, { position, speed }, { maxMagnitude, noiseFloor }) {
  const full = Math.fround(maxMagnitude);
  for (let o = 0; o < out.length; o++) {
    if (Number.isNaN(position[o])) out[o] = unknown;
    else if (speed[o] < noiseFloor) out[o] = even;
    else out[o] = wheelColor(wheel, position[o], Math.fround(speed[o] / full), offScale);
  }
}

// `radius` is the speed in units of the full color; beyond it the hue stays and is darkened.
/** @type {(wheel: Float64Array, position: number, radius: number, offScale: number) => Word} */
function wheelColor(wheel, position, radius, offScale) {
  const index = position | 0;
  const fraction = position - index;
  const low = 3 * index;
  const isOn = radius <= 1;
  const ground = isOn ? 255 : 0;
  const strength = isOn ? radius : offScale;
  return pack(
    channel(wheel[low], wheel[low + 3], fraction, strength, ground),
    channel(wheel[low + 1], wheel[low + 4], fraction, strength, ground),
    channel(wheel[low + 2], wheel[low + 5], fraction, strength, ground),
  );
}

// From the ground towards the hue, in an order of operations that leaves 255 exactly 255.
/** @type {(low: number, high: number, fraction: number, strength: number, ground: number) => number} */
function channel(low, high, fraction, strength, ground) {
  return ground - strength * (ground - (low + fraction * (high - low)));
}

/** @type {(palette: Palette, epe: number, maxError: number) => Word} */
export function errorColor({ heat, unknown }, epe, maxError) {
  if (Number.isNaN(epe)) return unknown;
  return heat[Math.min(255, Math.floor((255 * epe) / maxError + 0.5))];
}

/** @type {(palette: Palette, epe: number, trueSpeed: number) => Word} */
export function kittiColor({ kitti, unknown }, epe, trueSpeed) {
  if (Number.isNaN(epe)) return unknown;
  const severity = Math.min(epe / kitti.px, epe === 0 ? 0 : epe / (kitti.share * trueSpeed));
  let step = 0;
  while (step < kitti.bounds.length && severity >= kitti.bounds[step]) step++;
  return kitti.colors[step];
}

/** @type {(palette: Palette, epe: number, otherEpe: number, maxError: number) => Word} */
export function winsColor({ better, worse, even, unknown }, epe, otherEpe, maxError) {
  if (Number.isNaN(epe) || Number.isNaN(otherEpe)) return unknown;
  const lead = Math.min(1, Math.abs(otherEpe - epe) / maxError);
  return mix(even, otherEpe > epe ? better : worse, lead);
}

/** @type {(palette: Palette, id: number) => Word} */
export function classColor({ classes }, id) {
  return classes[id === 0 ? 0 : 1 + ((Math.abs(id) - 1) % (classes.length - 1))];
}

/** @type {(word: Word, other: Word, share: number) => Word} */
export function mix(word, other, share) {
  /** @type {(shift: number) => number} */
  const blend = (shift) => ((word >>> shift) & 255) * (1 - share) + ((other >>> shift) & 255) * share + 0.5;
  return pack(blend(0), blend(8), blend(16));
}

// Whether an opaque line of the hatch runs through a pixel; in a thinned picture lines keep their width.
/** @type {(hatch: Hatch, x: number, y: number, step: number) => boolean} */
export function isOnLine({ width, period }, x, y, step) {
  return ((x + y) / step) % period < width;
}

/** @type {(word: Word) => string} */
export function cssColor(word) {
  return `rgb(${word & 255} ${(word >>> 8) & 255} ${(word >>> 16) & 255})`;
}
