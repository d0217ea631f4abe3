// A disk on the frames that is dragged.

import assert from "node:assert/strict";
import test from "node:test";

import { diskMiddle, dropDisk, grabsDisk, holdDisk, returnDisk } from "../../assets/viewer/disk.js";
import { followPointer } from "../../assets/viewer/pointer.js";
import { fitView } from "../../assets/viewer/view.js";

const FRAME = { width: 80, height: 60 };

// 4 px of the screen per px of the frame, 30 px free above and below.
const viewerWith = (disk) => {
  const picked = [];
  const state = { view: fitView(FRAME), heldDisk: null, cursor: null, corner: null };
  const nothing = () => {};
  return {
    picked, state, model: { ...FRAME, disk }, paneSize: { width: 320, height: 300 }, clip: null,
    onPick: (pixel) => picked.push(pixel), redraw: nothing, refresh: nothing, announce: nothing,
  };
};
const DISK = { x: 20.5, y: 30.5, radius: 5, frame: "first" };

test("it is grabbed inside, wherever it is", () => {
  const viewer = viewerWith(DISK);
  assert.ok(grabsDisk(viewer, { x: 82, y: 152 }));
  assert.ok(grabsDisk(viewer, { x: 102, y: 152 }));
  assert.ok(!grabsDisk(viewer, { x: 103, y: 152 }));
  holdDisk(viewer, DISK, 40, 0);
  assert.ok(grabsDisk(viewer, { x: 142, y: 152 }));
  assert.ok(!grabsDisk(viewer, { x: 82, y: 152 }));
});

test("the pixel that its middle is let go on is picked", () => {
  const viewer = viewerWith(DISK);
  holdDisk(viewer, DISK, 42, -40);
  assert.deepEqual(diskMiddle(viewer), { x: 31, y: 20.5 });
  dropDisk(viewer);
  assert.deepEqual(viewer.picked, [{ x: 31, y: 20 }]);
  assert.deepEqual(diskMiddle(viewer), { x: 31, y: 20.5 });
});

test("its middle stays on the frame", () => {
  const viewer = viewerWith(DISK);
  holdDisk(viewer, DISK, 9999, -9999);
  dropDisk(viewer);
  assert.deepEqual(viewer.picked, [{ x: 79, y: 0 }]);
});

test("a drag that is given up moves and picks nothing", () => {
  const viewer = viewerWith(DISK);
  holdDisk(viewer, DISK, 40, 40);
  returnDisk(viewer);
  assert.equal(diskMiddle(viewer), DISK);
  assert.deepEqual(viewer.picked, []);
});

test("a payload that puts it back before it is let go does not lose the drag", () => {
  const viewer = Object.assign(viewerWith(DISK), { stage: { focus() {} } });
  const canvas = {
    style: {}, addEventListener() {}, setPointerCapture() {}, getBoundingClientRect: () => ({ left: 0, top: 0 }),
  };
  followPointer(viewer, canvas);
  const event = (clientX, clientY) => ({ type: "pointerup", pointerId: 1, button: 0, clientX, clientY });
  canvas.onpointerdown(event(82, 152));
  canvas.onpointermove(event(122, 152));
  viewer.state.heldDisk = null;
  canvas.onpointerup(event(126, 152));
  assert.deepEqual(viewer.picked, [{ x: 31, y: 30 }]);
});

test("where there is none, none is grabbed", () => {
  const viewer = viewerWith(undefined);
  assert.equal(diskMiddle(viewer), null);
  assert.ok(!grabsDisk(viewer, { x: 82, y: 152 }));
});
