// The viewer: one state, one model, and the parts that show them.

import { blinks, stepPane } from "./actions.js";
import { createClipBar, takeClip } from "./clip.js";
import { decodeModel, readHeader } from "./decode.js";
import { make } from "./dom.js";
import { createHelp, onKey } from "./keyboard.js";
import { buildSources } from "./layers.js";
import { createLegend } from "./legend.js";
import { createPictures } from "./pictures.js";
import { createReadout } from "./readout.js";
import { createStage } from "./stage.js";
import { carryOver, changedLook } from "./state.js";
import { createTiles } from "./tiles.js";
import { createToolbar } from "./toolbar.js";
import { readLook } from "./look.js";

const BLINK_MS = 700;
const SPEECH_MS = 300;
const TELL_MS = 500; // a slider on its way is not told of
const SCROLLING = [" ", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];
const TRUTH_COLOR = "#7f7f7f";

/** @type {(root: HTMLElement) => Viewer} */
export function createViewer(root) {
  /** @type {Partial<Viewer>} */
  const blank = { root, paneSize: { width: 1, height: 1 }, pixelRatio: 1, width: 0, shownId: null, isShowing: false, clip: null, linkedBox: null, linkedLook: null, toldLook: "", toldPair: null, onPick: () => {}, onScale: () => {}, onBox: () => {}, onLook: () => {}, onPair: () => {} };
  const viewer = /** @type {Viewer} */ (blank);
  viewer.colorOf = ({ color }) => (color === undefined ? TRUTH_COLOR : viewer.colors[color % viewer.colors.length]);
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
  const resizing = watchRoom(viewer);
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
      viewer.update();
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

// Panes are as large as the room allows. What is drawn makes the viewer itself higher, which is none.
// Told of its width, the stage need not ask for it amid changes, for which all would be laid out at once.
/** @type {(viewer: Viewer) => ResizeObserver} */
function watchRoom(viewer) {
  let known = "";
  const resizing = new ResizeObserver(([{ contentRect }]) => {
    viewer.width = Math.floor(contentRect.width);
    const room = `${viewer.width}x${innerHeight}`;
    if (room !== known) viewer.refresh();
    known = room;
  });
  resizing.observe(viewer.root);
  return resizing;
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

// `redraw` is for what moves (crosshair, view), `refresh` for everything; both act once per frame, or
// as soon as `update` is called.
// While the screen shows all that was asked for, `data-drawn` is the payload's id; the page is told
// by the event `flowdrawn`, which also comes when there is nothing to draw but a message, and who
// comes after it by the page's `data-flow-drawn`.
/** @type {(viewer: Viewer, parts: Parts) => void} */
function scheduleUpdates(viewer, { toolbar, clipBar, stage, legend, readout }) {
  let frame = 0;
  let isWhole = false;
  viewer.update = () => {
    cancelAnimationFrame(frame);
    frame = 0;
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
    frame ||= requestAnimationFrame(viewer.update);
  };
  viewer.refresh = () => {
    isWhole = true;
    viewer.redraw();
  };
  viewer.settle = () => {
    if (frame || !isUpToDate(viewer)) return;
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
/** @type {(viewer: Viewer) => string[]} */
function laneColors({ root, model }) {
  const theme = getComputedStyle(root).getPropertyValue("--st-chart-categorical-colors").trim();
  return theme ? theme.split(",").map((color) => color.trim()) : model.palette.lanes;
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
  viewer.colors = laneColors(viewer);
  parts.readout.build();
  viewer.refresh();
  return true;
}
