// Mouse, pen and touch on a canvas: hover reads, drag pans, pinch and wheel zoom, click pins.

import { panBy, pin, pointAt, setWipe, zoomBy } from "./actions.js";
import { pixelAt } from "./view.js";

const CLICK_SLACK = 4;
const GRAB_RANGE = 16;
const WHEEL_SPEED = 0.0015;

export function followPointer(viewer, canvas) {
  const fingers = new Map();
  let gesture = null; // {kind: "pan" | "wipe" | "pinch", start, hasMoved}

  const pointOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const pixelOf = (point) => pixelAt(viewer.state.view, viewer.model, viewer.paneSize, point);

  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return;
    const point = pointOf(event);
    canvas.setPointerCapture(event.pointerId);
    viewer.stage.focus({ preventScroll: true });
    fingers.set(event.pointerId, point);
    if (fingers.size === 2) gesture = { kind: "pinch", hasMoved: true };
    else gesture = { kind: grabsDivider(viewer, point) ? "wipe" : "pan", start: point, hasMoved: false };
    pointAt(viewer, pixelOf(point));
  };

  canvas.onpointermove = (event) => {
    const point = pointOf(event);
    const previous = fingers.get(event.pointerId);
    if (previous && gesture) {
      gesture.hasMoved ||= distance(point, gesture.start) > CLICK_SLACK;
      if (gesture.kind === "pinch") pinch(viewer, [...fingers.values()], previous, point);
      else if (gesture.kind === "wipe") setWipe(viewer, point.x / viewer.paneSize.width);
      else if (gesture.hasMoved) panBy(viewer, point.x - previous.x, point.y - previous.y);
      fingers.set(event.pointerId, point);
    }
    canvas.style.cursor = grabsDivider(viewer, point) ? "ew-resize" : "";
    pointAt(viewer, pixelOf(point));
  };

  canvas.onpointerup = canvas.onpointercancel = (event) => {
    fingers.delete(event.pointerId);
    const isClick = event.type === "pointerup" && gesture?.kind === "pan" && !gesture.hasMoved;
    if (isClick) pin(viewer, pixelOf(pointOf(event)));
    if (fingers.size === 0) gesture = null;
  };

  canvas.onpointerleave = () => pointAt(viewer, null);
  canvas.ondblclick = (event) => zoomBy(viewer, 2, pointOf(event));

  // The wheel scrolls the page until the viewer has the focus; a trackpad's pinch always zooms.
  canvas.onwheel = (event) => {
    if (!event.ctrlKey && !viewer.root.matches(":focus-within")) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const speed = event.ctrlKey ? 6 * WHEEL_SPEED : WHEEL_SPEED;
    zoomBy(viewer, Math.exp(-event.deltaY * lines * speed), pointOf(event));
  };
}

function grabsDivider({ state, paneSize }, point) {
  return state.mode === "wipe" && Math.abs(point.x - state.wipe * paneSize.width) < GRAB_RANGE;
}

// One finger moved from `previous` to `point`; the other one stayed.
function pinch(viewer, fingers, previous, point) {
  const still = fingers.find((finger) => finger !== previous);
  if (!still) return;
  const middle = { x: (still.x + point.x) / 2, y: (still.y + point.y) / 2 };
  panBy(viewer, (point.x - previous.x) / 2, (point.y - previous.y) / 2);
  zoomBy(viewer, distance(still, point) / Math.max(1, distance(still, previous)), middle);
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
