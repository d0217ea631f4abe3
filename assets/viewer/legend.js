// What the colors mean, in px, and the sliders that change it for all panes at once.

import { setScale } from "./actions.js";
import { cssColor, errorColor, flowColors, KITTI_COLORS, polar, winsColor } from "./color.js";
import { make } from "./dom.js";
import { describeLayer, layerMap } from "./layers.js";
import { shownIn } from "./pane.js";

const WHEEL_SIZE = 64;
const RIM = 1.12; // the disc reaches beyond the scale, to show the darkened colors
const BAR_STEPS = 16;
const SLIDER_SPAN = 16; // from a sixteenth of the first value to sixteen times as much

export function createLegend(viewer) {
  const wheel = make("canvas", { className: "wheel", role: "img" });
  const parts = {
    flow: make("div", { className: "legend" }, wheel, make(
      "div", {},
      makeScale(viewer, "maxMagnitude", "Full color at"),
      makeNumber(viewer, "noiseFloor", "White below"),
    )),
    error: makeBarLegend("Error, px", makeScale(viewer, "maxError", "Full color at")),
    wins: makeBarLegend("Worse or better, px", makeScale(viewer, "maxError", "Full color at")),
    map: makeBarLegend(""),
    kitti: makeBarLegend("Error; from 1 on an outlier: over 3 px and 5 %"),
  };
  const element = make("div", { className: "legends" }, ...Object.values(parts));

  const update = () => {
    const { state, model } = viewer;
    const { maxMagnitude, maxError } = state.scale;
    const shown = new Set(state.panes.map((_, index) => describeLayer(shownIn(viewer, index).layer).scale));
    for (const [scale, part] of Object.entries(parts)) part.hidden = !shown.has(scale);
    for (const input of element.querySelectorAll("input")) input.update();
    paintWheel(wheel, state.scale);
    wheel.setAttribute("aria-label", `Color wheel: right is red, down yellow; full color at ${px(maxMagnitude)}`);
    const steps = Array.from({ length: BAR_STEPS + 1 }, (_, i) => i / BAR_STEPS);
    const error = steps.map((share) => errorColor(model.errorTable, share, 1));
    paintBar(parts.error, error, ["0", px(maxError)]);
    const wins = steps.map((share) => winsColor(1 - share, share, 1));
    paintBar(parts.wins, wins, [`−${px(maxError)}`, "0", `+${px(maxError)}`]);
    paintSteps(parts.kitti);
    describeMaps(parts.map, viewer, error);
  };
  return { element, update };
}

export function px(value) {
  return `${Number(value.toPrecision(3))} px`;
}

function makeScale(viewer, name, label) {
  const logOfFirst = () => Math.log2(viewer.model[name]);
  const slider = make("input", {
    type: "range", step: 0.02, "aria-label": `${label}, px`,
    oninput: () => setScale(viewer, name, Number((2 ** slider.valueAsNumber).toPrecision(2))),
  });
  slider.update = () => {
    slider.min = logOfFirst() - Math.log2(SLIDER_SPAN);
    slider.max = logOfFirst() + Math.log2(SLIDER_SPAN);
    slider.value = Math.log2(viewer.state.scale[name]);
    slider.setAttribute("aria-valuetext", px(viewer.state.scale[name]));
  };
  return make("div", { className: "scale" }, makeNumber(viewer, name, label), slider);
}

function makeNumber(viewer, name, label) {
  const input = make("input", {
    type: "number", min: 0, step: "any", onchange: () => setScale(viewer, name, input.valueAsNumber),
  });
  input.update = () => { input.value = viewer.state.scale[name]; };
  return make("label", { className: "number" }, `${label} `, input, " px");
}

function makeBarLegend(title, ...controls) {
  return make(
    "div", { className: "legend bar-legend" },
    make("span", { className: "legend-title" }, title),
    make("div", { className: "bar" }),
    make("div", { className: "ticks" }),
    ...controls,
  );
}

function paintBar(part, colors, ticks) {
  part.querySelector(".bar").style.background = `linear-gradient(to right, ${colors.map(cssColor).join(", ")})`;
  part.querySelector(".ticks").replaceChildren(...ticks.map((text) => make("span", {}, text)));
}

// Maps of one title share a scale; where several are shown, each says how far its own reaches.
function describeMaps(part, viewer, colors) {
  const shown = viewer.state.panes.map((_, index) => shownIn(viewer, index));
  const maps = shown.map(({ source, layer }) => layerMap(layer, source)).filter(Boolean);
  const ends = new Map(maps.map(({ title, most, unit }) => [title, `${Number(most.toPrecision(3))} ${unit}`.trim()]));
  part.querySelector(".legend-title").textContent = [...ends].map(([title, end]) => `${title}, 0 to ${end}`).join("; ");
  paintBar(part, colors, ["0", ends.size === 1 ? [...ends.values()][0] : "most"]);
}

function paintSteps(part) {
  const share = 100 / KITTI_COLORS.length;
  const stops = KITTI_COLORS.map((color, i) => `${cssColor(color)} ${i * share}% ${(i + 1) * share}%`);
  part.querySelector(".bar").style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const ticks = ["right", "1", "wrong"].map((text) => make("span", {}, text));
  part.querySelector(".ticks").replaceChildren(...ticks);
}

// The disc of all vectors, drawn as any flow is.
function paintWheel(canvas, scale) {
  const size = 2 * WHEEL_SIZE; // sharp on dense screens
  const region = { x: 0, y: 0, step: 1, columns: size, rows: size };
  const middle = (size - 1) / 2;
  const vectors = { u: new Float32Array(size * size), v: new Float32Array(size * size), step: scale.maxMagnitude };
  for (let i = 0; i < size * size; i++) {
    vectors.u[i] = (((i % size) - middle) / (size / 2)) * RIM;
    vectors.v[i] = ((Math.floor(i / size) - middle) / (size / 2)) * RIM;
  }
  const image = new ImageData(size, size);
  flowColors(new Uint32Array(image.data.buffer), polar(vectors, region, size), scale);
  canvas.width = canvas.height = size;
  canvas.getContext("2d").putImageData(image, 0, 0); // cut to a disc by the style sheet
}
