// Payload -> model: frames as bitmaps, flows as integers of a stated step, masks as bytes.
// The layout is described in flowcore/viz/viewer_payload.py, which writes it.

import { readPalette } from "./color.js";

const FORMAT = 4;
const ESCAPE = 255;
// Of four bits, the first pixel in the highest: a byte each, the first in the lowest.
const FOUR_PIXELS = Uint32Array.from({ length: 16 }, (_, bits) =>
  ((bits >> 3) & 1) | (((bits >> 2) & 1) << 8) | (((bits >> 1) & 1) << 16) | ((bits & 1) << 24));

/** @type {(bytes: Bytes) => Payload} */
export function readHeader(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  if (header.format !== FORMAT) {
    throw new Error(`These flows are in format ${header.format}, this viewer reads ${FORMAT}.`);
  }
  return { header, body: bytes.subarray(4 + length) };
}

/** @type {(payload: Payload) => Promise<Content>} */
export async function decodeModel({ header, body }) {
  const numPixels = header.width * header.height;
  /** @type {(span?: Span | null) => Promise<() => Uint8Array | null>} */
  const lazyMask = async (span) => {
    const bits = span ? await inflatePart(body, span) : null;
    return once(() => bits && unpackBits(bits, numPixels));
  };
  /** @type {(span?: Span | null) => Promise<Uint8Array | null>} */
  const mask = async (span) => (await lazyMask(span))();
  /** @type {(entry: MapEntry) => Promise<LayerMap>} */
  const map = async (entry) => ({ ...entry, levels: await inflatePart(body, entry) });
  /** @type {(entry: UncertaintyEntry) => Promise<Uncertainty>} */
  const unsure = async (entry) => {
    const raw = await inflatePart(body, entry);
    const plane = once(() => decodePlane(raw, header));
    return { ...entry, get plane() { return plane(); } };
  };
  /** @type {(entry: LaneEntry) => Promise<Lane>} */
  const lane = async (entry) => {
    const [raw, valid, consistent, uncertainty, maps] = await Promise.all([
      inflatePart(body, entry.flow), mask(entry.valid), lazyMask(entry.consistent),
      entry.uncertainty && unsure(entry.uncertainty), Promise.all(entry.maps.map(map)),
    ]);
    const field = { ...decodeFlow(raw, entry.flow.step, header), valid };
    const { title, consistent: isChecked } = entry;
    return { title, field, isChecked: Boolean(isChecked), get consistent() { return consistent(); }, uncertainty, maps };
  };
  const [first, second, truth, lanes, occluded, labels, marked] = await Promise.all([
    decodePhoto(body, header.first),
    decodePhoto(body, header.second),
    header.truth && lane(header.truth),
    Promise.all(header.lanes.map(lane)),
    mask(header.occluded),
    header.labels && inflatePart(body, header.labels).then((raw) => new Int32Array(raw.buffer)),
    mask(header.marked?.mask),
  ]);
  const palette = readPalette(header.palette);
  return { ...header, palette, first, second, truth, lanes, occluded, labels, markedMask: marked };
}

// What no pane shows at first is worked out when it is asked for.
/** @template T @param {() => T} work @returns {() => T} */
function once(work) {
  /** @type {{ value: T } | undefined} */
  let done;
  return () => (done ??= { value: work() }).value;
}

/** @type {(body: Bytes, span: Span) => Promise<Bytes>} */
function inflatePart(body, { offset, length }) {
  return inflate(body.subarray(offset, offset + length));
}

/** @type {(packed: Bytes) => Promise<Bytes>} */
export async function inflate(packed) {
  const { writable, readable } = new DecompressionStream("gzip");
  const writer = writable.getWriter(); // straight from memory: a Blob would go by way of another process
  writer.write(packed).catch(() => {}); // what is damaged fails below
  writer.close().catch(() => {});
  return new Uint8Array(await new Response(readable).arrayBuffer());
}

