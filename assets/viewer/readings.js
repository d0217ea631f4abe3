// Exact numbers at one pixel, from the flows themselves and not from their pictures.

const DEGREES = 180 / Math.PI;

/** @type {(field: Vectors, i: number) => boolean} */
export function isKnown(field, i) {
  return !field.valid || field.valid[i] === 1;
}

// End-point error in px; NaN where either flow is unknown.
/** @type {(field: Vectors, truth: Vectors, i: number) => number} */
export function epeAt(field, truth, i) {
  if (!isKnown(field, i) || !isKnown(truth, i)) return NaN;
  const du = field.u[i] * field.step - truth.u[i] * truth.step;
  const dv = field.v[i] * field.step - truth.v[i] * truth.step;
  return Math.sqrt(du * du + dv * dv);
}

// Mean end-point error over a rectangle, or over every `step`th pixel in it, px; NaN where nothing is
// known of these.
/** @type {(field: Vectors, truth: Vectors, box: Rect, width: number, step?: number) => number} */
export function meanEpe(field, truth, { left, top, right, bottom }, width, step = 1) {
  let sum = 0;
  let count = 0;
  for (let y = Math.ceil(top / step) * step; y < bottom; y += step) {
    for (let i = y * width + Math.ceil(left / step) * step; i < y * width + right; i += step) {
      const error = epeAt(field, truth, i);
      if (Number.isNaN(error)) continue;
      sum += error;
      count++;
    }
  }
  return sum / count;
}

// Everything the read-out says of one source at pixel (x, y).
/** @type {(source: { field: Vectors }, truth: Vectors | null | undefined, pixel: Point, width: number) => Reading | null} */
export function readSource({ field }, truth, { x, y }, width) {
  const i = y * width + x;
  if (!isKnown(field, i)) return null;
  const u = field.u[i] * field.step;
  const v = field.v[i] * field.step;
  /** @type {Reading} */
  const reading = { u, v, speed: Math.hypot(u, v), angle: Math.atan2(v, u) * DEGREES, x: x + u, y: y + v };
  if (truth && truth !== field && isKnown(truth, i)) {
    reading.epe = epeAt(field, truth, i);
    reading.angularError = angularError(u, v, truth.u[i] * truth.step, truth.v[i] * truth.step);
  }
  return reading;
}

// The angle between (u, v, 1) and (s, t, 1) in degrees: Barron, Fleet and Beauchemin, IJCV 1994.
/** @type {(u: number, v: number, s: number, t: number) => number} */
export function angularError(u, v, s, t) {
  const cosine = (u * s + v * t + 1) / Math.sqrt((u * u + v * v + 1) * (s * s + t * t + 1));
  return Math.acos(Math.min(1, Math.max(-1, cosine))) * DEGREES;
}
