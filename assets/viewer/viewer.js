// The viewer: one state, one model, and the parts that show them.

import { blinks, stepPane } from "./actions.js";
import { readBox } from "./box.js";
import { createClipBar, takeClip } from "./clip.js";
import { decodeModel, readHeader } from "./decode.js";
import { make } from "./dom.js";
import { createHelp, onKey } from "./keyboard.js";
import { buildSources, sourceOf } from "./layers.js";
import { createLegend } from "./legend.js";
import { createPictures } from "./pictures.js";
import { createReadout } from "./readout.js";
import { createStage } from "./stage.js";
import { createTiles } from "./tiles.js";
import { createToolbar } from "./toolbar.js";
import { readLook, writeLook } from "./look.js";
import { fitView } from "./view.js";

const BLINK_MS = 700;
const SPEECH_MS = 300;
const TELL_MS = 500; // a slider on its way is not told of
const SCROLLING = [" ", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];
const TRUTH_COLOR = "#7f7f7f";

/** @type {(root: HTMLElement) => Viewer} */
export function createViewer(root) {
  /** @type {Partial<Viewer>} */
  const blank = { root, paneSize: { width: 1, height: 1 }, pixelRatio: 1, shownId: null, isShowing: false, clip: null, linkedBox: null, linkedLook: null, toldLook: "", toldPair: null, onPick: () => {}, onScale: () => {}, onBox: () => {}, onLook: () => {}, onPair: () => {} };
  const viewer = /** @type {Viewer} */ (blank);
  viewer.colorOf = (source) => laneColor(viewer, source);
  viewer.help = createHelp();
  const parts = {
    toolbar: createToolbar(viewer),
    clipBar: createClipBar(viewer),
    stage: createStage(viewer),
    legend: createLegend(viewer),
    readout: createReadout(viewer),
  };
  viewer.stage = parts.stage.element;
  scheduleUpdates(viewer, parts);

  // While nothing has the focus the page's keys are the viewer's too, but for those that scroll.
  /** @type {(event: KeyboardEvent) => void} */
  const onPageKey = (event) => {
    const { top, bottom } = root.getBoundingClientRect();
    const isInSight = top < innerHeight && bottom > 0;
    if (event.target === document.body && isInSight && !SCROLLING.includes(event.key)) onKey(viewer, event);
  };

  const foot = make("div", { className: "foot" }, parts.legend.element, parts.readout.element);
  const message = make("p", { className: "message", role: "alert", hidden: true });
  const body = make("div", { className: "body", hidden: true }, parts.toolbar.element, parts.clipBar.element, viewer.stage, foot);
  root.replaceChildren(message, body, viewer.help);
  root.onkeydown = (event) => onKey(viewer, event);
  document.addEventListener("keydown", onPageKey, true);
  const resizing = new ResizeObserver(() => viewer.refresh());
  resizing.observe(root);
  const blinking = setInterval(() => viewer.isShowing && viewer.state.isBlinking && stepPane(viewer, 1), BLINK_MS);

  viewer.destroy = () => {
    document.removeEventListener("keydown", onPageKey, true);
    resizing.disconnect();
    clearInterval(blinking);
    viewer.isShowing = false;
    viewer.shownId = null;
  };
  viewer.show = async (bytes) => (isPlayed(viewer, bytes) ? viewer.refresh() : viewer.present(bytes));
  viewer.present = async (bytes) => {
    /** @type {string | null} */
    let id = null;
    try {
      const payload = readHeader(bytes);
      id = payload.header.id;
      if (!(await load(viewer, payload, parts))) return;
      message.hidden = true;
      body.hidden = false;
    } catch (error) {
      if (id && id !== viewer.shownId) return;
      viewer.shownId = null; // the same again is not taken for shown
      message.textContent = `These flows cannot be shown: ${/** @type {Error} */ (error).message}`;
      message.hidden = false;
      body.hidden = true;
      tellDrawn(root);
    }
  };
  return viewer;
}

// The page sends again what a clip is shown in place of. What cannot be read is `present`'s to say.
/** @type {(viewer: Viewer, bytes: Bytes) => boolean} */
function isPlayed(viewer, bytes) {
  try {
    return !takeClip(viewer, bytes);
  } catch {
    return false;
  }
}

