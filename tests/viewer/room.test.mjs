// How much room the panes have, and how much of a frame is painted.

import assert from "node:assert/strict";
import test from "node:test";

import { detailRegion, wholeRegion } from "../../assets/viewer/paint.js";
import { bestGrid } from "../../assets/viewer/stage.js";

const FRAME = { width: 80, height: 60 };

test("panes stand in as few columns as show them all", () => {
  assert.deepEqual(bestGrid(1, FRAME, 600, 600), { columns: 1, size: { width: 600, height: 450 } });
  assert.deepEqual(bestGrid(4, FRAME, 1000, 820), { columns: 2, size: { width: 496, height: 372 } });
  assert.deepEqual(bestGrid(4, FRAME, 1000, 815), { columns: 3, size: { width: 328, height: 246 } });
});

test("no pane is narrower than can be read, higher than the window, or too flat to hit", () => {
  assert.equal(bestGrid(9, FRAME, 900, 100).columns, 3);
  assert.equal(bestGrid(9, FRAME, 904, 100).columns, 4);
  assert.deepEqual(bestGrid(1, { width: 60, height: 80 }, 1000, 500).size, { width: 1000, height: 500 });
  assert.equal(bestGrid(1, { width: 1000, height: 1 }, 1000, 500).size.height, 24);
});

test("a large frame is painted thinly as a whole", () => {
  assert.deepEqual(wholeRegion(FRAME), { x: 0, y: 0, step: 1, columns: 80, rows: 60, isWhole: true });
  const { step, columns, rows } = wholeRegion({ width: 1025, height: 601 }); // 2.05 times too many pixels
  assert.deepEqual([step, columns, rows], [2, 513, 301]);
});

test("a detail is all pixels in sight, within the frame", () => {
  const over = { left: -2.5, top: 10.2, right: 30.1, bottom: 99 };
  assert.deepEqual(detailRegion(FRAME, over), { x: 0, y: 10, step: 1, columns: 31, rows: 50 });
  const beside = { left: 70.9, top: -1, right: 99, bottom: 20 };
  assert.deepEqual(detailRegion(FRAME, beside), { x: 70, y: 0, step: 1, columns: 10, rows: 20 });
  const all = { left: 0, top: 0, right: 2000, bottom: 2000 };
  assert.equal(detailRegion({ width: 2000, height: 2000 }, all), null);
});
