// What a person can do, as functions of the viewer; buttons, menus, keys and pointers all call these.

import { boxAround } from "./box.js";
import { sharedLayers, sourceOf } from "./layers.js";
import { layerOfAll } from "./look.js";
import { fitView, panView, revealPixel, toScreen, zoomView } from "./view.js";

const SCALE_STEP = 1.25;
/** @type {[Mode, string][]} */
export const MODES = [["grid", "Grid"], ["wipe", "Wipe"], ["blink", "Blink"], ["single", "Single"]];

/** @type {(viewer: Viewer, mode: Mode) => void} */
export function setMode(viewer, mode) {
  const { state } = viewer;
  state.mode = mode;
  state.isBlinking = blinks(mode);
  viewer.refresh();
}

/** @type {(mode: Mode) => boolean} */
export function blinks(mode) {
  return mode === "blink" && !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** @type {(viewer: Viewer) => void} */
export function toggleBlinking(viewer) {
  viewer.state.isBlinking = viewer.state.mode === "blink" && !viewer.state.isBlinking;
  viewer.refresh();
}

// `side` is "active", or "other" for the right-hand side of a wipe.
/** @type {(viewer: Viewer, index: number, side?: Side) => void} */
export function showPane(viewer, index, side = "active") {
  const { state } = viewer;
  const count = state.panes.length;
  state[side] = ((index % count) + count) % count;
  viewer.refresh();
}

/** @type {(viewer: Viewer, by: number, side?: Side) => void} */
export function stepPane(viewer, by, side = "active") {
  showPane(viewer, viewer.state[side] + by, side);
}

/** @type {(viewer: Viewer) => void} */
export function swapSides(viewer) {
  const { state } = viewer;
  [state.active, state.other] = [state.other, state.active];
  viewer.refresh();
}

/** @type {(viewer: Viewer, index: number, key: string) => void} */
export function setSource(viewer, index, key) {
  const { state, model } = viewer;
  const source = sourceOf(model.sources, key);
  const pane = state.panes[index];
  pane.source = key;
  if (!source.layers.includes(pane.layer)) pane.layer = source.layers[0];
  viewer.refresh();
}

/** @type {(viewer: Viewer, index: number, layer: string) => void} */
export function setLayer(viewer, index, layer) {
  viewer.state.panes[index].layer = layer;
  viewer.refresh();
}

// Panes that do not have the layer keep theirs.
/** @type {(viewer: Viewer, layer: string) => void} */
export function setLayerOfAll(viewer, layer) {
  const { state, model } = viewer;
  for (const pane of state.panes) {
    if (sourceOf(model.sources, pane.source).layers.includes(layer)) pane.layer = layer;
  }
  viewer.refresh();
}

/** @type {(viewer: Viewer, by: number) => void} */
export function stepLayerOfAll(viewer, by) {
  const { state, model } = viewer;
  const layers = sharedLayers(model);
  const index = layers.indexOf(layerOfAll(state.panes, model) ?? "flow") + by;
  setLayerOfAll(viewer, layers[(index + layers.length) % layers.length]);
}

// Adds the first source that is not shown yet, else another copy of the last pane.
/** @type {(viewer: Viewer) => void} */
export function addPane(viewer) {
  const { state, model } = viewer;
  const shown = new Set(state.panes.map(({ source }) => source));
  const source = model.sources.find(({ key }) => !shown.has(key));
  state.panes.push(source ? { source: source.key, layer: source.layers[0] } : { ...state.panes[state.panes.length - 1] });
  viewer.refresh();
}

/** @type {(viewer: Viewer, index: number) => void} */
export function removePane(viewer, index) {
  const { state } = viewer;
  if (state.panes.length === 1) return;
  state.panes.splice(index, 1);
  state.active = Math.min(state.active, state.panes.length - 1);
  state.other = Math.min(state.other, state.panes.length - 1);
  viewer.refresh();
}

/** @type {(viewer: Viewer, name: keyof Scale, value: number) => void} */
export function setScale(viewer, name, value) {
  const isUsable = Number.isFinite(value) && (name === "noiseFloor" ? value >= 0 : value > 0);
  if (isUsable) viewer.state.scale[name] = value;
  viewer.refresh();
  if (isUsable && name === "maxMagnitude") viewer.tellScale();
}

/** @type {(viewer: Viewer, by: number) => void} */
export function stepScale(viewer, by) {
  const { scale } = viewer.state;
  setScale(viewer, "maxMagnitude", Number((scale.maxMagnitude * SCALE_STEP ** by).toPrecision(3)));
}

/** @type {(viewer: Viewer, share: number) => void} */
export function setWipe(viewer, share) {
  viewer.state.wipe = Math.min(1, Math.max(0, share));
  viewer.refresh();
}

/** @type {(viewer: Viewer, factor: number, point?: Point) => void} */
export function zoomBy(viewer, factor, point = middleOf(viewer)) {
  const { state, model, paneSize } = viewer;
  state.view = zoomView(state.view, model, paneSize, factor, point);
  viewer.refresh();
}

// Where the keyboard zooms: at the crosshair, else in the middle.
/** @type {(viewer: Viewer) => Point} */
function middleOf({ state, model, paneSize }) {
  if (!state.cursor) return { x: paneSize.width / 2, y: paneSize.height / 2 };
  return toScreen(state.view, model, paneSize, { x: state.cursor.x + 0.5, y: state.cursor.y + 0.5 });
}

/** @type {(viewer: Viewer, dx: number, dy: number) => void} */
export function panBy(viewer, dx, dy) {
  const { state, model, paneSize } = viewer;
  state.view = panView(state.view, model, paneSize, dx, dy);
  viewer.redraw();
}

/** @type {(viewer: Viewer) => void} */
export function fit(viewer) {
  viewer.state.view = fitView(viewer.model);
  viewer.refresh();
}

/** @type {(viewer: Viewer) => void} */
export function centerOnCursor(viewer) {
  const { state, model, paneSize } = viewer;
  const pixel = state.cursor ?? state.pin;
  if (!pixel) return;
  state.view = panView({ ...state.view, x: pixel.x + 0.5, y: pixel.y + 0.5 }, model, paneSize, 0, 0);
  viewer.redraw();
}

/** @type {(viewer: Viewer, pixel: Point | null) => void} */
export function pointAt(viewer, pixel) {
  viewer.state.cursor = pixel;
  viewer.redraw();
}

// The pin, or the middle of the view, if nothing is pointed at yet.
/** @type {(state: State) => Point} */
function pointedAt({ cursor, pin, view }) {
  return cursor ?? pin ?? { x: Math.floor(view.x), y: Math.floor(view.y) };
}

/** @type {(point: Point, frame: Size) => Point} */
function clampPixel({ x, y }, { width, height }) {
  return { x: Math.min(width - 1, Math.max(0, x)), y: Math.min(height - 1, Math.max(0, y)) };
}

/** @type {(viewer: Viewer, dx: number, dy: number) => void} */
export function moveCursor(viewer, dx, dy) {
  const { state, model, paneSize } = viewer;
  const from = pointedAt(state);
  state.cursor = clampPixel({ x: from.x + dx, y: from.y + dy }, model);
  if (state.corner) state.box = boxAround(state.corner, state.cursor);
  state.view = revealPixel(state.view, model, paneSize, state.cursor);
  viewer.redraw();
  viewer.announce();
}

/** @type {(viewer: Viewer, pixel?: Point | null) => void} */
export function pin(viewer, pixel = viewer.state.cursor) {
  if (viewer.state.corner) return endBox(viewer);
  if (!pixel) return;
  viewer.state.pin = pixel;
  if (viewer.clip) viewer.clip.isPlaying = false; // the pixel is one of this pair
  viewer.onPick(pixel);
  viewer.refresh();
  viewer.announce();
}

/** @type {(viewer: Viewer) => void} */
export function unpin(viewer) {
  if (viewer.state.corner || viewer.state.isBoxing) return cancelBox(viewer);
  viewer.state.pin = null;
  viewer.state.cursor = null;
  viewer.redraw();
}

// From the button: the next drag makes a rectangle, or none after all.
/** @type {(viewer: Viewer) => void} */
export function toggleBoxing(viewer) {
  if (viewer.state.isBoxing) return cancelBox(viewer);
  viewer.state.isBoxing = true;
  viewer.refresh();
}

// From the keyboard: begins at the crosshair; once more, and it is finished.
/** @type {(viewer: Viewer) => void} */
export function markCorner(viewer) {
  if (viewer.state.corner) endBox(viewer);
  else {
    startBox(viewer, pointedAt(viewer.state));
    moveCursor(viewer, 0, 0);
  }
}

/** @type {(viewer: Viewer, corner: Point) => void} */
export function startBox(viewer, corner) {
  const { state } = viewer;
  if (!state.corner) state.boxBefore = state.box;
  state.corner = corner;
}

/** @type {(viewer: Viewer, point: Point) => void} */
export function stretchBox(viewer, point) {
  const { state, model } = viewer;
  if (!state.corner) return;
  state.box = boxAround(state.corner, clampPixel({ x: Math.floor(point.x), y: Math.floor(point.y) }, model));
  viewer.redraw();
}

/** @type {(viewer: Viewer) => void} */
export function endBox(viewer) {
  const { state } = viewer;
  state.corner = null;
  state.isBoxing = false;
  viewer.refresh();
  viewer.onBox(state.box);
}

/** @type {(viewer: Viewer) => void} */
export function cancelBox(viewer) {
  const { state } = viewer;
  if (state.corner) state.box = state.boxBefore;
  state.corner = null;
  state.isBoxing = false;
  viewer.refresh();
}

/** @type {(viewer: Viewer) => void} */
export function removeBox(viewer) {
  if (!viewer.state.box) return;
  viewer.state.box = null;
  endBox(viewer);
}

/** @type {(viewer: Viewer) => void} */
export function toggleMarks(viewer) {
  viewer.state.isMarkShown = !viewer.state.isMarkShown;
  viewer.refresh();
}

/** @type {(viewer: Viewer) => void} */
export function toggleFullscreen({ root }) {
  if (document.fullscreenElement) document.exitFullscreen();
  else root.requestFullscreen?.();
}
