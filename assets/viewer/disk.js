// A disk that lies on the frames, such as a patch, and can be dragged to another place.

import { pin } from "./actions.js";
import { toFrame, viewScale } from "./view.js";

// Where it lies, or is held; null where there is none.
/** @type {(viewer: Viewer) => Point | null} */
export function diskMiddle({ state, model }) {
  return state.heldDisk ?? model.disk ?? null;
}

/** @type {(viewer: Viewer, point: Point) => boolean} */
export function grabsDisk(viewer, point) {
  const { state, model, paneSize } = viewer;
  const middle = diskMiddle(viewer);
  if (!middle || !model.disk) return false;
  const at = toFrame(state.view, model, paneSize, point);
  return Math.hypot(at.x - middle.x, at.y - middle.y) <= model.disk.radius;
}

// To (dx, dy) px of the screen from where it was; its middle stays on the frame.
/** @type {(viewer: Viewer, from: Point, dx: number, dy: number) => void} */
export function holdDisk(viewer, from, dx, dy) {
  const { state, model, paneSize } = viewer;
  const scale = viewScale(state.view, model, paneSize);
  /** @type {(value: number, length: number) => number} */
  const clamp = (value, length) => Math.min(length - 0.5, Math.max(0.5, value));
  state.heldDisk = { x: clamp(from.x + dx / scale, model.width), y: clamp(from.y + dy / scale, model.height) };
  viewer.redraw();
}

// It is shown where it was let go until the page sends the frames with it there.
/** @type {(viewer: Viewer) => void} */
export function dropDisk(viewer) {
  const middle = viewer.state.heldDisk;
  if (middle) pin(viewer, { x: Math.floor(middle.x), y: Math.floor(middle.y) });
}

/** @type {(viewer: Viewer) => void} */
export function returnDisk(viewer) {
  viewer.state.heldDisk = null;
  viewer.redraw();
}
