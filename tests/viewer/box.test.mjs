// Rectangles of pixels.

import assert from "node:assert/strict";
import test from "node:test";

import { boxAround, boxSize, readBox } from "../../assets/viewer/box.js";

const FRAME = { width: 80, height: 60 };
const BOX = { left: 3, top: 4, right: 8, bottom: 5 };

test("a rectangle holds both pixels, in whichever order they come", () => {
  assert.deepEqual(boxAround({ x: 3, y: 4 }, { x: 7, y: 4 }), BOX);
  assert.deepEqual(boxAround({ x: 7, y: 4 }, { x: 3, y: 4 }), BOX);
  assert.equal(boxSize(BOX), "5×1 px");
});

test("an address is read only where it is a rectangle of the frame", () => {
  assert.deepEqual(readBox("3,4,8,5", FRAME), BOX);
  assert.deepEqual(readBox("0,0,80,60", FRAME), { left: 0, top: 0, right: 80, bottom: 60 });
  for (const text of [null, "", "3,4,8", "3,4,3,5", "3,5,8,5", "-1,0,8,5", "0,0,81,60", "a,b,c,d", "0.5,0,8,5"]) {
    assert.equal(readBox(text, FRAME), null);
  }
});
