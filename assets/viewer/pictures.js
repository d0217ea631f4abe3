// Painted layers, kept: one whole-frame picture per layer, and one of the detail in view.

import { describeLayer } from "./layers.js";
import { detailRegion, paintLayer, paintMarks, paintName, wholeRegion } from "./paint.js";

const MAX_KEPT = 24;

/** @type {(model: Model) => Pictures} */
export function createPictures(model) {
  return { model, region: wholeRegion(model), whole: new Map(), details: new Map(), marks: null };
}

// The pictures to draw one over the other, each with the region that it shows.
/** @type {(pictures: Pictures, source: Source, layer: string, scale: Scale) => Picture[]} */
export function picturesOf(pictures, source, layer, scale) {
  const { model, region } = pictures;
  const { photo } = describeLayer(model, layer);
  if (photo) return [{ image: model[photo].bitmap, region: { x: 0, y: 0, step: 1, columns: model.width, rows: model.height } }];
  const name = paintName(model, source, layer, scale);
  const key = `${source.key}|${layer}`;
  const whole = keep(pictures.whole, key, name, () => ({
    image: paintLayer(model, source, layer, region, scale),
    region,
  }));
  const detail = pictures.details.get(key);
  return detail?.name === name ? [whole, detail] : [whole];
}

/** @type {(pictures: Pictures) => Picture[]} */
export function marksOf(pictures) {
  const { model, region } = pictures;
  if (!model.marked) return [];
  pictures.marks ??= { image: paintMarks(model, region), region };
  return [pictures.marks];
}

// True where the whole-frame picture is coarser than the screen can show.
/** @type {(pictures: Pictures, layer: string, scaleOnScreen: number) => boolean} */
export function wantsDetail(pictures, layer, scaleOnScreen) {
  const { region: { step }, model } = pictures;
  return step > 1 && scaleOnScreen * step > 1 && !describeLayer(model, layer).photo;
}

/** @type {(pictures: Pictures, source: Source, layer: string, scale: Scale, rect: Rect) => void} */
export function paintDetail(pictures, source, layer, scale, rect) {
  const { model } = pictures;
  const region = detailRegion(model, rect);
  if (!region) return;
  const image = paintLayer(model, source, layer, region, scale);
  remember(pictures.details, `${source.key}|${layer}`, { name: paintName(model, source, layer, scale), image, region });
}

/** @type {(store: Map<string, NamedPicture>, key: string, name: string, paint: () => Picture) => NamedPicture} */
function keep(store, key, name, paint) {
  const kept = store.get(key);
  const entry = kept?.name === name ? kept : { name, ...paint() };
  remember(store, key, entry);
  return entry;
}

// The least recently used goes first.
/** @type {(store: Map<string, NamedPicture>, key: string, entry: NamedPicture) => void} */
function remember(store, key, entry) {
  store.delete(key);
  store.set(key, entry);
  const [oldest] = store.keys();
  if (store.size > MAX_KEPT) store.delete(oldest);
}
