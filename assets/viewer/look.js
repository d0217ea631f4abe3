// How the panes are set, as a short text for an address: "wipe.2.3--f.second--t.flow--0.error--1.wins.0"
// is the mode with its two sides, then of each pane the source (frames, truth, a lane's number) and
// the layer. Blinking changes its side by itself, so that it is told with none.

import { sharedLayers, sourceOf } from "./layers.js";

const MAX_PANES = 64;
const FORM = /^(grid|wipe|blink|single)\.(\d{1,2})\.(\d{1,2})--(.+)$/;

/** @type {(look: Look, model: Model) => string} */
export function writeLook({ mode, panes, active, other }, { sources }) {
  const shown = panes.map(({ source, layer }) => `--${shortOf(source, sources)}.${shortLayer(layer, sources)}`);
  const sides = mode === "blink" ? "0.0" : `${active}.${other}`;
  return `${mode}.${sides}${shown.join("")}`;
}

// Of panes whose source or layer is not there (yet) it tells nothing, and is not whole; null if the
// text is none of these or no pane is left.
/** @type {(text: string, model: Model) => { look: Look, isWhole: boolean } | null} */
export function readLook(text, model) {
  const parts = FORM.exec(text);
  if (!parts) return null;
  const asked = parts[4].split("--").slice(0, MAX_PANES);
  const panes = asked.flatMap((pane) => readPane(pane, model.sources));
  if (!panes.length) return null;
  /** @type {(index: string) => number} */
  const side = (index) => Math.min(Number(index), panes.length - 1);
  const mode = /** @type {Mode} */ (parts[1]);
  const look = { mode, panes, active: side(parts[2]), other: side(parts[3]) };
  return { look, isWhole: panes.length === asked.length };
}

/** @type {(pane: string, sources: Source[]) => Chosen[]} */
function readPane(pane, sources) {
  const dot = pane.indexOf(".");
  const source = longOf(pane.slice(0, dot), sources);
  const [kind, ...rest] = pane.slice(dot + 1).split(".");
  const name = rest.join(".");
  const layer = rest.length ? `${kind}:${kind === "wins" ? longOf(name, sources)?.key : name}` : kind;
  return source?.layers.includes(layer) ? [{ source: source.key, layer }] : [];
}

// What all panes show that can have it; undefined where each has its own.
/** @type {(panes: Chosen[], model: Model) => string | undefined} */
export function layerOfAll(panes, model) {
  const isShared = (/** @type {string} */ layer) =>
    panes.every((pane) => pane.layer === layer || !sourceOf(model.sources, pane.source).layers.includes(layer));
  return sharedLayers(model).filter((layer) => panes.some((pane) => pane.layer === layer)).find(isShared);
}

/** @type {(layer: string, sources: Source[]) => string} */
function shortLayer(layer, sources) {
  const [kind, ...rest] = layer.split(":");
  const name = rest.join(":");
  return rest.length ? `${kind}.${kind === "wins" ? shortOf(name, sources) : name}` : kind;
}

/** @type {(key: string, sources: Source[]) => string} */
function shortOf(key, sources) {
  return key.startsWith("lane:") ? String(sourceOf(sources, key).color) : key[0];
}

/** @type {(short: string, sources: Source[]) => Source | undefined} */
function longOf(short, sources) {
  return sources.find(({ key, color }) => (color === undefined ? key[0] === short : String(color) === short));
}
