// The panes of the current mode, as large as the room allows, and their drawing.

import { createPane, shownIn } from "./pane.js";
import { detailRegion } from "./paint.js";
import { paintDetail, wantsDetail } from "./pictures.js";
import { make, setChildren } from "./dom.js";
import { fetchTiles, isAllExact } from "./tiles.js";
import { clampView, viewScale, visibleRect } from "./view.js";

const DETAIL_MS = 120;
const GAP = 8;
const HEAD_HEIGHT = 28;
const MIN_PANE_WIDTH = 220;
const HEIGHT_SHARE = 0.58; // of the window, for all panes together: with the head of Compare above them they are in sight
const SINGLE_SHARE = 0.7; // for a single one
const FULL_ROWS_WORTH = 0.65; // how small pictures may become for them, of what they could be
const MAX_PIXEL_RATIO = 2;

/** @type {(viewer: Viewer) => Stage} */
export function createStage(viewer) {
  const element = make("div", {
    className: "stage", tabIndex: 0, role: "application", "aria-label": "Flow viewer; press ? for the keys",
  });
  /** @type {WeakMap<Chosen, Pane>} */
  const made = new WeakMap(); // by what was chosen: through new payloads a pane stays the one it is
  /** @type {Pane | null} */
  let single = null; // of all modes but the grid
  /** @type {Pane[]} */
  let panes = [];
  let timer = 0;

  /** @type {(chosen: Chosen) => Pane} */
  const paneOf = (chosen) => {
    const pane = made.get(chosen) ?? createPane(viewer);
    made.set(chosen, pane);
    return pane;
  };
  const update = () => {
    const { mode, panes: chosen } = viewer.state;
    const slots = slotsOf(viewer.state);
    panes = mode === "grid" ? chosen.map(paneOf) : [single ??= createPane(viewer)];
    setChildren(element, panes.map((pane) => pane.element));
    arrange(viewer, element, panes);
    panes.forEach((pane, i) => pane.update(slots[i]));
  };
  const draw = () => {
    // At rest a finger scrolls the page past the panes; once zoomed in it moves the view.
    element.classList.toggle("zoomed", viewer.state.view.zoom > 1 || viewer.state.isBoxing);
    for (const pane of panes) pane.draw();
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!viewer.isShowing) return;
      const slots = slotsOf(viewer.state).flat();
      fetchTiles(viewer.model, lookedAt(viewer, slots), viewer.redraw);
      if (viewer.model.tiles?.numComing) return; // each draws again when it is there
      if (refine(viewer, slots)) viewer.redraw();
      else viewer.settle();
    }, DETAIL_MS);
  };
  return { element, update, draw };
}

// Which of the chosen panes stand where: one list of indices per pane on the screen.
/** @type {(state: State) => number[][]} */
function slotsOf({ mode, panes, active, other }) {
  if (mode === "grid") return panes.map((_, index) => [index]);
  return mode === "wipe" ? [[active, other]] : [[active]];
}

/** @type {(viewer: Viewer, element: HTMLElement, panes: Pane[]) => void} */
function arrange(viewer, element, panes) {
  const width = viewer.width || element.clientWidth;
  if (!width) return;
  const share = panes.length > 1 ? HEIGHT_SHARE : SINGLE_SHARE;
  const maxHeight = Math.max(240, share * innerHeight);
  const { columns, size } = bestGrid(panes.length, viewer.model, width, maxHeight);
  element.style.setProperty("--columns", String(columns));
  viewer.paneSize = size;
  viewer.pixelRatio = Math.min(MAX_PIXEL_RATIO, devicePixelRatio);
  viewer.state.view = clampView(viewer.state.view, viewer.model, size);
  for (const pane of panes) pane.resize(size, viewer.pixelRatio);
}

// All panes in sight in the fewest rows without a hole, unless pictures could be much larger in more
// rows or with a shorter last row, which stands in the middle. Where there is room for one column, or they became too small to be read, one
// scrolls past as many columns as stay readable.
/** @type {(count: number, frame: Size, width: number, maxHeight: number) => { columns: number, size: Size }} */
export function bestGrid(count, frame, width, maxHeight) {
  const maxColumns = Math.max(1, Math.min(count, Math.floor((width + GAP) / (MIN_PANE_WIDTH + GAP))));
  const grids = Array.from({ length: maxColumns }, (_, index) => {
    const columns = index + 1;
    const size = paneSize(columns, frame, width, maxHeight / Math.ceil(count / columns) - HEAD_HEIGHT - GAP);
    return { columns, size, scale: Math.min(size.width / frame.width, size.height / frame.height) };
  });
  const largest = grids.reduce((best, grid) => (grid.scale > best.scale ? grid : best));
  if (maxColumns === 1 || largest.scale * frame.width < MIN_PANE_WIDTH) {
    return { columns: maxColumns, size: paneSize(maxColumns, frame, width, maxHeight) };
  }
  const full = grids.filter(({ columns, scale }) => count % columns === 0 && scale >= FULL_ROWS_WORTH * largest.scale);
  const { columns, size } = full.at(-1) ?? largest;
  return { columns, size };
}

/** @type {(columns: number, frame: Size, width: number, maxHeight: number) => Size} */
function paneSize(columns, frame, width, maxHeight) {
  const column = (width - (columns - 1) * GAP) / columns;
  return { width: column, height: Math.max(24, Math.min((column * frame.height) / frame.width, maxHeight)) };
}

// Where exact flows are wanted: at the crosshair, in the rectangle, and in sight of a person who has
// zoomed in, as far as a screen could show them all.
/** @type {(viewer: Viewer, indices: number[]) => Rect[]} */
function lookedAt(viewer, indices) {
  const { state, model, paneSize } = viewer;
  const pixel = state.cursor ?? state.pin;
  const rects = pixel ? [{ left: pixel.x, top: pixel.y, right: pixel.x + 1, bottom: pixel.y + 1 }] : [];
  if (state.box) rects.push(state.box);
  if (coarsePanes(viewer, indices).length) rects.push(visibleRect(state.view, model, paneSize));
  return rects.filter((rect) => detailRegion(model, rect));
}

// The panes in whose whole-frame picture pixels are missing that the screen could show.
/** @type {(viewer: Viewer, indices: number[]) => Shown[]} */
function coarsePanes(viewer, indices) {
  const { state, model, paneSize, pixelRatio, pictures } = viewer;
  const scale = viewScale(state.view, model, paneSize) * pixelRatio;
  return indices.map((index) => shownIn(viewer, index)).filter(({ layer }) => wantsDetail(pictures, layer, scale));
}

// After the view has come to rest: what is in sight, where the whole-frame picture is too coarse.
// True where something was painted.
/** @type {(viewer: Viewer, indices: number[]) => boolean} */
function refine(viewer, indices) {
  const { state, model, paneSize, pictures } = viewer;
  const rect = visibleRect(state.view, model, paneSize);
  const key = JSON.stringify([rect, state.scale, indices.map((index) => state.panes[index])]);
  if (pictures.refinedFor === key || !isAllExact(model, rect)) return false;
  pictures.refinedFor = key;
  const coarse = coarsePanes(viewer, indices);
  for (const { source, layer } of coarse) paintDetail(pictures, source, layer, state.scale, rect);
  return coarse.length > 0;
}
