// What the colors mean, in px, and the sliders that change it for all panes at once.

import { setScale } from "./actions.js";
import { cssColor, errorColor, flowColors, polar, winsColor } from "./color.js";
import { make } from "./dom.js";
import { describeLayer, layerMap } from "./layers.js";
import { shownIn } from "./pane.js";

const WHEEL_SIZE = 64;
const BAR_STEPS = 16;
const SLIDER_SPAN = 16; // from a sixteenth of the first value to sixteen times as much

/** @type {(viewer: Viewer) => Part} */
export function createLegend(viewer) {
  const wheel = make("canvas", { className: "wheel", role: "img" });
  const speed = makeScale(viewer, "maxMagnitude", "Full color at");
  const floor = makeNumber(viewer, "noiseFloor", "White below");
  const most = [1, 2].map(() => makeScale(viewer, "maxError", "Full color at"));
  const flow = make("div", { className: "legend" }, wheel, make("div", {}, speed.element, floor.element));
  const error = makeBarLegend("Error, px", most[0]);
  const wins = makeBarLegend("Worse or better, px", most[1]);
  const map = makeBarLegend("");
  const kitti = makeBarLegend("Error; from 1 on an outlier: over 3 px and 5 %");
  const parts = Object.entries({ flow, error: error.element, wins: wins.element, map: map.element, kitti: kitti.element });
  const element = make("div", { className: "legends" }, ...parts.map(([, part]) => part));

  const update = () => {
    const { state, model } = viewer;
    const { palette } = model;
    const { maxMagnitude, maxError } = state.scale;
    /** @type {(string | null)[]} */
    const shown = state.panes.map((_, index) => describeLayer(model, shownIn(viewer, index).layer).legend);
    for (const [scale, part] of parts) part.hidden = !shown.includes(scale);
    for (const control of [speed, floor, ...most]) control.update();
    paintWheel(wheel, palette, state.scale);
    wheel.setAttribute("aria-label", `Color wheel: right is red, down yellow; full color at ${px(maxMagnitude)}`);
    const steps = Array.from({ length: BAR_STEPS + 1 }, (_, i) => i / BAR_STEPS);
    const heat = steps.map((share) => errorColor(palette, share, 1));
    paintBar(error, heat, ["0", px(maxError)]);
    paintBar(wins, steps.map((share) => winsColor(palette, 1 - share, share, 1)), [`−${px(maxError)}`, "0", `+${px(maxError)}`]);
    paintSteps(kitti, palette);
    describeMaps(map, viewer, heat);
  };
  return { element, update };
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

// The disc of all vectors, drawn as any flow is.
/** @type {(canvas: HTMLCanvasElement, palette: Palette, scale: Scale) => void} */
function paintWheel(canvas, palette, scale) {
  const size = 2 * WHEEL_SIZE; // sharp on dense screens
  const region = { x: 0, y: 0, step: 1, columns: size, rows: size };
  const middle = (size - 1) / 2;
  const vectors = { u: new Float32Array(size * size), v: new Float32Array(size * size), step: scale.maxMagnitude };
  for (let i = 0; i < size * size; i++) {
    vectors.u[i] = (((i % size) - middle) / (size / 2)) * palette.rim;
    vectors.v[i] = ((Math.floor(i / size) - middle) / (size / 2)) * palette.rim;
  }
  const image = new ImageData(size, size);
  flowColors(palette, new Uint32Array(image.data.buffer), polar(vectors, region, size), scale);
  canvas.width = canvas.height = size;
  canvas.getContext("2d")?.putImageData(image, 0, 0); // cut to a disc by the style sheet
}
