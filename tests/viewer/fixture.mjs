// The payload that test_viewer_units.py packs, and what it knows of its content.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.VIEWER_FIXTURE;
if (!folder) throw new Error("VIEWER_FIXTURE names no folder: run `pytest tests/viewer`, which makes one.");

export const payload = new Uint8Array(readFileSync(join(folder, "payload.bin")));
export const large = new Uint8Array(readFileSync(join(folder, "large.bin")));
export const tileBytes = new Uint8Array(readFileSync(join(folder, "tiles.bin")));
export const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf-8"));

// Node knows no pictures; what the viewer would have decoded stands in for them.
globalThis.createImageBitmap = async (blob) => ({ type: blob.type, size: blob.size });
