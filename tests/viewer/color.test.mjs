// Numbers to colors: the same ones as in the pictures of the library.

import assert from "node:assert/strict";
import test from "node:test";

import { classColor, cssColor, errorColor, flowColors, isOnLine, kittiColor, mix, pack, polar, readPalette, winsColor } from "../../assets/viewer/color.js";
import { decodeModel, readHeader } from "../../assets/viewer/decode.js";
import { epeAt } from "../../assets/viewer/readings.js";
import { expected, payload } from "./fixture.mjs";

const payloadPalette = readHeader(payload).header.palette;
const model = await decodeModel(readHeader(payload));
const { width, height } = model;
const numPixels = width * height;
const region = { x: 0, y: 0, step: 1, columns: width, rows: height };
const truth = model.truth.field;
const [small, large] = model.lanes.map(({ field }) => field);
const { palette } = model;

const rgb = (word) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255];
const paint = (colorOf) => Array.from({ length: numPixels }, (_, i) => rgb(colorOf(i))).flat();
const trueSpeed = (i) => truth.step * Math.hypot(truth.u[i], truth.v[i]);
const GRAY = palette.unknown;

// Fractions may be cut off on either side of a whole number.
function assertNear(actual, right) {
  assert.equal(actual.length, right.length);
  const wrong = actual.flatMap((value, i) => (Math.abs(value - right[i]) > 1 ? [{ i, value, right: right[i] }] : []));
  assert.deepEqual(wrong, []);
}

function flowWords(field, scale, where = region, frameWidth = width) {
  const out = new Uint32Array(where.columns * where.rows);
  flowColors(palette, out, polar(field, where, frameWidth), scale);
  return [...out];
}

for (const { rgb: right, ...scale } of expected.flowColors) {
  test(`flows have the library's colors up to ${scale.maxMagnitude} px`, () => {
    assertNear(flowWords(small, scale).flatMap(rgb), right);
  });
}

for (const { maxError, rgb: right } of expected.errorColors) {
  test(`errors have exactly the library's colors up to ${maxError} px`, () => {
    assert.deepEqual(paint((i) => errorColor(palette, epeAt(small, truth, i), maxError)), right);
  });
}

for (const { maxError, rgb: right } of expected.winsColors) {
  test(`who wins has the library's colors up to ${maxError} px`, () => {
    assertNear(paint((i) => winsColor(palette, epeAt(small, truth, i), epeAt(large, truth, i), maxError)), right);
  });
}

test("KITTI's colors are exactly the library's", () => {
  assert.deepEqual(paint((i) => kittiColor(palette, epeAt(small, truth, i), trueSpeed(i))), expected.kittiColors);
});

test("the four directions, and no motion", () => {
  const field = { u: [3, 0, -3, 0, 0, -0], v: [0, 3, 0, -3, 0, -0], step: 1 };
  const row = { x: 0, y: 0, step: 1, columns: 6, rows: 1 };
  assert.deepEqual([...polar(field, row, 6).position], [0, 13.5, 27, 40.5, 0, 0]);
  const [right, down, left, up, ...rest] = flowWords(field, { maxMagnitude: 3, noiseFloor: 0.05 }, row, 6).map(rgb);
  assert.deepEqual([right, down, left, up], [[255, 0, 0], [255, 229, 0], [0, 209, 255], [88, 0, 255]]);
  assert.deepEqual(rest, [[255, 255, 255], [255, 255, 255]]);
});

test("off the scale is darkened, below the noise floor white, unknown gray", () => {
  const field = { u: [8, 2, 1.5, 1, 4], v: [0, 0, 0, 0, 0], step: 0.5, valid: [1, 1, 1, 1, 0] };
  const row = { x: 0, y: 0, step: 1, columns: 5, rows: 1 };
  const words = flowWords(field, { maxMagnitude: 2, noiseFloor: 0.75 }, row, 5);
  assert.deepEqual(words.map(rgb), [
    [191, 0, 0], [255, 127, 127], [255, 159, 159], [255, 255, 255], [128, 128, 128],
  ]);
});

test("a thinned region takes every second pixel of its part", () => {
  const u = Array.from({ length: 12 }, (_, i) => i); // 4 wide, 3 high
  const part = { x: 1, y: 0, step: 2, columns: 2, rows: 2 };
  assert.deepEqual([...polar({ u, v: u.map(() => 0), step: 1 }, part, 4).speed], [1, 3, 9, 11]);
});

test("errors are rounded to a color, and end at the last", () => {
  const ramp = { ...palette, heat: Uint32Array.from({ length: 256 }, (_, i) => i) };
  assert.deepEqual([0, 0.49, 0.5, 254.4, 255, 999].map((epe) => errorColor(ramp, epe, 255)), [0, 0, 1, 254, 255, 255]);
  assert.equal(errorColor(ramp, NaN, 255), GRAY);
});

test("KITTI's steps begin at their bounds; an outlier is over 3 px and over 5 %", () => {
  const { bounds, colors } = palette.kitti;
  const slow = bounds.map((bound) => kittiColor(palette, 3 * bound, 0));
  assert.deepEqual(slow, [...colors.slice(1)]);
  assert.equal(kittiColor(palette, 3 * 0.99, 0), colors[4]);
  assert.equal(kittiColor(palette, 6, 240), colors[4]); // 6 px are 5 % of 120 px, and half of that of 240
  assert.equal(kittiColor(palette, 0, 0), colors[0]);
  assert.equal(kittiColor(palette, NaN, 1), GRAY);
});

test("who wins is blue, who loses red, a draw white, unknown gray", () => {
  const shown = [[1, 9], [9, 1], [2, 2], [NaN, 1], [1, NaN]].map(([mine, other]) => rgb(winsColor(palette, mine, other, 4)));
  assert.deepEqual(shown, [[33, 102, 172], [178, 24, 43], [255, 255, 255], [128, 128, 128], [128, 128, 128]]);
});

test("words are packed as ImageData has them", () => {
  assert.equal(pack(1, 2, 3), 0xff030201);
  assert.deepEqual(rgb(pack(1.9, 2.9, 3.9)), [1, 2, 3]);
  const { unknown, heat, mark } = readPalette({ ...payloadPalette, unknown: "010203", heat: "010203ff8000" });
  assert.deepEqual([unknown, ...heat], [0xff030201, 0xff030201, 0xff0080ff]);
  assert.deepEqual(mark, { color: pack(230, 0, 126), share: 0.6 });
  assert.equal(cssColor(pack(255, 128, 0)), "rgb(255 128 0)");
  assert.deepEqual(rgb(mix(pack(0, 100, 200), pack(100, 0, 200), 0.25)), [25, 75, 200]);
});

test("classes have colors of their own, the unlabelled none", () => {
  const words = Array.from({ length: 40 }, (_, id) => classColor(palette, id));
  assert.equal(new Set(words).size, 40);
  assert.equal(words[0], GRAY);
  assert.equal(classColor(palette, -3), classColor(palette, 3));
});

test("there are 255 colors of classes, again and again", () => {
  assert.equal(classColor(palette, 256), classColor(palette, 1));
  assert.notEqual(classColor(palette, 255), GRAY);
});

test("a hatch is lines of its width, one each period", () => {
  const lines = { color: GRAY, width: 3, period: 8 };
  const row = Array.from({ length: 16 }, (_, x) => (isOnLine(lines, x, 1, 1) ? "x" : "."));
  assert.equal(row.join(""), "xx.....xxx.....x");
  const thinned = Array.from({ length: 16 }, (_, column) => (isOnLine(lines, 8 * column, 8, 8) ? "x" : "."));
  assert.deepEqual(thinned, row);
});
