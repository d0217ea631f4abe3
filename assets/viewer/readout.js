// The numbers under the crosshair: one row for the truth and for each lane.

import { make } from "./dom.js";
import { flowSources } from "./layers.js";
import { meanEpe, readSource } from "./readings.js";
import { isAllExact, isExact, knownPixel } from "./tiles.js";

/** @type {Column[]} */
const COLUMNS = [
  ["u", "u", "px, to the right"],
  ["v", "v", "px, down"],
  ["speed", "Speed", "px, length of (u, v)"],
  ["angle", "Angle", "degrees, 0 is right and 90 down"],
  ["epe", "EPE", "px from the truth; lower is better"],
  ["angularError", "Angular", "angular error in degrees; lower is better"],
  ["boxEpe", "EPE in rectangle", "px from the truth, mean over the rectangle; lower is better"],
  ["target", "Goes to", "x, y in the second frame, px"],
];

/** @type {ColumnKey[]} */
const OF_TRUTH = ["epe", "angularError", "boxEpe"];

const ABOUT = "≈ "; // of a pixel beside it, until the exact flows are there

// Where the table is wider than its place it can be focused, and arrow keys scroll it.
/** @type {(table: HTMLElement) => HTMLElement} */
function createRows(table) {
  const rows = make("div", { className: "rows", role: "region", "aria-label": "Numbers at the crosshair" }, table);
  rows.onkeydown = (event) => {
    if (event.target === rows && event.key.startsWith("Arrow")) event.stopPropagation();
  };
  const resizing = new ResizeObserver(() => { rows.tabIndex = rows.scrollWidth > rows.clientWidth ? 0 : -1; });
  resizing.observe(rows);
  resizing.observe(table);
  return rows;
}

/** @type {(viewer: Viewer) => Readout} */
export function createReadout(viewer) {
  const place = make("p", { className: "place" });
  const table = make("table", {});
  const spoken = make("p", { className: "unseen", role: "status" });
  const rows = createRows(table);
  const element = make("div", { className: "readout" }, place, rows, spoken);
  /** @type {{ source: FlowSource, columns: Column[], row: HTMLTableRowElement }[]} */
  let cells = [];
  /** @type {Rect | null | undefined} */
  let box; // that of the column which tells of it
  let isBoxExact = true;

  const build = () => {
    box = undefined;
    const columns = viewer.model.truth ? COLUMNS : COLUMNS.filter(([key]) => !OF_TRUTH.includes(key));
    const titles = columns.map(([key, text, title]) => make("th", { scope: "col", className: key, title }, text));
    cells = flowSources(viewer.model.sources).map((source) => ({ source, columns, row: makeRow(viewer, source, columns) }));
    table.replaceChildren(
      make("caption", { className: "unseen" }, "Flow at the crosshair"),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Lane"), ...titles)),
      make("tbody", {}, ...cells.map(({ row }) => row)),
    );
  };
  const update = () => {
    const pixel = viewer.state.cursor ?? viewer.state.pin;
    place.replaceChildren(...describePlace(viewer, pixel));
    for (const { source, columns, row } of cells) {
      const reading = read(viewer, source, pixel);
      columns.forEach(([key], i) => { if (key !== "boxEpe") row.cells[i + 1].textContent = formatCell(key, reading); });
    }
    updateBox();
  };
  // Its column is there with the rectangle alone, and told again when that has changed.
  const updateBox = () => {
    const { model, state } = viewer;
    const truth = model.truth?.field;
    const isNowExact = isAllExact(model, state.box);
    if (!truth || (state.box === box && isNowExact === isBoxExact)) return;
    box = state.box;
    isBoxExact = isNowExact;
    for (const cell of /** @type {NodeListOf<HTMLElement>} */ (table.querySelectorAll(".boxEpe"))) cell.hidden = !box;
    if (!box) return;
    for (const { source, row } of cells) {
      const mean = source.field === truth ? NaN : meanEpe(source.field, truth, box, model.width, isBoxExact ? 1 : model.thin);
      const cell = /** @type {HTMLElement} */ (row.querySelector(".boxEpe"));
      cell.textContent = Number.isNaN(mean) ? "–" : `${isBoxExact ? "" : ABOUT}${number(mean, 2)}`;
    }
  };
  const announce = () => { spoken.textContent = speak(viewer); };
  return { element, build, update, announce };
}

/** @type {(viewer: Viewer, source: FlowSource, columns: Column[]) => HTMLTableRowElement} */
function makeRow(viewer, source, columns) {
  const swatch = make("i", { className: "swatch" });
  swatch.style.background = viewer.colorOf(source);
  const title = make("th", { scope: "row", title: source.title }, swatch, source.title);
  return make("tr", {}, title, ...columns.map(([key]) => make("td", { className: key })));
}

/** @type {(viewer: Viewer, source: FlowSource, pixel: Point | null) => Reading | null} */
function read({ model }, source, pixel) {
  const reading = pixel && readSource(source, model.truth?.field, knownPixel(model, pixel), model.width);
  return reading && { ...reading, isNear: !isExact(model, pixel) };
}

/** @type {(key: ColumnKey, reading: Reading | null) => string} */
export function formatCell(key, reading) {
  if (!reading || key === "boxEpe") return "–";
  const about = reading.isNear ? ABOUT : "";
  if (key === "target") return `${about}${number(reading.x, 1)}, ${number(reading.y, 1)}`;
  const value = reading[key];
  return value === undefined ? "–" : about + number(value, key === "angle" || key === "angularError" ? 1 : 2);
}

/** @type {(value: number, digits: number) => string} */
function number(value, digits) {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** @type {(viewer: Viewer, pixel: Point | null) => HTMLElement[]} */
function describePlace({ model, state }, pixel) {
  if (!pixel) return [make("span", { className: "hint" }, "Point at a pixel to read it, click to pin it. Press ? for the keys.")];
  const i = pixel.y * model.width + pixel.x;
  const parts = [`x ${pixel.x}`, `y ${pixel.y}`];
  if (model.labels) parts.push(`class ${className(model, model.labels[i])}`);
  if (model.occluded?.[i]) parts.push("not visible in the second frame");
  if (!state.cursor) parts.push("pinned");
  return parts.map((text) => make("span", {}, text));
}

/** @type {(model: Model, id: number) => string} */
function className({ classNames }, id) {
  return classNames[id] ?? (id === 0 ? "unlabelled" : String(id));
}

// One sentence for a screen reader, where a person moves by keys.
/** @type {(viewer: Viewer) => string} */
function speak(viewer) {
  const { model, state } = viewer;
  const pixel = state.cursor ?? state.pin;
  if (!pixel) return "";
  const rows = flowSources(model.sources).map((source) => {
    const reading = read(viewer, source, pixel);
    if (!reading) return `${source.title} unknown`;
    const error = reading.epe === undefined ? "" : `, error ${number(reading.epe, 2)}`;
    return `${source.title} ${reading.isNear ? "about " : ""}${number(reading.u, 2)}, ${number(reading.v, 2)}${error}`;
  });
  return `x ${pixel.x}, y ${pixel.y}: ${rows.join("; ")}`;
}