/** @type {(body: Bytes, span: Span) => Promise<Photo>} */
async function decodePhoto(body, { offset, length }) {
  const jpeg = new Blob([body.subarray(offset, offset + length)], { type: "image/jpeg" });
  return { bitmap: await createImageBitmap(jpeg), pixels: null };
}

// Photo pixels as RGBA bytes, read back once and only where a layer computes with them.
/** @type {(photo: Photo) => Uint8ClampedArray} */
export function photoPixels(photo) {
  if (!photo.pixels) {
    const { width, height } = photo.bitmap;
    const canvas = new OffscreenCanvas(width, height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    context.drawImage(photo.bitmap, 0, 0);
    photo.pixels = context.getImageData(0, 0, width, height).data;
  }
  return photo.pixels;
}

// The planes u and v of every `thin`th pixel, at their places in the frame; in between is nothing yet.
/** @type {(raw: Bytes, step: number, frame: Size & { thin: number }) => Field} */
export function decodeFlow(raw, step, frame) {
  const { width, height, thin } = frame;
  const [u, v] = decodePlanes(raw, 2, { width: Math.ceil(width / thin), height: Math.ceil(height / thin) }, frame);
  return { u, v, step };
}

// Planes of bytes; then, 16 bits each, the numbers for which 255 stands in the planes.
/** @type {(raw: Bytes, count: number, size: Size, frame?: Size & { thin: number }) => Int16Array[]} */
export function decodePlanes(raw, count, size, frame = { ...size, thin: 1 }) {
  const numPixels = size.width * size.height;
  let large = new Uint16Array(raw.slice(count * numPixels).buffer);
  return Array.from({ length: count }, (_, i) => {
    const plane = new Int16Array(frame.width * frame.height);
    const numLarge = integratePlane(raw.subarray(i * numPixels, (i + 1) * numPixels), large, size, plane, frame);
    large = large.subarray(numLarge);
    return plane;
  });
}

// One plane of the same; a thinned one stands for the pixels around its own.
/** @type {(raw: Bytes, frame: Size & { thin: number }) => Int16Array} */
function decodePlane(raw, { width, height, thin }) {
  const size = { width: Math.ceil(width / thin), height: Math.ceil(height / thin) };
  const [plane] = decodePlanes(raw, 1, size);
  if (thin === 1) return plane;
  const whole = new Int16Array(width * height);
  for (let y = 0, o = 0; y < height; y++) {
    const row = Math.floor(y / thin) * size.width;
    for (let x = 0; x < width; x++) whole[o++] = plane[row + Math.floor(x / thin)];
  }
  return whole;
}

// Undoes, in this order: zigzag, differences down the columns, differences along the rows. Says for
// how many numbers a 255 stood.
/** @type {(raw: Uint8Array, large: Uint16Array, size: Size, plane: Int16Array, frame: Size & { thin: number }) => number} */
function integratePlane(raw, large, { width, height }, plane, { width: frameWidth, thin }) {
  let numLarge = 0;
  const along = new Int16Array(width);
  for (let y = 0, i = 0; y < height; y++) {
    let value = 0;
    for (let x = 0, o = y * thin * frameWidth; x < width; x++, i++, o += thin) {
      const zigzag = raw[i] === ESCAPE ? large[numLarge++] : raw[i];
      along[x] += (zigzag >>> 1) ^ -(zigzag & 1);
      value += along[x];
      plane[o] = value; // wraps to 16 bits, as the differences did
    }
  }
  return numLarge;
}

// Four pixels at a time.
/** @type {(bits: Uint8Array, numPixels: number) => Uint8Array} */
function unpackBits(bits, numPixels) {
  const words = new Uint32Array(2 * Math.ceil(numPixels / 8));
  for (let i = 0, o = 0; o < words.length; i++) {
    words[o++] = FOUR_PIXELS[bits[i] >> 4];
    words[o++] = FOUR_PIXELS[bits[i] & 15];
  }
  return new Uint8Array(words.buffer, 0, numPixels);
}
