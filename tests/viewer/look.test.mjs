// How the panes are set, as text and back.

import assert from "node:assert/strict";
import test from "node:test";

import { readHeader } from "../../assets/viewer/decode.js";
import { buildSources } from "../../assets/viewer/layers.js";
import { layerOfAll, readLook, writeLook } from "../../assets/viewer/look.js";
import { payload } from "./fixture.mjs";

const { layers } = readHeader(payload).header;
const lane = (title, maps = []) => ({ title, field: {}, consistent: null, maps });
const modelOf = (...lanes) => {
  const content = { layers, truth: lane("Truth"), lanes };
  return { ...content, sources: buildSources(content) };
};
const MODEL = modelOf(lane("a: b--c"), lane("2", [{ title: "Peak 1. / 2." }]));
const LOOK = {
  mode: "wipe",
  active: 2,
  other: 3,
  panes: [
    { source: "frames", layer: "second" },
    { source: "truth", layer: "flow" },
    { source: "lane:a: b--c", layer: "error" },
    { source: "lane:2", layer: "wins:lane:a: b--c" },
    { source: "lane:2", layer: "map:Peak 1. / 2." },
  ],
};
const TEXT = "wipe.2.3--f.second--t.flow--0.error--1.wins.0--1.map.Peak 1. / 2.";

test("lanes go by their number, so that any title does", () => {
  assert.equal(writeLook(LOOK, MODEL), TEXT);
  assert.deepEqual(readLook(TEXT, MODEL), { look: LOOK, isWhole: true });
});

test("panes of lanes that are not there yet are left out, and that is told", () => {
  const { look, isWhole } = readLook(TEXT, modelOf(lane("a: b--c")));
  assert.equal(isWhole, false);
  assert.deepEqual(look.panes, LOOK.panes.slice(0, 3));
  assert.equal(look.other, 2);
});

test("what all panes that have the layer show is the menu's layer", () => {
  const layerIn = (text) => layerOfAll(readLook(text, MODEL).look.panes, MODEL);
  assert.equal(layerIn("grid.0.1--f.first--t.arrows--0.error--1.error"), "error");
  assert.equal(layerIn("grid.0.1--t.arrows--0.error--1.arrows"), undefined);
});

test("what is no look is none", () => {
  for (const text of ["", "grid", "grid.0.0", "film.0.0--f.first", "grid.0.0--f.flow", "grid.a.0--f.first", "grid.0.0--x.flow", "grid.0.0--9.flow", "grid.0.0--0.wins.9", "grid.0.0--0.wins.f"]) {
    assert.equal(readLook(text, MODEL), null, text);
  }
  assert.equal(readLook(`grid.0.0${"--f.first".repeat(1000)}`, MODEL).look.panes.length, 64);
});
