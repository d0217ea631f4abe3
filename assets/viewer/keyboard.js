// Every key in one table, which both the keyboard and its help read.

import { centerOnCursor, fit, markCorner, moveCursor, pin, removeBox, setMode, setWipe, showPane, stepLayerOfAll, stepPane, stepScale, swapSides, toggleBlinking, toggleFullscreen, toggleMarks, unpin, zoomBy } from "./actions.js";
import { stepClip, togglePlaying } from "./clip.js";
import { make, makeButton } from "./dom.js";

const STRIDE = 16;
/** @type {Record<string, [x: number, y: number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @type {[keys: string[], text: string, run: (viewer: Viewer, key: string, isLong: boolean) => void][]} */
const KEYS = [
  [["g"], "Grid of all panes", (viewer) => setMode(viewer, "grid")],
  [["w"], "Wipe between two panes", (viewer) => setMode(viewer, "wipe")],
  [["b"], "Blink through the panes", (viewer) => setMode(viewer, "blink")],
  [["s"], "Single pane", (viewer) => setMode(viewer, "single")],
  [[" "], "Pause or play blinking", toggleBlinking],
  [["["], "Previous pane", (viewer) => stepPane(viewer, -1)],
  [["]"], "Next pane", (viewer) => stepPane(viewer, 1)],
  [["1", "2", "3", "4", "5", "6", "7", "8", "9"], "Pane of that number", (viewer, key) => showPane(viewer, Number(key) - 1)],
  [["x"], "Swap the sides of the wipe", swapSides],
  [["{"], "Wipe to the left", (viewer) => setWipe(viewer, viewer.state.wipe - 0.02)],
  [["}"], "Wipe to the right", (viewer) => setWipe(viewer, viewer.state.wipe + 0.02)],
  [["l"], "Next layer in all panes", (viewer) => stepLayerOfAll(viewer, 1)],
  [["L"], "Previous layer in all panes", (viewer) => stepLayerOfAll(viewer, -1)],
  [["m"], "Show or hide the marked pixels", toggleMarks],
  [[","], "Scale down: slow motion gets stronger colors", (viewer) => stepScale(viewer, -1)],
  [["."], "Scale up: fast motion comes back on the scale", (viewer) => stepScale(viewer, 1)],
  [["+", "="], "Zoom in", (viewer) => zoomBy(viewer, 1.25)],
  [["-"], "Zoom out", (viewer) => zoomBy(viewer, 0.8)],
  [["0"], "Show the whole frame", fit],
  [["c"], "Center on the crosshair", centerOnCursor],
  [Object.keys(ARROWS), `Move the crosshair by 1 px, with Shift by ${STRIDE}`, moveByArrow],
  [["Enter"], "Pin the pixel under the crosshair", (viewer) => pin(viewer)],
  [["Escape"], "Remove pin and crosshair; give up a rectangle", unpin],
  [["r"], "Begin a rectangle at the crosshair, stretch it with the arrows, finish it", markCorner],
  [["R"], "Remove the rectangle", removeBox],
  [["n", "p"], "Next pair of a clip, the one before", (viewer, key) => stepClip(viewer, key === "n" ? 1 : -1)],
  [["P"], "Play or pause a clip", togglePlaying],
  [["f"], "Full screen", toggleFullscreen],
  [["?"], "These keys", (viewer) => viewer.help.showModal()],
];

/** @type {Record<string, string>} */
const SHOWN = {
  " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", "-": "−",
};

/** @type {(viewer: Viewer, key: string, isLong: boolean) => void} */
function moveByArrow(viewer, key, isLong) {
  const by = isLong ? STRIDE : 1;
  const [x, y] = ARROWS[key];
  moveCursor(viewer, by * x, by * y);
}

// Handled keys stay here: the page around has shortcuts of its own.
/** @type {(viewer: Viewer, event: KeyboardEvent) => void} */
export function onKey(viewer, event) {
  if (!viewer.isShowing || viewer.help.open || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = /** @type {Element} */ (event.target);
  if (target.matches("input, select") || (target.matches("button") && [" ", "Enter"].includes(event.key))) return;
  const [, , run] = KEYS.find(([keys]) => keys.includes(event.key)) ?? [];
  if (!run) return;
  event.preventDefault();
  event.stopPropagation();
  run(viewer, event.key, event.shiftKey);
}

/** @type {() => HTMLDialogElement} */
export function createHelp() {
  const rows = KEYS.flatMap(([keys, text]) => [
    make("dt", {}, ...shownKeys(keys).map((key) => make("kbd", {}, key))),
    make("dd", {}, text),
  ]);
  const dialog = make("dialog", { className: "help", "aria-label": "Keyboard shortcuts" });
  dialog.append(
    make("h2", {}, "Keyboard"),
    make("dl", { tabIndex: 0, "aria-label": "Keys" }, ...rows),
    make("p", {}, "Drag to move, with Shift to mark a rectangle, wheel or pinch to zoom, click to pin, double-click to zoom in."),
    makeButton("Close", "Close the help", () => dialog.close()),
  );
  dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };
  return dialog;
}

/** @type {(keys: string[]) => string[]} */
function shownKeys(keys) {
  return keys.length > 4 ? [`${keys[0]} – ${keys.at(-1)}`] : keys.map((key) => SHOWN[key] ?? key);
}
