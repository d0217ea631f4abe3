// Exact flows of a large frame. The payload has every `thin`th pixel of them, which is what a pane can
// show of the whole frame; the others are fetched in tiles, all flows together, where a person looks.

import { decodePlanes, inflate } from "./decode.js";

const UNKNOWN = 0;
const COMING = 1;
const THERE = 2;
const FAILED = 3;

// None of a frame whose flows are all there.
/** @type {(header: Header) => TileStore | null} */
export function createTiles({ tiles, width, height }) {
  if (!tiles) return null;
  const columns = Math.ceil(width / tiles.side);
  const rows = Math.ceil(height / tiles.side);
  return { ...tiles, columns, rows, states: new Uint8Array(columns * rows), numComing: 0 };
}

/** @type {(model: Tiled, pixel: Point) => boolean} */
export function isExact({ tiles }, { x, y }) {
  return !tiles || tiles.states[tileOf(tiles, x, y)] === THERE;
}

/** @type {(model: Tiled, rect: Rect | null) => boolean} */
export function isAllExact({ tiles }, rect) {
  return !tiles || !rect || tilesIn(tiles, rect).every((index) => tiles.states[index] === THERE);
}

// The pixel itself where its flows are there, else the nearest to the upper left that has them.
/** @type {(model: Tiled, pixel: Point) => Point} */
export function knownPixel(model, pixel) {
  if (isExact(model, pixel)) return pixel;
  const { thin } = model;
  return { x: pixel.x - (pixel.x % thin), y: pixel.y - (pixel.y % thin) };
}

// Fetches what is not there yet of rectangles of the frame; `onArrival` comes after each tile.
/** @type {(model: Model, rects: Rect[], onArrival: () => void) => void} */
export function fetchTiles(model, rects, onArrival) {
  const { tiles } = model;
  if (!tiles?.url) return;
  for (const index of rects.flatMap((rect) => tilesIn(tiles, rect))) {
    if (tiles.states[index] === UNKNOWN) fetchTile(model, tiles, index).then(onArrival);
  }
}

/** @type {(tiles: TileStore, x: number, y: number) => number} */
function tileOf({ side, columns }, x, y) {
  return Math.floor(y / side) * columns + Math.floor(x / side);
}

/** @type {(tiles: TileStore, rect: Rect) => number[]} */
function tilesIn({ side, columns, rows }, { left, top, right, bottom }) {
  const found = [];
  for (let row = Math.max(0, Math.floor(top / side)); row < Math.min(rows, Math.ceil(bottom / side)); row++) {
    for (let column = Math.max(0, Math.floor(left / side)); column < Math.min(columns, Math.ceil(right / side)); column++) {
      found.push(row * columns + column);
    }
  }
  return found;
}

// One that cannot be had is not asked for again: what is known of it stays approximate.
/** @type {(model: Model, tiles: TileStore, index: number) => Promise<void>} */
async function fetchTile(model, tiles, index) {
  tiles.states[index] = COMING;
  tiles.numComing++;
  try {
    const packed = await fetchBytes(tiles.url, tiles.offsets[index], tiles.offsets[index + 1]);
    fillIn(model, tiles, index, await inflate(packed));
    tiles.states[index] = THERE;
  } catch {
    tiles.states[index] = FAILED;
  }
  tiles.numComing--;
}

/** @type {(url: string, start: number, end: number) => Promise<Bytes>} */
async function fetchBytes(url, start, end) {
  const reply = await fetch(url, { headers: { Range: `bytes=${start}-${end - 1}` } });
  if (!reply.ok) throw new Error(`The server says ${reply.status}.`);
  const bytes = new Uint8Array(await reply.arrayBuffer());
  return reply.status === 206 ? bytes : bytes.subarray(start, end);
}

/** @type {(model: Model, tiles: TileStore, index: number, raw: Bytes) => void} */
function fillIn({ truth, lanes, width, height }, { side, columns }, index, raw) {
  const x = (index % columns) * side;
  const y = Math.floor(index / columns) * side;
  const size = { width: Math.min(side, width - x), height: Math.min(side, height - y) };
  const fields = [...(truth ? [truth] : []), ...lanes].flatMap(({ field: { u, v } }) => [u, v]);
  decodePlanes(raw, fields.length, size).forEach((plane, i) => {
    for (let row = 0; row < size.height; row++) {
      fields[i].set(plane.subarray(row * size.width, (row + 1) * size.width), (y + row) * width + x);
    }
  });
}
