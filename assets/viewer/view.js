// Where one looks: `view` is {zoom, x, y}, the frame's point in the middle of every pane and the
// magnification over "the whole frame fits". `pane` and `frame` are {width, height}.

const MAX_PIXEL_SIZE = 64;

/** @type {(frame: Size) => View} */
export function fitView(frame) {
  return { zoom: 1, x: frame.width / 2, y: frame.height / 2 };
}

/** @type {(frame: Size, pane: Size) => number} */
function fitScale(frame, pane) {
  return Math.min(pane.width / frame.width, pane.height / frame.height);
}

// Screen px per frame px.
/** @type {(view: { zoom: number }, frame: Size, pane: Size) => number} */
export function viewScale(view, frame, pane) {
  return view.zoom * fitScale(frame, pane);
}

/** @type {(view: View, frame: Size, pane: Size, point: Point) => Point} */
export function toFrame(view, frame, pane, point) {
  const scale = viewScale(view, frame, pane);
  return { x: view.x + (point.x - pane.width / 2) / scale, y: view.y + (point.y - pane.height / 2) / scale };
}

/** @type {(view: View, frame: Size, pane: Size, point: Point) => Point} */
export function toScreen(view, frame, pane, point) {
  const scale = viewScale(view, frame, pane);
  return { x: (point.x - view.x) * scale + pane.width / 2, y: (point.y - view.y) * scale + pane.height / 2 };
}

// The pixel under a point of the screen, or null outside the frame.
/** @type {(view: View, frame: Size, pane: Size, point: Point) => Point | null} */
export function pixelAt(view, frame, pane, point) {
  const at = toFrame(view, frame, pane, point);
  const pixel = { x: Math.floor(at.x), y: Math.floor(at.y) };
  return pixel.x >= 0 && pixel.y >= 0 && pixel.x < frame.width && pixel.y < frame.height ? pixel : null;
}

/** @type {(view: View, frame: Size, pane: Size) => Rect} */
export function visibleRect(view, frame, pane) {
  const topLeft = toFrame(view, frame, pane, { x: 0, y: 0 });
  const bottomRight = toFrame(view, frame, pane, { x: pane.width, y: pane.height });
  return { left: topLeft.x, top: topLeft.y, right: bottomRight.x, bottom: bottomRight.y };
}

// The nearest view that wastes no room: the frame fills the pane, or is in its middle.
/** @type {(view: View, frame: Size, pane: Size) => View} */
export function clampView(view, frame, pane) {
  const maxZoom = Math.max(1, MAX_PIXEL_SIZE / fitScale(frame, pane));
  const zoom = Math.min(maxZoom, Math.max(1, view.zoom));
  const scale = viewScale({ zoom }, frame, pane);
  /** @type {(center: number, length: number, room: number) => number} */
  const clamp = (center, length, room) => {
    const half = Math.min(length, room / scale) / 2;
    return Math.min(length - half, Math.max(half, center));
  };
  return { zoom, x: clamp(view.x, frame.width, pane.width), y: clamp(view.y, frame.height, pane.height) };
}

// Magnified by `factor`; the frame's point under `point` stays there.
/** @type {(view: View, frame: Size, pane: Size, factor: number, point: Point) => View} */
export function zoomView(view, frame, pane, factor, point) {
  const fixed = toFrame(view, frame, pane, point);
  const { zoom } = clampView({ ...view, zoom: view.zoom * factor }, frame, pane);
  const moved = toFrame({ ...view, zoom }, frame, pane, point);
  return clampView({ zoom, x: view.x + fixed.x - moved.x, y: view.y + fixed.y - moved.y }, frame, pane);
}

// Moved along with a drag of (dx, dy) px on the screen.
/** @type {(view: View, frame: Size, pane: Size, dx: number, dy: number) => View} */
export function panView(view, frame, pane, dx, dy) {
  const scale = viewScale(view, frame, pane);
  return clampView({ ...view, x: view.x - dx / scale, y: view.y - dy / scale }, frame, pane);
}

// Moved as little as brings a pixel into sight.
/** @type {(view: View, frame: Size, pane: Size, pixel: Point) => View} */
export function revealPixel(view, frame, pane, pixel) {
  const { left, top, right, bottom } = visibleRect(view, frame, pane);
  /** @type {(low: number, high: number, position: number) => number} */
  const shift = (low, high, position) => Math.min(0, position - low) + Math.max(0, position + 1 - high);
  return clampView(
    { ...view, x: view.x + shift(left, right, pixel.x), y: view.y + shift(top, bottom, pixel.y) },
    frame,
    pane,
  );
}
