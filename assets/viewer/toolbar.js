// The row above the panes: mode, layer of all panes, one more pane, zoom, help.

import { addPane, fit, MODES, removeBox, setLayerOfAll, setMode, toggleBlinking, toggleBoxing, toggleMarks, zoomBy } from "./actions.js";
import { boxSize } from "./box.js";
import { make, makeButton, setOptions } from "./dom.js";
import { layerLabel, sharedLayers } from "./layers.js";
import { layerOfAll } from "./look.js";

const ZOOM_STEP = 1.5;
const OWN = ""; // where panes show different layers

/** @type {(viewer: Viewer) => Part} */
export function createToolbar(viewer) {
  const modes = MODES.map(([mode, label]) => ({
    mode,
    button: makeButton(label, `${label} of panes`, () => setMode(viewer, mode)),
  }));
  const blink = makeButton("", "", () => toggleBlinking(viewer));
  const layers = make("select", { onchange: () => layers.value !== OWN && setLayerOfAll(viewer, layers.value) });
  const add = makeButton("+ Pane", "Add a pane", () => addPane(viewer));
  const marks = makeButton("", "", () => toggleMarks(viewer));
  const boxing = makeButton("Rectangle", "Mark a rectangle: drag over the frame (Shift and drag does it too)", () => toggleBoxing(viewer));
  const unbox = makeButton("", "", () => removeBox(viewer));
  const zoom = make("output", { className: "zoom", "aria-label": "Zoom" });
  const element = make(
    "div",
    { className: "toolbar", role: "toolbar", "aria-label": "View" },
    make("div", { className: "segments", role: "group", "aria-label": "Mode" }, ...modes.map(({ button }) => button)),
    blink,
    make("label", { className: "all" }, "All panes ", layers),
    add,
    marks,
    boxing,
    unbox,
    make("span", { className: "spacer" }),
    makeButton("−", "Zoom out", () => zoomBy(viewer, 1 / ZOOM_STEP)),
    zoom,
    makeButton("+", "Zoom in", () => zoomBy(viewer, ZOOM_STEP)),
    makeButton("Fit", "Show the whole frame", () => fit(viewer)),
    makeButton("?", "Keyboard shortcuts", () => viewer.help.showModal()),
  );

  const update = () => {
    const { state, model } = viewer;
    for (const { mode, button } of modes) button.setAttribute("aria-pressed", String(mode === state.mode));
    blink.hidden = state.mode !== "blink";
    relabel(blink, state.isBlinking ? "Pause" : "Play", state.isBlinking ? "Pause blinking" : "Blink by itself");
    add.hidden = state.mode !== "grid";
    marks.hidden = !model.marked;
    marks.setAttribute("aria-pressed", String(state.isMarkShown));
    if (model.marked) relabel(marks, `Marked: ${model.marked.title}`, `Show or hide the marked pixels: ${model.marked.title}`);
    boxing.setAttribute("aria-pressed", String(state.isBoxing));
    unbox.hidden = !state.box;
    if (state.box) relabel(unbox, `× ${boxSize(state.box)}`, "Remove the rectangle");
    const options = sharedLayers(model).map((layer) => [layer, layerLabel(model, layer)]);
    const common = layerOfAll(state.panes, model) ?? OWN;
    setOptions(layers, common === OWN ? [[OWN, "each its own"], ...options] : options, common);
    zoom.textContent = `${state.view.zoom.toFixed(1)}×`;
  };
  return { element, update };
}

/** @type {(button: HTMLButtonElement, text: string, label: string) => void} */
function relabel(button, text, label) {
  button.textContent = text;
  button.title = label;
  button.setAttribute("aria-label", label);
}
