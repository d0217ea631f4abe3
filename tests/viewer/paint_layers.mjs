// Paints every layer with the functions of the viewer, as bytes RGBA, for test_layer_parity.py.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { decodeModel, readHeader } from "../../assets/viewer/decode.js";
import { drawArrows } from "../../assets/viewer/draw.js";
import { buildSources, describeLayer } from "../../assets/viewer/layers.js";
import { wholeRegion } from "../../assets/viewer/paint.js";
import { layerWords } from "../../assets/viewer/painters.js";
import { fitView } from "../../assets/viewer/view.js";

const folder = process.argv[2];
const read = (name) => new Uint8Array(readFileSync(join(folder, name)));
globalThis.createImageBitmap = async () => null; // node knows no pictures

const content = await decodeModel(readHeader(read("payload.bin")));
const model = { ...content, sources: buildSources(content) };
for (const name of ["first", "second"]) model[name] = { bitmap: null, pixels: read(`${name}.rgba`) };

const region = wholeRegion(model);
for (const source of model.sources) {
  for (const layer of source.layers) {
    const { photo } = describeLayer(model, layer);
    const bytes = photo ? model[photo].pixels : new Uint8Array(layerWords(model, source, layer, region, model).buffer);
    writeFileSync(join(folder, `${source.key}|${layer}.rgba`.replaceAll(":", "-")), bytes);
  }
}

// Arrows are lines on the screen: their colors, in the order in which they are drawn.
const strokes = [];
const context = new Proxy({}, {
  get: () => () => {},
  set: (_, name, value) => name !== "strokeStyle" || strokes.push(value) > 0,
});
drawArrows(context, { state: { view: fitView(model) }, model, paneSize: model }, model.lanes[0].field);
writeFileSync(join(folder, "strokes.json"), JSON.stringify(strokes));
