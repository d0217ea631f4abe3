// The numbers under the crosshair.

import assert from "node:assert/strict";
import test from "node:test";

import { angularError, epeAt, isKnown, meanEpe, readSource } from "../../assets/viewer/readings.js";
import { formatCell } from "../../assets/viewer/readout.js";

// Two pixels in a row, in quarters of a px: (3, -4) and (0, 0).
const TRUTH = { u: [12, 0], v: [-16, 0], step: 0.25 };
// In halves of a px: (6, 0) and something that nobody knows.
const LANE = { u: [12, 99], v: [0, 99], step: 0.5, valid: [1, 0] };

test("a flow without a mask is known everywhere", () => {
  assert.deepEqual([0, 1].map((i) => isKnown(TRUTH, i)), [true, true]);
  assert.deepEqual([0, 1].map((i) => isKnown(LANE, i)), [true, false]);
});

test("the error is the distance in px, whatever the steps", () => {
  assert.equal(epeAt(LANE, TRUTH, 0), 5);
  assert.equal(epeAt(TRUTH, TRUTH, 0), 0);
});

test("an error needs both flows", () => {
  assert.ok(Number.isNaN(epeAt(LANE, TRUTH, 1)));
  assert.ok(Number.isNaN(epeAt(TRUTH, LANE, 1)));
});

test("the mean over a rectangle takes known pixels alone", () => {
  assert.equal(meanEpe(LANE, TRUTH, { left: 0, top: 0, right: 2, bottom: 1 }, 2), 5);
  assert.ok(Number.isNaN(meanEpe(LANE, TRUTH, { left: 1, top: 0, right: 2, bottom: 1 }, 2)));
  const wide = { u: [0, 1, 2, 3, 4, 5], v: [0, 0, 0, 0, 0, 0], step: 1 };
  const still = { u: [0, 0, 0, 0, 0, 0], v: [0, 0, 0, 0, 0, 0], step: 1 };
  assert.equal(meanEpe(wide, still, { left: 1, top: 0, right: 3, bottom: 2 }, 3), 3); // of 1, 2, 4, 5
});

test("a reading has the vector, where it leads, and how wrong it is", () => {
  const reading = readSource({ field: LANE }, TRUTH, { x: 0, y: 0 }, 2);
  const { angularError: degrees, ...exact } = reading;
  assert.deepEqual(exact, { u: 6, v: 0, speed: 6, angle: 0, x: 6, y: 0, epe: 5 });
  assert.equal(degrees, angularError(6, 0, 3, -4));
  const down = { u: [0, 0, 0, 0, 0, 0], v: [0, 0, 0, 0, 0, 7], step: 1 };
  const { angle, x, y } = readSource({ field: down }, null, { x: 2, y: 1 }, 3);
  assert.deepEqual({ angle, x, y }, { angle: 90, x: 2, y: 8 });
});

test("the truth is not compared with itself, nor an unknown pixel read", () => {
  assert.equal(readSource({ field: TRUTH }, TRUTH, { x: 0, y: 0 }, 2).epe, undefined);
  assert.equal(readSource({ field: LANE }, TRUTH, { x: 1, y: 0 }, 2), null);
});

test("the angular error is that of Barron et al.", () => {
  assert.equal(angularError(3, -4, 3, -4), 0);
  assert.ok(Math.abs(angularError(1, 0, 0, 0) - 45) < 1e-12); // (1, 0, 1) and (0, 0, 1)
  assert.ok(Math.abs(angularError(1, 0, -1, 0) - 90) < 1e-12);
});

test("cells are written with their digits, a true minus and no minus zero", () => {
  const reading = { u: -2, v: -0.001, angle: 12.34, angularError: 1, x: 40.04, y: -0.04 };
  assert.deepEqual(
    ["u", "v", "angle", "angularError", "target", "epe"].map((key) => formatCell(key, reading)),
    ["−2.00", "0.00", "12.3", "1.0", "40.0, 0.0", "–"],
  );
  assert.equal(formatCell("u", null), "–");
});
