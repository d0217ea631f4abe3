// A rectangle of pixels, { left, top, right, bottom }; right and bottom are just outside of it.

// The smallest one that holds both pixels.
/** @type {(a: Point, b: Point) => Rect} */
export function boxAround(a, b) {
  return {
    left: Math.min(a.x, b.x), top: Math.min(a.y, b.y),
    right: Math.max(a.x, b.x) + 1, bottom: Math.max(a.y, b.y) + 1,
  };
}

/** @type {(box: Rect) => string} */
export function boxSize({ left, top, right, bottom }) {
  return `${right - left}×${bottom - top} px`;
}

// What an address says, "left,top,right,bottom"; null if that is no rectangle of the frame.
/** @type {(text: string | null, frame: Size) => Rect | null} */
export function readBox(text, frame) {
  if (!text || !/^\d+(,\d+){3}$/.test(text)) return null;
  const [left, top, right, bottom] = text.split(",").map(Number);
  return left < right && top < bottom && right <= frame.width && bottom <= frame.height ? { left, top, right, bottom } : null;
}
