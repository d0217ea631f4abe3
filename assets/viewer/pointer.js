// Mouse, pen and touch on a canvas: hover reads, drag pans, pinch and wheel zoom, click pins.

import { panBy, pin, pointAt, setWipe, zoomBy } from "./actions.js";
import { pixelAt } from "./view.js";

const CLICK_SLACK = 4;
const GRAB_RANGE = 16;
const WHEEL_SPEED = 0.0015;

export function followPointer(viewer, canvas) {
  const fingers = new Map(); // in the window: a new payload may move the canvas under them
  let gesture = null; // {kind: "pan" | "wipe" | "pinch", start, pixel, hasMoved}

  const placeOf = (event) => ({ x: event.clientX, y: event.clientY });
  const onCanvas = ({ x, y }) => {
    const box = canvas.getBoundingClientRect();
    return { x: x - box.left, y: y - box.top };
  };
  const pointOf = (event) => onCanvas(placeOf(event));
  const pixelOf = (point) => pixelAt(viewer.state.view, viewer.model, viewer.paneSize, point);

  // One finger moved from `previous` to `place`; the other one stayed.
  const pinch = (places, previous, place) => {
    const still = places.find((other) => other !== previous);
    if (!still) return;
    const middle = { x: (still.x + place.x) / 2, y: (still.y + place.y) / 2 };
    panBy(viewer, (place.x - previous.x) / 2, (place.y - previous.y) / 2);
    zoomBy(viewer, distance(still, place) / Math.max(1, distance(still, previous)), onCanvas(middle));
  };

  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return;
    const point = pointOf(event);
    canvas.setPointerCapture(event.pointerId);
    viewer.stage.focus({ preventScroll: true });
    const start = placeOf(event);
    const pixel = pixelOf(point);
    fingers.set(event.pointerId, start);
    if (fingers.size === 2) gesture = { kind: "pinch", hasMoved: true };
    else gesture = { kind: grabsDivider(viewer, point) ? "wipe" : "pan", start, pixel, hasMoved: false };
    pointAt(viewer, pixel);
  };

  canvas.onpointermove = (event) => {
    const point = pointOf(event);
    const previous = fingers.get(event.pointerId);
    if (previous && gesture) {
      const place = placeOf(event);
      gesture.hasMoved ||= distance(place, gesture.start) > CLICK_SLACK;
      if (gesture.kind === "pinch") pinch([...fingers.values()], previous, place);
      else if (gesture.kind === "wipe") setWipe(viewer, point.x / viewer.paneSize.width);
      else if (gesture.hasMoved) panBy(viewer, place.x - previous.x, place.y - previous.y);
      fingers.set(event.pointerId, place);
    }
    canvas.style.cursor = grabsDivider(viewer, point) ? "ew-resize" : "";
    pointAt(viewer, pixelOf(point));
  };

  canvas.onpointerup = canvas.onpointercancel = (event) => {
    fingers.delete(event.pointerId);
    const isClick = event.type === "pointerup" && gesture?.kind === "pan" && !gesture.hasMoved;
    if (isClick) pin(viewer, gesture.pixel);
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

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