// `redraw` is for what moves (crosshair, view), `refresh` for everything; both act once per frame.
// While the screen shows all that was asked for, `data-drawn` is the payload's id; the page is told
// by the event `flowdrawn`, which also comes when there is nothing to draw but a message, and who
// comes after it by the page's `data-flow-drawn`.
/** @type {(viewer: Viewer, parts: Parts) => void} */
function scheduleUpdates(viewer, { toolbar, clipBar, stage, legend, readout }) {
  let isScheduled = false;
  let isWhole = false;
  const update = () => {
    isScheduled = false;
    if (!viewer.isShowing) return;
    if (isWhole) {
      for (const part of [toolbar, clipBar, stage, legend]) part.update();
      viewer.tellLook();
      viewer.tellPair();
    }
    isWhole = false;
    stage.draw();
    readout.update();
    viewer.onDrawn?.();
    viewer.onDrawn = null;
  };
  viewer.redraw = () => {
    delete viewer.root.dataset.drawn;
    if (!isScheduled) requestAnimationFrame(update);
    isScheduled = true;
  };
  viewer.refresh = () => {
    isWhole = true;
    viewer.redraw();
  };
  viewer.settle = () => {
    if (isScheduled || !isUpToDate(viewer)) return;
    viewer.root.dataset.drawn = viewer.model.id;
    tellDrawn(viewer.root);
  };
  let telling = 0;
  viewer.tellScale = () => {
    clearTimeout(telling);
    telling = setTimeout(() => viewer.isShowing && viewer.onScale(viewer.state.scale.maxMagnitude), TELL_MS);
  };
  let looking = 0;
  viewer.tellLook = () => {
    const look = changedLook(viewer);
    clearTimeout(looking);
    if (look === viewer.toldLook) return;
    viewer.linkedLook = null;
    looking = setTimeout(() => {
      if (!viewer.isShowing) return; // told when it shows again
      viewer.toldLook = look;
      viewer.onLook(look);
    }, TELL_MS);
  };
  let stepping = 0;
  viewer.tellPair = () => {
    const { clip } = viewer;
    const isTold = () => !clip || clip.isPlaying || clip !== viewer.clip || clip.index === viewer.toldPair;
    clearTimeout(stepping);
    if (isTold()) return;
    stepping = setTimeout(() => {
      if (!clip || isTold() || !viewer.isShowing) return;
      viewer.toldPair = clip.index;
      viewer.onPair(clip.index);
    }, TELL_MS);
  };
  let speech = 0;
  viewer.announce = () => {
    clearTimeout(speech);
    speech = setTimeout(() => viewer.isShowing && readout.announce(), SPEECH_MS);
  };
}

/** @type {(root: HTMLElement) => void} */
function tellDrawn(root) {
  document.documentElement.dataset.flowDrawn = "";
  root.dispatchEvent(new Event("flowdrawn", { bubbles: true, composed: true }));
}

// The payload that came last is decoded.
/** @type {(viewer: Viewer) => boolean} */
function isUpToDate({ isShowing, model, shownId }) {
  return isShowing && model.id === shownId;
}

// The page's chart colors where it has them, so that lanes look alike in charts and here.
/** @type {(viewer: Viewer, source: Source) => string} */
function laneColor({ root, model }, { color }) {
  if (color === undefined) return TRUTH_COLOR;
  const theme = getComputedStyle(root).getPropertyValue("--st-chart-categorical-colors");
  const colors = theme.trim() ? theme.split(",") : model.palette.lanes;
  return colors[color % colors.length].trim();
}

