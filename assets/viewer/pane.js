// A pane: what it shows (menus), its canvas, and in wipe mode the same for a right-hand side.

import { removePane, setLayer, setSource, setWipe, stepPane } from "./actions.js";
import { make, makeButton, setOptions } from "./dom.js";
import { drawPane } from "./draw.js";
import { describeLayer, layerLabel, sourceOf } from "./layers.js";
import { followPointer } from "./pointer.js";

// `indices` says which of the chosen panes it shows: one, or two in wipe mode. What only a wipe needs
// is made for the first one.
/** @type {(viewer: Viewer) => Pane} */
export function createPane(viewer) {
  const canvas = make("canvas", { className: "picture", role: "img" });
  const sides = [createHead(viewer, "active")];
  const header = make("header", { className: "heads" }, sides[0].element);
  const element = make("section", { className: "pane" }, header, canvas);
  /** @type {HTMLInputElement | null} */
  let divider = null;
  /** @type {number[]} */
  let indices = [];
  followPointer(viewer, canvas);

  const addDivider = () => {
    sides.push(createHead(viewer, "other"));
    divider = createDivider(viewer);
    header.append(divider, sides[1].element);
    return divider;
  };
  /** @type {Pane["update"]} */
  const update = (newIndices) => {
    indices = newIndices;
    const isWipe = indices.length === 2;
    if (isWipe) (divider ?? addDivider()).value = String(viewer.state.wipe);
    if (divider) divider.hidden = sides[1].element.hidden = !isWipe;
    indices.forEach((index, side) => sides[side].update(index));
    const label = indices.map((index) => paneLabel(viewer, index)).join(" | ");
    canvas.setAttribute("aria-label", label);
    element.setAttribute("aria-label", label);
  };
  /** @type {Pane["resize"]} */
  const resize = ({ width, height }, pixelRatio) => {
    canvas.width = Math.round(width * pixelRatio);
    canvas.height = Math.round(height * pixelRatio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  };
  const draw = () => drawPane(canvas, viewer, indices.map((index) => shownIn(viewer, index)));
  return { element, update, resize, draw };
}

/** @type {(viewer: Viewer, index: number) => Shown} */
export function shownIn({ state, model }, index) {
  const { source, layer } = state.panes[index];
  return { source: sourceOf(model.sources, source), layer };
}

/** @type {(viewer: Viewer, index: number) => string} */
export function paneLabel(viewer, index) {
  const { source, layer } = shownIn(viewer, index);
  const label = layerLabel(viewer.model, layer, source);
  return source.field ? `${source.title}: ${label}` : label;
}

/** @type {(viewer: Viewer) => HTMLInputElement} */
function createDivider(viewer) {
  const divider = make("input", {
    type: "range", className: "divider", min: 0, max: 1, step: 0.01, "aria-label": "Position of the wipe",
    oninput: () => setWipe(viewer, divider.valueAsNumber),
  });
  return divider;
}

/** @type {(viewer: Viewer, side: Side) => Head} */
function createHead(viewer, side) {
  let index = 0;
  const swatch = make("i", { className: "swatch" });
  const sources = make("select", {
    className: "source", "aria-label": "Shown in this pane", onchange: () => setSource(viewer, index, sources.value),
  });
  const layers = make("select", {
    className: "layer", "aria-label": "Layer of this pane", onchange: () => setLayer(viewer, index, layers.value),
  });
  const back = makeButton("‹", "Previous pane", () => stepPane(viewer, -1, side));
  const forth = makeButton("›", "Next pane", () => stepPane(viewer, 1, side));
  const position = make("span", { className: "position" });
  const stepper = make("span", { className: "stepper" }, back, position, forth);
  const remove = makeButton("×", "Remove this pane", () => removePane(viewer, index));
  const element = make("div", { className: "head" }, stepper, swatch, sources, layers, remove);

  /** @type {Head["update"]} */
  const update = (newIndex) => {
    index = newIndex;
    const { state, model } = viewer;
    const { source, layer } = shownIn(viewer, index);
    stepper.hidden = state.mode === "grid" || state.panes.length === 1;
    remove.hidden = state.mode !== "grid" || state.panes.length === 1;
    position.textContent = `${index + 1}/${state.panes.length}`;
    swatch.hidden = !source.field;
    swatch.style.background = source.field ? viewer.colorOf(source) : "";
    setOptions(sources, model.sources.map(({ key, title }) => [key, title]), source.key);
    setOptions(layers, source.layers.map((id) => [id, layerLabel(model, id, source)]), layer);
    layers.title = describeLayer(model, layer).caption;
  };
  return { element, update };
}
