// One pane on its canvas: pictures, then arrows, crosshair, pin and where the pixel goes.

import { cssColor } from "./color.js";
import { diskMiddle } from "./disk.js";
import { describeLayer, flowSources } from "./layers.js";
import { marksOf, picturesOf } from "./pictures.js";
import { isKnown, readSource } from "./readings.js";
import { knownPixel } from "./tiles.js";
import { toScreen, viewScale, visibleRect } from "./view.js";

const ARROW_SPACING = 26;
const ARROW_HEAD = 4.5;

// `panes` is one pane, or two to be wiped between at `state.wipe` of the width.
/** @type {(canvas: HTMLCanvasElement, viewer: Viewer, panes: Shown[]) => void} */
export function drawPane(canvas, viewer, panes) {
  const { state, paneSize: size, pixelRatio } = viewer;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  const [first, second] = panes;
  const divider = second ? state.wipe * size.width : size.width;
  drawClipped(context, viewer, first, 0, divider);
  if (second) {
    drawClipped(context, viewer, second, divider, size.width);
    drawDivider(context, divider, size.height);
  }
}

/** @type {(context: CanvasRenderingContext2D, viewer: Viewer, pane: Shown, left: number, right: number) => void} */
function drawClipped(context, viewer, pane, left, right) {
  context.save();
  context.beginPath();
  context.rect(left, 0, right - left, viewer.paneSize.height);
  context.clip();
  drawPictures(context, viewer, pane);
  const { source, layer } = pane;
  if (layer === "arrows" && source.field) drawArrows(context, viewer, source.field);
  drawDisk(context, viewer);
  drawBox(context, viewer);
  drawCrosshair(context, viewer);
  drawPin(context, viewer);
  if (describeLayer(viewer.model, layer).photo === "second") drawTargets(context, viewer);
  context.restore();
}

/** @type {(context: CanvasRenderingContext2D, viewer: Viewer, pane: Shown) => void} */
function drawPictures(context, viewer, { source, layer }) {
  const { state, model, paneSize, pictures } = viewer;
  const scale = viewScale(state.view, model, paneSize);
  const origin = toScreen(state.view, model, paneSize, { x: 0, y: 0 });
  const marks = state.isMarkShown ? marksOf(pictures) : [];
  context.imageSmoothingEnabled = scale < 2;
  for (const { image, region } of [...picturesOf(pictures, source, layer, state.scale), ...marks]) {
    const { x, y, step, columns, rows } = region;
    const size = step * scale;
    context.drawImage(image, origin.x + x * scale, origin.y + y * scale, columns * size, rows * size);
  }
}

/** @type {(context: CanvasRenderingContext2D, x: number, height: number) => void} */
function drawDivider(context, x, height) {
  context.fillStyle = "#fff";
  context.fillRect(x - 1, 0, 2, height);
  context.beginPath();
  context.arc(x, height / 2, 9, 0, 2 * Math.PI);
  context.fill();
  strokeTwice(context, "#1b2730", "#1b2730", () => {
    for (const side of [-1, 1]) {
      context.moveTo(x + 2 * side, height / 2 - 3);
      context.lineTo(x + 5 * side, height / 2);
      context.lineTo(x + 2 * side, height / 2 + 3);
    }
  });
}

// Arrows stand on fixed pixels, so that they do not crawl while the view moves.
/** @type {(context: CanvasRenderingContext2D, viewer: Viewer, field: Field) => void} */
export function drawArrows(context, viewer, field) {
  const { state, model, paneSize } = viewer;
  const scale = viewScale(state.view, model, paneSize);
  const rect = visibleRect(state.view, model, paneSize);
  const spacing = Math.max(1, Math.round(ARROW_SPACING / scale));
  /** @type {(low: number) => number} */
  const start = (low) => Math.max(0, Math.floor(low / spacing)) * spacing + (spacing >> 1);
  const { arrow, arrowOutline } = model.palette;
  strokeTwice(context, cssColor(arrowOutline), cssColor(arrow), () => {
    for (let y = start(rect.top); y < Math.min(rect.bottom, model.height); y += spacing) {
      for (let x = start(rect.left); x < Math.min(rect.right, model.width); x += spacing) {
        const known = knownPixel(model, { x, y });
        const i = known.y * model.width + known.x;
        if (!isKnown(field, i)) continue;
        const tail = toScreen(state.view, model, paneSize, { x: x + 0.5, y: y + 0.5 });
        const length = field.step * scale;
        traceArrow(context, tail, field.u[i] * length, field.v[i] * length);
      }
    }
  });
}