// The same payload again (a rerun, another theme) only draws again; a new one keeps what still fits.
// False where there is nothing to draw yet, or no more.
/** @type {(viewer: Viewer, payload: Payload, parts: Parts) => Promise<boolean>} */
async function load(viewer, { header, body }, parts) {
  const start = performance.now();
  if (viewer.shownId !== header.id) {
    viewer.shownId = header.id;
    delete viewer.root.dataset.drawn;
    const content = await decodeModel({ header, body });
    if (viewer.shownId !== header.id) return false; // a newer payload came in meanwhile
    const model = { ...content, sources: buildSources(content), tiles: createTiles(header) };
    const linked = viewer.linkedLook ? readLook(viewer.linkedLook, model) : null;
    viewer.state = { ...carryOver(viewer, model), ...(linked && { ...linked.look, isBlinking: blinks(linked.look.mode) }) };
    viewer.model = model;
    if (linked) viewer.toldLook = changedLook(viewer);
    if (linked?.isWhole) viewer.linkedLook = null;
    viewer.isShowing = true;
    viewer.pictures = createPictures(model);
    viewer.onDrawn = () => { viewer.root.dataset.firstDrawMs = (performance.now() - start).toFixed(1); };
  } else if (!isUpToDate(viewer)) return false; // still being decoded
  parts.readout.build();
  viewer.refresh();
  return true;
}

// How the panes are set, or nothing if they are as at first.
/** @type {(viewer: Viewer) => string} */
function changedLook({ state, model }) {
  const look = writeLook(state, model);
  return look === writeLook(firstState(model, null), model) ? "" : look;
}

// State for a new model: zoom, crosshair, panes and a scale that was set stay as far as they make
// sense there.
/** @type {(viewer: Viewer, model: Model) => State} */
function carryOver({ state, model: old, isShowing, linkedBox }, model) {
  const fresh = firstState(model, readBox(linkedBox, model));
  if (!isShowing) return fresh;
  /** @type {(chosen: Chosen) => boolean} */
  const hasSame = ({ source, layer }) => model.sources.some(({ key, layers }) => key === source && layers.includes(layer));
  const known = new Set(old.sources.map(({ key }) => key));
  const added = fresh.panes.filter(({ source }) => !known.has(source));
  const panes = [...state.panes.filter(hasSame), ...added];
  if (isOrdered(state.panes, old)) panes.sort((one, other) => placeOf(one, model) - placeOf(other, model));
  /** @type {(name: keyof Scale) => number} */
  const scaleOf = (name) => (state.scale[name] === old[name] ? model[name] : state.scale[name]);
  const scale = {
    maxMagnitude: scaleOf("maxMagnitude"), noiseFloor: scaleOf("noiseFloor"), maxError: scaleOf("maxError"),
  };
  const shown = panes.length ? panes : fresh.panes;
  const kept = { ...state, ...firstSides(model, shown), scale, panes: shown, isMarkShown: true };
  const isSameSize = old.width === model.width && old.height === model.height;
  return isSameSize ? kept : { ...kept, view: fresh.view, cursor: null, pin: null, box: null, corner: null };
}

/** @type {(pane: Chosen, model: Model) => number} */
function placeOf({ source }, { sources }) {
  return sources.findIndex(({ key }) => key === source);
}

// Nobody has put another source into a pane: the panes follow the lanes, wherever these move.
/** @type {(panes: Chosen[], model: Model) => boolean} */
function isOrdered(panes, model) {
  const places = panes.map((pane) => placeOf(pane, model));
  return places.every((place, index) => !index || places[index - 1] < place);
}

// What a wipe compares at first: the first two lanes, else two flows, else two panes.
/** @type {(model: Model, panes: Chosen[]) => { active: number, other: number }} */
function firstSides({ sources }, panes) {
  const indices = [...panes.keys()];
  const shown = panes.map(({ source }) => sourceOf(sources, source));
  const lanes = indices.filter((index) => shown[index].color !== undefined);
  const flows = indices.filter((index) => shown[index].field);
  const [active, other = active] = [lanes, flows].find(({ length }) => length > 1) ?? indices;
  return { active, other };
}

/** @type {(model: Model, box: Rect | null) => State} */
function firstState(model, box) {
  const panes = model.sources.map(({ key, layers }) => ({ source: key, layer: layers[0] }));
  const { maxMagnitude, noiseFloor, maxError } = model;
  return {
    mode: "grid",
    panes,
    ...firstSides(model, panes),
    wipe: 0.5,
    isBlinking: false,
    isMarkShown: true,
    view: fitView(model),
    cursor: null,
    pin: null,
    box,
    isBoxing: false,
    corner: null,
    boxBefore: null,
    scale: { maxMagnitude, noiseFloor, maxError },
  };
}
