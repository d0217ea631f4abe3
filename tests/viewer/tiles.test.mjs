// Of a large frame every second pixel is there at first; tiles bring the others, exactly.

import assert from "node:assert/strict";
import test from "node:test";

import { decodeModel, readHeader } from "../../assets/viewer/decode.js";
import { meanEpe, readSource } from "../../assets/viewer/readings.js";
import { createTiles, fetchTiles, isAllExact, isExact, knownPixel } from "../../assets/viewer/tiles.js";
import { large, tileBytes } from "./fixture.mjs";

const WIDTH = 601;
const ALL = { left: 0, top: 0, right: WIDTH, bottom: 520 };
const asked = [];

// What a server answers to a range; one that knows none sends everything.
function serve(status) {
  globalThis.fetch = async (url, { headers: { Range } }) => {
    asked.push([url, Range]);
    const [start, end] = Range.match(/\d+/g).map(Number);
    return new Response(status === 206 ? tileBytes.slice(start, end + 1) : tileBytes, { status });
  };
}

async function largeModel() {
  const payload = readHeader(large);
  payload.header.tiles.url = "media/tiles";
  asked.length = 0;
  return { ...(await decodeModel(payload)), tiles: createTiles(payload.header) };
}

function fetched(model, rects) {
  return new Promise((resolve) => {
    const endIfAllCame = () => model.tiles.numComing || resolve();
    fetchTiles(model, rects, endIfAllCame);
    endIfAllCame();
  });
}

function vectorAt(model, x, y) {
  const i = y * WIDTH + x;
  const { u, v, step } = model.lanes[0].field;
  return [u[i] * step, v[i] * step];
}

test("what a pane can show is there at once, and is exact", async () => {
  const model = await largeModel();
  assert.equal(model.thin, 2);
  for (const [x, y] of [[0, 0], [600, 518], [2, 4], [300, 256]]) assert.deepEqual(vectorAt(model, x, y), [x / 4, y ? -y / 4 : 0]);
  assert.deepEqual(knownPixel(model, { x: 301, y: 257 }), { x: 300, y: 256 });
  assert.equal(isExact(model, { x: 300, y: 256 }), false);
});

test("a tile brings all of its pixels, and no other is asked for", async () => {
  serve(206);
  const model = await largeModel();
  await fetched(model, [{ left: 255, top: 3, right: 257, bottom: 4 }]);
  const { offsets } = model.tiles;
  assert.deepEqual(asked, [0, 1].map((i) => ["media/tiles", `bytes=${offsets[i]}-${offsets[i + 1] - 1}`]));
  for (const [x, y] of [[1, 1], [255, 255], [256, 3], [511, 7]]) assert.deepEqual(vectorAt(model, x, y), [x / 4, -y / 4]);
  assert.deepEqual(knownPixel(model, { x: 511, y: 7 }), { x: 511, y: 7 });
  assert.deepEqual([isExact(model, { x: 512, y: 7 }), isExact(model, { x: 3, y: 256 })], [false, false]);
  await fetched(model, [{ left: 0, top: 0, right: 1, bottom: 1 }]);
  assert.equal(asked.length, 2);
});

for (const status of [206, 200]) {
  test(`all tiles together are the frame, of a server that answers ${status}`, async () => {
    serve(status);
    const model = await largeModel();
    assert.equal(isAllExact(model, ALL), false);
    await fetched(model, [ALL, { left: -5, top: -5, right: 900, bottom: 900 }]);
    assert.equal(asked.length, 9);
    assert.equal(isAllExact(model, ALL), true);
    const { field } = model.lanes[0];
    field.u.forEach((u, i) => assert.equal(u * field.step, (i % WIDTH) / 4));
    field.v.forEach((v, i) => assert.equal(v * field.step, -Math.floor(i / WIDTH) / 4 || 0));
  });
}

test("a tile that cannot be had leaves what is known, and is not asked for again", async () => {
  serve(404);
  const model = await largeModel();
  await fetched(model, [{ left: 0, top: 0, right: 9, bottom: 9 }]);
  assert.equal(isExact(model, { x: 1, y: 1 }), false);
  assert.equal(model.tiles.numComing, 0);
  fetchTiles(model, [{ left: 0, top: 0, right: 9, bottom: 9 }], assert.fail);
  assert.equal(asked.length, 1);
});

test("a rectangle is read where its pixels are known", async () => {
  const model = await largeModel();
  const { truth, lanes } = model;
  const box = { left: 1, top: 0, right: 6, bottom: 1 };
  assert.equal(meanEpe(lanes[0].field, truth.field, box, WIDTH, model.thin), 3 / 4); // of 2 and 4
  assert.ok(Number.isNaN(meanEpe(lanes[0].field, truth.field, { ...box, right: 2 }, WIDTH, model.thin)));
  assert.equal(readSource(lanes[0], truth.field, knownPixel(model, { x: 9, y: 0 }), WIDTH).epe, 2);
});
