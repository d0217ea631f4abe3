// Numbers -> colors, as packed RGBA words (little-endian, the way ImageData holds them).

const UNKNOWN = pack(128, 128, 128);
const WHITE = pack(255, 255, 255);
const WHEEL = colorWheel();
const EIGHTH_STEPS = 8192;
const EIGHTH = Float64Array.from({ length: EIGHTH_STEPS + 1 }, (_, i) => (Math.atan(i / EIGHTH_STEPS) / Math.PI) * 27);

// Fractions are cut off, as the Python pictures cut them.
/** @type {(r: number, g: number, b: number) => Word} */
export function pack(r, g, b) {
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}

// The 55 hues of Baker et al., IJCV 2011, and the last again so that position 54 has a successor.
/** @type {() => Float64Array} */
function colorWheel() {
  const arcs = [
    { steps: 15, start: [255, 0, 0], channel: 1, rise: 1 },
    { steps: 6, start: [255, 255, 0], channel: 0, rise: -1 },
    { steps: 4, start: [0, 255, 0], channel: 2, rise: 1 },
    { steps: 11, start: [0, 255, 255], channel: 1, rise: -1 },
    { steps: 13, start: [0, 0, 255], channel: 0, rise: 1 },
    { steps: 6, start: [255, 0, 255], channel: 2, rise: -1 },
  ];
  const hues = arcs.flatMap(({ steps, start, channel, rise }) =>
    Array.from({ length: steps }, (_, step) =>
      start.map((value, c) => value + (c === channel ? rise * Math.floor((255 * step) / steps) : 0)),
    ),
  );
  return Float64Array.from([...hues, hues[hues.length - 1]].flat());
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
  if (x === 0 && y === 0) return 0;
  let position = y <= x ? EIGHTH[Math.round((y / x) * EIGHTH_STEPS)] : 13.5 - EIGHTH[Math.round((x / y) * EIGHTH_STEPS)];
  if (u < 0) position = 27 - position;
  return v < 0 ? 54 - position : position;
}

/** @type {(out: Uint32Array, vectors: Polar, scale: Pick<Scale, "maxMagnitude" | "noiseFloor">) => void} */
export function flowColors(out, { position, speed }, { maxMagnitude, noiseFloor }) {
  const full = Math.fround(maxMagnitude);
  for (let o = 0; o < out.length; o++) {
    if (Number.isNaN(position[o])) out[o] = UNKNOWN;
    else if (speed[o] < noiseFloor) out[o] = WHITE;
    else out[o] = wheelColor(position[o], Math.fround(speed[o] / full));
  }
}

// `radius` is the speed in units of the full color; beyond it the hue stays and is darkened.
/** @type {(position: number, radius: number) => Word} */
function wheelColor(position, radius) {
  const index = Math.floor(position);
  const fraction = position - index;
  const strength = radius <= 1 ? radius : 0.75;
  const white = radius <= 1 ? 255 * (1 - radius) : 0;
  const low = 3 * index;
  const high = low + 3;
  return pack(
    white + strength * (WHEEL[low] + fraction * (WHEEL[high] - WHEEL[low])),
    white + strength * (WHEEL[low + 1] + fraction * (WHEEL[high + 1] - WHEEL[low + 1])),
    white + strength * (WHEEL[low + 2] + fraction * (WHEEL[high + 2] - WHEEL[low + 2])),
  );
}

// A table of colors from text "rrggbbrrggbb…".
/** @type {(hex: string) => Uint32Array} */
export function colorTable(hex) {
  return Uint32Array.from(hex.match(/.{6}/g) ?? [], (text) => {
    const rgb = parseInt(text, 16);
    return pack(rgb >> 16, (rgb >> 8) & 255, rgb & 255);
  });
}

/** @type {(table: Uint32Array, epe: number, maxError: number) => Word} */
export function errorColor(table, epe, maxError) {
  if (Number.isNaN(epe)) return UNKNOWN;
  return table[Math.min(255, Math.floor((255 * epe) / maxError + 0.5))];
}

// KITTI 2015: bounds in units of "just an outlier", which is over both 3 px and 5 % of the truth.
export const KITTI_BOUNDS = [0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16];
export const KITTI_COLORS = [
  pack(49, 54, 149),
  pack(69, 117, 180),
  pack(116, 173, 209),
  pack(171, 217, 233),
  pack(224, 243, 248),
  pack(254, 224, 144),
  pack(253, 174, 97),
  pack(244, 109, 67),
  pack(215, 48, 39),
  pack(165, 0, 38),
];

/** @type {(epe: number, trueSpeed: number) => Word} */
export function kittiColor(epe, trueSpeed) {
  if (Number.isNaN(epe)) return UNKNOWN;
  const severity = Math.min(epe / 3, epe === 0 ? 0 : epe / (0.05 * trueSpeed));
  let step = 0;
  while (step < KITTI_BOUNDS.length && severity >= KITTI_BOUNDS[step]) step++;
  return KITTI_COLORS[step];
}

const BETTER = pack(33, 102, 172);
const WORSE = pack(178, 24, 43);

// Blue where the lane errs less than the other one, red where it errs more, white where as much.
/** @type {(epe: number, otherEpe: number, maxError: number) => Word} */
export function winsColor(epe, otherEpe, maxError) {
  if (Number.isNaN(epe) || Number.isNaN(otherEpe)) return UNKNOWN;
  const lead = Math.min(1, Math.abs(otherEpe - epe) / maxError);
  return mix(WHITE, otherEpe > epe ? BETTER : WORSE, lead);
}

// Hues a golden angle apart, so that neighboring numbers differ; 0, unlabelled, is gray.
/** @type {(id: number) => Word} */
export function classColor(id) {
  if (id === 0) return UNKNOWN;
  const hue = (Math.abs(id) * 137.508) % 360;
  /** @type {(shift: number) => number} */
  const channel = (shift) => {
    const distance = Math.abs((((hue + shift) / 60) % 6) - 3) - 1;
    return 40 + 200 * Math.min(1, Math.max(0, distance));
  };
  return pack(channel(0), channel(240), channel(120));
}

/** @type {(word: Word, other: Word, share: number) => Word} */
export function mix(word, other, share) {
  /** @type {(shift: number) => number} */
  const blend = (shift) => ((word >>> shift) & 255) * (1 - share) + ((other >>> shift) & 255) * share;
  return pack(blend(0), blend(8), blend(16));
}

/** @type {(word: Word) => string} */
export function cssColor(word) {
  return `rgb(${word & 255} ${(word >>> 8) & 255} ${(word >>> 16) & 255})`;
}
