// Mouse, pen and touch on a canvas: hover reads, drag pans, with Shift makes a rectangle, and moves a
// disk that it begins on; pinch and wheel zoom, click pins.

import { cancelBox, endBox, panBy, pin, pointAt, setWipe, startBox, stretchBox, zoomBy } from "./actions.js";
import { diskMiddle, dropDisk, grabsDisk, holdDisk, returnDisk } from "./disk.js";
import { pixelAt, toFrame } from "./view.js";

const CLICK_SLACK = 4;
const GRAB_RANGE = 16;
const WHEEL_SPEED = 0.0015;
/** @type {Gesture["kind"][]} */
const CLICKS = ["pan", "disk"];

/** @type {(viewer: Viewer, canvas: HTMLCanvasElement) => void} */
export function followPointer(viewer, canvas) {
  /** @type {Map<number, Point>} */
  const fingers = new Map(); // in the window: a new payload may move the canvas under them
  /** @type {Gesture | null} */
  let gesture = null;

  /** @type {(event: MouseEvent) => Point} */
  const placeOf = (event) => ({ x: event.clientX, y: event.clientY });
  /** @type {(place: Point) => Point} */
  const onCanvas = ({ x, y }) => {
    const box = canvas.getBoundingClientRect();
    return { x: x - box.left, y: y - box.top };
  };
  /** @type {(event: MouseEvent) => Point} */
  const pointOf = (event) => onCanvas(placeOf(event));
  /** @type {(point: Point) => Point | null} */
  const pixelOf = (point) => pixelAt(viewer.state.view, viewer.model, viewer.paneSize, point);

  // One finger moved from `previous` to `place`; the other one stayed.
  /** @type {(places: Point[], previous: Point, place: Point) => void} */
  const pinch = (places, previous, place) => {
    const still = places.find((other) => other !== previous);
    if (!still) return;
    const middle = { x: (still.x + place.x) / 2, y: (still.y + place.y) / 2 };
    panBy(viewer, (place.x - previous.x) / 2, (place.y - previous.y) / 2);
    zoomBy(viewer, distance(still, place) / Math.max(1, distance(still, previous)), onCanvas(middle));
  };

  /** @type {(gesture: Gesture, point: Point) => void} */
  const drag = ({ hasMoved, pixel }, point) => {
    if (!hasMoved || !pixel) return;
    startBox(viewer, pixel);
    stretchBox(viewer, toFrame(viewer.state.view, viewer.model, viewer.paneSize, point));
  };

  /** @type {(gesture: Gesture, place: Point) => void} */
  const push = ({ hasMoved, disk, start }, place) => {
    if (hasMoved && disk) holdDisk(viewer, disk, place.x - start.x, place.y - start.y);
  };

  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return;
    const point = pointOf(event);
    canvas.setPointerCapture(event.pointerId);
    viewer.stage.focus({ preventScroll: true });
    const start = placeOf(event);
    const pixel = pixelOf(point);
    fingers.set(event.pointerId, start);
    if (gesture?.kind === "box") cancelBox(viewer);
    if (gesture?.kind === "disk") returnDisk(viewer);
    const kind = kindOf(viewer, fingers.size, point, pixel, event.shiftKey);
    gesture = { kind, start, pixel, disk: diskMiddle(viewer), hasMoved: kind === "pinch" };
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
      else if (gesture.kind === "box") drag(gesture, point);
      else if (gesture.kind === "disk") push(gesture, place);
      else if (gesture.hasMoved) panBy(viewer, place.x - previous.x, place.y - previous.y);
      fingers.set(event.pointerId, place);
    }
    canvas.style.cursor = cursorOf(viewer, point);
    pointAt(viewer, pixelOf(point));
  };

  canvas.onpointerup = canvas.onpointercancel = (event) => {
    fingers.delete(event.pointerId);
    const pressed = gesture;
    const isUp = event.type === "pointerup";
    if (pressed?.kind === "box" && pressed.hasMoved) (isUp ? endBox : cancelBox)(viewer);
    else if (pressed?.kind === "disk" && pressed.hasMoved) {
      push(pressed, placeOf(event)); // a new payload may have put it back since the last move
      (isUp ? dropDisk : returnDisk)(viewer);
    } else if (isUp && pressed && CLICKS.includes(pressed.kind) && !pressed.hasMoved) pin(viewer, pressed.pixel);
    if (fingers.size === 0) gesture = null;
  };

  // A finger on the disk moves it, in place of the page.
  canvas.addEventListener("touchstart", (event) => {
    const [finger] = event.touches;
    if (grabsDisk(viewer, onCanvas({ x: finger.clientX, y: finger.clientY }))) event.preventDefault();
  }, { passive: false });
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

/** @type {(viewer: Viewer, numFingers: number, point: Point, pixel: Point | null, isShifted: boolean) => Gesture["kind"]} */
function kindOf(viewer, numFingers, point, pixel, isShifted) {
  if (numFingers === 2) return "pinch";
  if (grabsDivider(viewer, point)) return "wipe";
  if (!isShifted && !viewer.state.isBoxing && grabsDisk(viewer, point)) return "disk";
  return pixel && (isShifted || viewer.state.isBoxing) ? "box" : "pan";
}

/** @type {(viewer: Viewer, point: Point) => string} */
function cursorOf(viewer, point) {
  if (grabsDivider(viewer, point)) return "ew-resize";
  return grabsDisk(viewer, point) ? "grab" : "";
}

/** @type {(viewer: Viewer, point: Point) => boolean} */
function grabsDivider({ state, paneSize }, point) {
  return state.mode === "wipe" && Math.abs(point.x - state.wipe * paneSize.width) < GRAB_RANGE;
}

/** @type {(a: Point, b: Point) => number} */
function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
