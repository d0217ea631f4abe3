// Which sources a payload has, and which layers each of them.

import assert from "node:assert/strict";
import test from "node:test";

import { readHeader } from "../../assets/viewer/decode.js";
import { buildSources, describeLayer, layerLabel, layerMap, layerOpponent, sharedLayers } from "../../assets/viewer/layers.js";
import { payload } from "./fixture.mjs";

const { layers } = readHeader(payload).header;

const lane = (title, more = {}) => ({ title, field: {}, isChecked: false, consistent: null, maps: [], ...more });
const sourcesOf = (content) => buildSources({ layers, truth: null, lanes: [], ...content });
const layersOf = (sources) => Object.fromEntries(sources.map(({ key, layers }) => [key, layers]));

test("a pair alone has its frames", () => {
  assert.deepEqual(layersOf(sourcesOf({ truth: null, lanes: [] })), { frames: ["first", "second"] });
});

test("what needs the truth is offered with the truth only", () => {
  const lanes = [lane("a"), lane("b")];
  assert.deepEqual(layersOf(sourcesOf({ truth: null, lanes })), {
    frames: ["first", "second"],
    "lane:a": ["flow", "warped", "difference", "arrows"],
    "lane:b": ["flow", "warped", "difference", "arrows"],
  });
  assert.deepEqual(layersOf(sourcesOf({ truth: lane("Truth"), lanes })), {
    frames: ["first", "second"],
    truth: ["flow", "warped", "difference", "arrows"],
    "lane:a": ["flow", "error", "kitti_error", "warped", "difference", "arrows", "wins:lane:b"],
    "lane:b": ["flow", "error", "kitti_error", "warped", "difference", "arrows", "wins:lane:a"],
  });
});

test("masks, labels and maps are layers where they are", () => {
  const maps = [{ title: "Entropy" }];
  const model = { truth: null, labels: [0], occluded: [1], lanes: [lane("a", { isChecked: true, consistent: [1], maps })] };
  assert.deepEqual(layersOf(sourcesOf(model)), {
    frames: ["first", "second", "labels", "occluded"],
    "lane:a": ["flow", "warped", "difference", "consistency", "arrows", "map:Entropy"],
  });
});

test("the truth is hatched where it is occluded, a lane where it is inconsistent", () => {
  const model = { truth: lane("Truth"), occluded: Uint8Array.of(1, 0), lanes: [lane("a", { isChecked: true, consistent: Uint8Array.of(0, 1) })] };
  const [, truth, first] = sourcesOf(model);
  assert.deepEqual([...truth.visible], [0, 1]);
  assert.deepEqual([...first.visible], [0, 1]);
});

test("lanes are numbered for their colors, the truth is not", () => {
  const sources = sourcesOf({ truth: lane("Truth"), lanes: [lane("a"), lane("b")] });
  assert.deepEqual(sources.map(({ color }) => color), [undefined, undefined, 0, 1]);
});

test("a title may hold a colon", () => {
  const sources = sourcesOf({ truth: lane("Truth"), lanes: [lane("a"), lane("wins:x")] });
  const model = { layers, sources };
  const layer = "wins:lane:wins:x";
  assert.equal(layerOpponent(layer, sources).title, "wins:x");
  assert.equal(layerLabel(model, layer), "Better than wins:x");
  assert.equal(describeLayer(model, layer).legend, "wins");
  const map = { title: "p: q" };
  assert.equal(layerMap("map:p: q", { maps: [map] }), map);
  assert.equal(layerLabel(model, "map:p: q"), "p: q");
  assert.equal(layerMap("map:p", { maps: [map] }), undefined);
});

test("the menu of all panes has what any flow has, each once", () => {
  const maps = [{ title: "Entropy" }];
  const lanes = [lane("a", { maps }), lane("b", { maps, isChecked: true, consistent: [1] })];
  const sources = sourcesOf({ truth: lane("Truth"), occluded: [1], lanes });
  assert.deepEqual(sharedLayers({ layers, sources }), [
    "flow", "error", "kitti_error", "warped", "difference", "consistency", "arrows",
    "map:Entropy", "wins:lane:b", "wins:lane:a",
  ]);
});
