// Payloads give back what was packed, or an error.

import assert from "node:assert/strict";
import test from "node:test";

import { decodeFlow, decodeModel, readHeader } from "../../assets/viewer/decode.js";
import { expected, payload } from "./fixture.mjs";

const model = await decodeModel(readHeader(payload));
const [small, large] = model.lanes;

function packed(header, body = new Uint8Array()) {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(4 + text.length + body.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(body, 4 + text.length);
  return bytes;
}

// The fixture with other bytes in its body.
function withBody(change) {
  const { header, body } = readHeader(payload);
  const copy = body.slice();
  return readHeader(packed(header, change(copy, header) ?? copy));
}

test("a header comes back, and the body begins behind it", () => {
  const { header, body } = readHeader(packed({ format: 4, name: "straße" }, Uint8Array.of(7, 8)));
  assert.deepEqual(header, { format: 4, name: "straße" });
  assert.deepEqual([...body], [7, 8]);
});

test("a payload may lie anywhere in its buffer", () => {
  const bytes = packed({ format: 4 }, Uint8Array.of(7));
  const inside = new Uint8Array(bytes.length + 5);
  inside.set(bytes, 3);
  const { header, body } = readHeader(inside.subarray(3, 3 + bytes.length));
  assert.deepEqual(header, { format: 4 });
  assert.deepEqual([...body], [7]);
});

test("what is no payload is an error", () => {
  assert.throws(() => readHeader(new Uint8Array(3)), RangeError);
  assert.throws(() => readHeader(packed("not json")), SyntaxError);
  assert.throws(() => readHeader(payload.subarray(0, 99)), SyntaxError);
  assert.throws(() => readHeader(packed({ format: 1 })), /format 1, this viewer reads 4/);
});

test("a body that is cut off or damaged is an error", async () => {
  const half = withBody((body) => body.subarray(0, body.length >> 1));
  await assert.rejects(decodeModel(half));
  const damaged = withBody((body, { lanes }) => { body[lanes[0].flow.offset + (lanes[0].flow.length >> 1)] ^= 255; });
  await assert.rejects(decodeModel(damaged));
});

test("the frame and its pictures", () => {
  assert.deepEqual([model.width, model.height], [expected.width, expected.height]);
  assert.deepEqual(model.first.bitmap, { type: "image/jpeg", size: readHeader(payload).header.first.length });
  assert.equal(model.classNames[7], "tree");
});

test("flows come back exactly, small and large", () => {
  for (const [i, { field }] of [model.truth, small, large].entries()) {
    const vectors = Array.from(field.u, (u, pixel) => [u * field.step, field.v[pixel] * field.step]);
    assert.deepEqual(vectors.flat(), expected.flows[i]);
  }
  assert.equal(small.field.step, 1 / 256);
  assert.equal(large.field.step, 1 / 4);
});

test("the escapes of u and v follow one another", () => {
  // Differences of one row, folded: u = 300, 300 - 150; v = -200, -200 - 128.
  const raw = Uint8Array.of(255, 255, 255, 255, ...[600, 299, 399, 255].flatMap((n) => [n & 255, n >> 8]));
  const { u, v, step } = decodeFlow(raw, 0.5, { width: 2, height: 1, thin: 1 });
  assert.deepEqual([[...u], [...v], step], [[300, 150], [-200, -328], 0.5]);
});

test("differences wrap at 16 bits", () => {
  // 32767, then 32767 + 1 = -32768.
  const raw = Uint8Array.of(255, 2, 0, 0, 65534 & 255, 65534 >> 8);
  assert.deepEqual([...decodeFlow(raw, 1, { width: 2, height: 1, thin: 1 }).u], [32767, -32768]);
});

test("masks come back bit by bit, and none is none", () => {
  const facts = (mask) => Array.from(mask, (bit) => bit === 1);
  assert.deepEqual(facts(small.field.valid), expected.masks.valid);
  assert.deepEqual(facts(small.consistent), expected.masks.consistent);
  assert.deepEqual(facts(model.occluded), expected.masks.seen.map((is) => !is));
  assert.deepEqual(facts(model.markedMask), expected.masks.seen.map((is) => !is));
  assert.equal(model.marked.title, "unseen");
  assert.equal(large.field.valid, null);
  assert.equal(large.consistent, null);
});

test("labels and maps come back", () => {
  assert.deepEqual([...model.labels], expected.labels);
  const [{ title, most, unit, levels }] = small.maps;
  assert.deepEqual({ title, most, unit }, { title: "Sureness", most: 3, unit: "bits" });
  assert.deepEqual([...levels], expected.levels);
  assert.deepEqual(large.maps, []);
});
