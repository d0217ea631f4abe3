// What the colors mean, in px, and the sliders that change it for all panes at once.

import { setScale } from "./actions.js";
import { cssColor, errorColor, flowColors, polar, winsColor } from "./color.js";
import { make } from "./dom.js";
import { describeLayer, layerMap } from "./layers.js";
import { shownIn } from "./pane.js";

const WHEEL_SIZE = 64;
const WHEEL_STEPS = 16384; // up to the full color
const BAR_SHARES = Array.from({ length: 17 }, (_, i) => i / 16);
const SLIDER_SPAN = 16; // from a sixteenth of the first value to sixteen times as much

// A part is brought up to date while it is shown.
/** @type {(viewer: Viewer) => Part} */
export function createLegend(viewer) {
  const parts = {
    flow: createWheel(viewer),
    error: createHeat(viewer),
    wins: createWins(viewer),
    map: createMapBar(viewer),
    kitti: createKitti(viewer),
  };
  const element = make("div", { className: "legends" }, ...Object.values(parts).map((part) => part.element));
  const update = () => {
    const { state, model } = viewer;
    /** @type {(string | null)[]} */
    const shown = state.panes.map((_, index) => describeLayer(model, shownIn(viewer, index).layer).legend);
    for (const [scale, part] of Object.entries(parts)) {
      part.element.hidden = !shown.includes(scale);
      if (!part.element.hidden) part.update();
    }
  };
  return { element, update };
}

/** @type {(viewer: Viewer) => Part} */
function createWheel(viewer) {
  const wheel = make("canvas", { className: "wheel", role: "img" });
  const speed = makeScale(viewer, "maxMagnitude", "Full color at");
  const floor = makeNumber(viewer, "noiseFloor", "White below");
  const element = make("div", { className: "legend" }, wheel, make("div", {}, speed.element, floor.element));
  const update = () => {
    const { state: { scale }, model: { palette } } = viewer;
    speed.update();
    floor.update();
    paintWheel(wheel, palette, scale, WHEEL_SIZE * Math.ceil(viewer.pixelRatio));
    wheel.setAttribute("aria-label", `Color wheel: right is red, down yellow; full color at ${px(scale.maxMagnitude)}`);
  };
  return { element, update };
}

/** @type {(viewer: Viewer) => Part} */
function createHeat(viewer) {
  const most = makeScale(viewer, "maxError", "Full color at");
  const legend = makeBarLegend("Error, px", most);
  const update = () => {
    const { state: { scale }, model: { palette } } = viewer;
    most.update();
    paintBar(legend, heatColors(palette), ["0", px(scale.maxError)]);
  };
  return { element: legend.element, update };
}

/** @type {(viewer: Viewer) => Part} */
function createWins(viewer) {
  const most = makeScale(viewer, "maxError", "Full color at");
  const legend = makeBarLegend("Worse or better, px", most);
  const update = () => {
    const { state: { scale }, model: { palette } } = viewer;
    most.update();
    const colors = BAR_SHARES.map((share) => winsColor(palette, 1 - share, share, 1));
    paintBar(legend, colors, [`−${px(scale.maxError)}`, "0", `+${px(scale.maxError)}`]);
  };
  return { element: legend.element, update };
}

/** @type {(viewer: Viewer) => Part} */
function createMapBar(viewer) {
  const legend = makeBarLegend("");
  return { element: legend.element, update: () => describeMaps(legend, viewer, heatColors(viewer.model.palette)) };
}

/** @type {(viewer: Viewer) => Part} */
function createKitti(viewer) {
  const legend = makeBarLegend("Error; from 1 on an outlier: over 3 px and 5 %");
  return { element: legend.element, update: () => paintSteps(legend, viewer.model.palette) };
}

/** @type {(palette: Palette) => Word[]} */
function heatColors(palette) {
  return BAR_SHARES.map((share) => errorColor(palette, share, 1));
}

/** @type {(value: number) => string} */
export function px(value) {
  return `${Number(value.toPrecision(3))} px`;
}

