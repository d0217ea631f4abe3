// What a person has chosen: at first, and carried over to what comes later.

import { readBox } from "./box.js";
import { sourceOf } from "./layers.js";
import { writeLook } from "./look.js";
import { fitView } from "./view.js";

// How the panes are set, or nothing if they are as at first.
/** @type {(viewer: Viewer) => string} */
export function changedLook({ state, model }) {
  const look = writeLook(state, model);
  return look === writeLook(firstState(model, null), model) ? "" : look;
}

// State for a new model: zoom, crosshair, panes and a scale that was set stay as far as they make
// sense there.
/** @type {(viewer: Viewer, model: Model) => State} */
export function carryOver({ state, model: old, isShowing, linkedBox }, model) {
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
  const kept = { ...state, ...firstSides(model, shown), scale, panes: shown, isMarkShown: true, heldDisk: null };
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
    heldDisk: null,
    scale: { maxMagnitude, noiseFloor, maxError },
  };
}
