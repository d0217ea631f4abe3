// How much room the panes have, and how much of a frame is painted.

import assert from "node:assert/strict";
import test from "node:test";

import { detailRegion, wholeRegion } from "../../assets/viewer/paint.js";
import { bestGrid } from "../../assets/viewer/stage.js";

const FRAME = { width: 80, height: 60 };

test("panes stand where their pictures are largest with all in sight", () => {
  assert.deepEqual(bestGrid(1, FRAME, 600, 600), { columns: 1, size: { width: 600, height: 450 } });
  assert.deepEqual(bestGrid(6, FRAME, 1264, 628), { columns: 3, size: { width: 416, height: 278 } });
  assert.deepEqual(bestGrid(1, { width: 60, height: 80 }, 1000, 500).size, { width: 1000, height: 500 });
});

test("the last row has no hole, but where pictures would be small for it", () => {
  const columns = [1, 2, 3, 4, 5, 6, 7, 8].map((count) => bestGrid(count, FRAME, 1112, 630).columns);
  assert.deepEqual(columns, [1, 2, 3, 4, 3, 3, 4, 4]);
  assert.equal(bestGrid(4, { width: 1024, height: 436 }, 1112, 630).columns, 2);
});

test("no pane is narrower than can be read, higher than the window, or too flat to hit", () => {
  assert.equal(bestGrid(9, FRAME, 900, 100).columns, 3);
  assert.equal(bestGrid(9, FRAME, 904, 100).columns, 4);
  assert.deepEqual(bestGrid(6, FRAME, 368, 1260), { columns: 1, size: { width: 368, height: 276 } });
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