/** @type {(viewer: Viewer, name: keyof Scale, label: string) => Part} */
function makeScale(viewer, name, label) {
  const logOfFirst = () => Math.log2(viewer.model[name]);
  const slider = make("input", {
    type: "range", step: 0.02, "aria-label": `${label}, px`,
    oninput: () => setScale(viewer, name, Number((2 ** slider.valueAsNumber).toPrecision(2))),
  });
  const number = makeNumber(viewer, name, label);
  const update = () => {
    number.update();
    slider.min = String(logOfFirst() - Math.log2(SLIDER_SPAN));
    slider.max = String(logOfFirst() + Math.log2(SLIDER_SPAN));
    slider.value = String(Math.log2(viewer.state.scale[name]));
    slider.setAttribute("aria-valuetext", px(viewer.state.scale[name]));
  };
  return { element: make("div", { className: "scale" }, number.element, slider), update };
}

/** @type {(viewer: Viewer, name: keyof Scale, label: string) => Part} */
function makeNumber(viewer, name, label) {
  const input = make("input", {
    type: "number", min: 0, step: "any", onchange: () => setScale(viewer, name, input.valueAsNumber),
  });
  const update = () => { input.value = String(viewer.state.scale[name]); };
  return { element: make("label", { className: "number" }, `${label} `, input, " px"), update };
}

/** @type {(text: string, ...controls: Part[]) => Bar} */
function makeBarLegend(text, ...controls) {
  const title = make("span", { className: "legend-title" }, text);
  const bar = make("div", { className: "bar" });
  const ticks = make("div", { className: "ticks" });
  const element = make("div", { className: "legend bar-legend" }, title, bar, ticks, ...controls.map((part) => part.element));
  return { element, title, bar, ticks };
}

/** @type {(legend: Bar, colors: Word[], texts: string[]) => void} */
function paintBar({ bar, ticks }, colors, texts) {
  bar.style.background = `linear-gradient(to right, ${colors.map(cssColor).join(", ")})`;
  ticks.replaceChildren(...texts.map((text) => make("span", {}, text)));
}

// Maps of one title share a scale; where several are shown, each says how far its own reaches.
/** @type {(legend: Bar, viewer: Viewer, colors: Word[]) => void} */
function describeMaps(legend, viewer, colors) {
  const shown = viewer.state.panes.map((_, index) => shownIn(viewer, index));
  const maps = shown.flatMap(({ source, layer }) => layerMap(layer, source) ?? []);
  const ends = new Map(maps.map(({ title, most, unit }) => [title, `${Number(most.toPrecision(3))} ${unit}`.trim()]));
  legend.title.textContent = [...ends].map(([title, end]) => `${title}, 0 to ${end}`).join("; ");
  paintBar(legend, colors, ["0", ends.size === 1 ? [...ends.values()][0] : "most"]);
}

/** @type {(legend: Bar, palette: Palette) => void} */
function paintSteps({ bar, ticks }, { kitti: { colors } }) {
  const share = 100 / colors.length;
  const stops = [...colors].map((color, i) => `${cssColor(color)} ${i * share}% ${(i + 1) * share}%`);
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  ticks.replaceChildren(...["right", "1", "wrong"].map((text) => make("span", {}, text)));
}

// The disc of all vectors, drawn as any flow is, from the same kind of numbers: it is painted before
// the panes, and by then the browser has compiled what paints them.
/** @type {(canvas: HTMLCanvasElement, palette: Palette, scale: Scale, size: number) => void} */
function paintWheel(canvas, palette, scale, size) {
  const region = { x: 0, y: 0, step: 1, columns: size, rows: size };
  const middle = (size - 1) / 2;
  const vectors = {
    u: new Int16Array(size * size), v: new Int16Array(size * size), step: scale.maxMagnitude / WHEEL_STEPS, valid: null,
  };
  const unit = (WHEEL_STEPS * palette.rim) / (size / 2);
  for (let i = 0; i < size * size; i++) {
    vectors.u[i] = ((i % size) - middle) * unit;
    vectors.v[i] = (Math.floor(i / size) - middle) * unit;
  }
  const image = new ImageData(size, size);
  flowColors(palette, new Uint32Array(image.data.buffer), polar(vectors, region, size), scale);
  canvas.width = canvas.height = size;
  canvas.getContext("2d")?.putImageData(image, 0, 0); // cut to a disc by the style sheet
}
