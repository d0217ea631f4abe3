// The view: where a pixel of the frame stands on the screen, and the way back.

import assert from "node:assert/strict";
import test from "node:test";

import { clampView, fitView, panView, pixelAt, revealPixel, toFrame, toScreen, viewScale, visibleRect, zoomView } from "../../assets/viewer/view.js";

const FRAME = { width: 80, height: 60 };
const PANE = { width: 320, height: 300 }; // 4 px of the screen per px of the frame, 30 px free above and below
const FITTED = fitView(FRAME);
const CORNERS = [{ x: 0, y: 0 }, { x: 80, y: 60 }, { x: 12.25, y: 47.5 }, { x: -3, y: 99 }];

test("at first the whole frame is in the middle of the pane", () => {
  assert.deepEqual(FITTED, { zoom: 1, x: 40, y: 30 });
  assert.equal(viewScale(FITTED, FRAME, PANE), 4);
  assert.deepEqual(toScreen(FITTED, FRAME, PANE, { x: 0, y: 0 }), { x: 0, y: 30 });
  assert.deepEqual(toScreen(FITTED, FRAME, PANE, { x: 80, y: 60 }), { x: 320, y: 270 });
  assert.deepEqual(visibleRect(FITTED, FRAME, PANE), { left: 0, top: -7.5, right: 80, bottom: 67.5 });
});

test("the shorter side of the pane decides", () => {
  const flat = { width: 320, height: 120 };
  assert.equal(viewScale(FITTED, FRAME, flat), 2);
  assert.deepEqual(toScreen(FITTED, FRAME, flat, { x: 0, y: 0 }), { x: 80, y: 0 });
});

test("toFrame undoes toScreen", () => {
  for (const view of [FITTED, { zoom: 2, x: 30, y: 20 }, { zoom: 16, x: 77.5, y: 1.5 }]) {
    for (const point of CORNERS) {
      assert.deepEqual(toFrame(view, FRAME, PANE, toScreen(view, FRAME, PANE, point)), point);
    }
  }
});

test("a pixel is found on all of its area and on nothing else", () => {
  const view = { zoom: 2, x: 40, y: 30 }; // 8 px per pixel; pixel (40, 30) begins at (160, 150)
  assert.deepEqual(pixelAt(view, FRAME, PANE, { x: 160, y: 150 }), { x: 40, y: 30 });
  assert.deepEqual(pixelAt(view, FRAME, PANE, { x: 167.9, y: 157.9 }), { x: 40, y: 30 });
  assert.deepEqual(pixelAt(view, FRAME, PANE, { x: 168, y: 149.9 }), { x: 41, y: 29 });
});

test("outside the frame there is no pixel", () => {
  assert.deepEqual(pixelAt(FITTED, FRAME, PANE, { x: 0, y: 30 }), { x: 0, y: 0 });
  assert.deepEqual(pixelAt(FITTED, FRAME, PANE, { x: 319.9, y: 269.9 }), { x: 79, y: 59 });
  for (const point of [{ x: -0.1, y: 99 }, { x: 99, y: 29.9 }, { x: 320, y: 99 }, { x: 99, y: 270 }]) {
    assert.equal(pixelAt(FITTED, FRAME, PANE, point), null);
  }
});

test("zooming keeps what is under the point", () => {
  const point = { x: 200, y: 120 };
  const fixed = toFrame(FITTED, FRAME, PANE, point);
  let view = FITTED;
  for (const factor of [2, 1.5, 1.1, 0.7]) {
    view = zoomView(view, FRAME, PANE, factor, point);
    const now = toFrame(view, FRAME, PANE, point);
    assert.ok(Math.hypot(now.x - fixed.x, now.y - fixed.y) < 1e-9);
  }
  assert.equal(view.zoom, 2 * 1.5 * 1.1 * 0.7);
});

test("zoom ends at the whole frame and at pixels of 64 px", () => {
  const point = { x: 10, y: 10 };
  assert.deepEqual(zoomView({ zoom: 2, x: 30, y: 20 }, FRAME, PANE, 0.1, point), FITTED);
  const nearest = zoomView(FITTED, FRAME, PANE, 1000, point);
  assert.equal(viewScale(nearest, FRAME, PANE), 64);
  const tiny = { width: 2, height: 2 }; // fills the pane with pixels larger than that
  assert.equal(zoomView(fitView(tiny), tiny, PANE, 3, point).zoom, 1);
});

test("a view leaves no room unused", () => {
  assert.deepEqual(clampView({ zoom: 2, x: 0, y: 99 }, FRAME, PANE), { zoom: 2, x: 20, y: 41.25 });
  assert.deepEqual(clampView({ zoom: 2, x: 99, y: 0 }, FRAME, PANE), { zoom: 2, x: 60, y: 18.75 });
  assert.deepEqual(clampView({ zoom: 1, x: 0, y: 0 }, FRAME, PANE), FITTED);
  const inside = { zoom: 2, x: 33, y: 27 };
  assert.deepEqual(clampView(inside, FRAME, PANE), inside);
});

test("a drag takes the frame along", () => {
  const view = { zoom: 2, x: 40, y: 30 };
  assert.deepEqual(panView(view, FRAME, PANE, 16, -8), { zoom: 2, x: 38, y: 31 });
  assert.deepEqual(panView(view, FRAME, PANE, 9999, 0), { zoom: 2, x: 20, y: 30 });
});

test("a pixel comes into sight by the shortest way", () => {
  const view = { zoom: 2, x: 40, y: 30 }; // shows x 20..60, y 11.25..48.75
  assert.deepEqual(revealPixel(view, FRAME, PANE, { x: 59, y: 40 }), view);
  assert.deepEqual(revealPixel(view, FRAME, PANE, { x: 60, y: 40 }), { zoom: 2, x: 41, y: 30 });
  assert.deepEqual(revealPixel(view, FRAME, PANE, { x: 18, y: 10 }), { zoom: 2, x: 38, y: 28.75 });
});