/** @type {(context: CanvasRenderingContext2D, tail: Point, dx: number, dy: number) => void} */
function traceArrow(context, tail, dx, dy) {
  const length = Math.hypot(dx, dy);
  if (length < 1) return;
  const head = Math.min(ARROW_HEAD, length) / length;
  const tip = { x: tail.x + dx, y: tail.y + dy };
  context.moveTo(tail.x, tail.y);
  context.lineTo(tip.x, tip.y);
  context.moveTo(tip.x - head * (dx + 0.5 * dy), tip.y - head * (dy - 0.5 * dx));
  context.lineTo(tip.x, tip.y);
  context.lineTo(tip.x - head * (dx - 0.5 * dy), tip.y - head * (dy + 0.5 * dx));
}

// A dark line under a light one is seen on any picture.
/** @type {(context: CanvasRenderingContext2D, dark: string, light: string, trace: () => void) => void} */
function strokeTwice(context, dark, light, trace) {
  context.beginPath();
  trace();
  context.lineJoin = "round";
  /** @type {[string, number][]} */
  const lines = [[dark, 3], [light, 1.3]];
  for (const [style, width] of lines) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke();
  }
}

// Its edge; and while it is elsewhere than in the frames, what they show of it.
/** @type {(context: CanvasRenderingContext2D, viewer: Viewer) => void} */
function drawDisk(context, viewer) {
  const { state, model, paneSize } = viewer;
  const middle = diskMiddle(viewer);
  if (!middle || !model.disk) return;
  const { x, y, radius, frame } = model.disk;
  const reach = radius * viewScale(state.view, model, paneSize);
  const at = toScreen(state.view, model, paneSize, middle);
  if (state.heldDisk) {
    context.save();
    context.beginPath();
    context.arc(at.x, at.y, reach, 0, 2 * Math.PI);
    context.clip();
    const { bitmap } = model[frame];
    context.drawImage(bitmap, x - radius, y - radius, 2 * radius, 2 * radius, at.x - reach, at.y - reach, 2 * reach, 2 * reach);
    context.restore();
  }
  strokeTwice(context, "#000", "#fff", () => context.arc(at.x, at.y, reach, 0, 2 * Math.PI));
}

/** @type {(context: CanvasRenderingContext2D, viewer: Viewer) => void} */
function drawBox(context, { state, model, paneSize }) {
  if (!state.box) return;
  const { left, top, right, bottom } = state.box;
  const corner = toScreen(state.view, model, paneSize, { x: left, y: top });
  const opposite = toScreen(state.view, model, paneSize, { x: right, y: bottom });
  strokeTwice(context, "#000", "#fff", () => {
    context.rect(corner.x, corner.y, opposite.x - corner.x, opposite.y - corner.y);
  });
}

/** @type {(context: CanvasRenderingContext2D, viewer: Viewer) => void} */
function drawCrosshair(context, viewer) {
  const { state, model, paneSize } = viewer;
  if (!state.cursor) return;
  const scale = viewScale(state.view, model, paneSize);
  const corner = toScreen(state.view, model, paneSize, state.cursor);
  const middle = { x: corner.x + scale / 2, y: corner.y + scale / 2 };
  context.globalCompositeOperation = "difference";
  context.fillStyle = "#9a9a9a";
  context.fillRect(0, middle.y - 0.5, paneSize.width, 1);
  context.fillRect(middle.x - 0.5, 0, 1, paneSize.height);
  context.globalCompositeOperation = "source-over";
  if (scale >= 6) {
    strokeTwice(context, "#000", "#fff", () => context.rect(corner.x, corner.y, scale, scale));
  }
}

/** @type {(context: CanvasRenderingContext2D, viewer: Viewer) => void} */
function drawPin(context, viewer) {
  const { state, model, paneSize } = viewer;
  if (!state.pin) return;
  const at = toScreen(state.view, model, paneSize, { x: state.pin.x + 0.5, y: state.pin.y + 0.5 });
  strokeTwice(context, "#000", "#fff", () => {
    context.arc(at.x, at.y, 6, 0, 2 * Math.PI);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(at.x + 6 * dx, at.y + 6 * dy);
      context.lineTo(at.x + 10 * dx, at.y + 10 * dy);
    }
  });
}

// A ring in each lane's color where that lane sends the pixel.
/** @type {(context: CanvasRenderingContext2D, viewer: Viewer) => void} */
function drawTargets(context, viewer) {
  const { state, model, paneSize } = viewer;
  const pixel = state.cursor ?? state.pin;
  if (!pixel) return;
  for (const source of flowSources(model.sources)) {
    const reading = readSource(source, null, knownPixel(model, pixel), model.width);
    if (!reading) continue;
    const at = toScreen(state.view, model, paneSize, { x: reading.x + 0.5, y: reading.y + 0.5 });
    strokeTwice(context, "#000", viewer.colorOf(source), () => context.arc(at.x, at.y, 4, 0, 2 * Math.PI));
  }
}
