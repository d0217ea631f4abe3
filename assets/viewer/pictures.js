// Painted layers, kept: one whole-frame picture per layer, and one of the detail in view.

import { describeLayer } from "./layers.js";
import { detailRegion, paintLayer, paintMarks, paintName, wholeRegion } from "./paint.js";

const MAX_KEPT = 24;

export function createPictures(model) {
  return { model, region: wholeRegion(model), whole: new Map(), details: new Map(), marks: null };
}

// The pictures to draw one over the other, each with the region that it shows.
export function picturesOf(pictures, source, layer, scale) {
  const { model, region } = pictures;
  const { photo } = describeLayer(layer);
  if (photo) return [{ image: model[photo].bitmap, region: { x: 0, y: 0, step: 1, columns: model.width, rows: model.height } }];
  const name = paintName(source, layer, scale);
  const key = `${source.key}|${layer}`;
  const whole = keep(pictures.whole, key, name, () => ({
    image: paintLayer(model, source, layer, region, scale),
    region,
  }));
  const detail = pictures.details.get(key);
  return detail?.name === name ? [whole, detail] : [whole];
}

export function marksOf(pictures) {
  const { model, region } = pictures;
  if (!model.marked) return [];
  pictures.marks ??= { image: paintMarks(model, region), region };
  return [pictures.marks];
}

// True where the whole-frame picture is coarser than the screen can show.
export function wantsDetail(pictures, layer, scaleOnScreen) {
  const { step } = pictures.region;
  return step > 1 && scaleOnScreen * step > 1 && !describeLayer(layer).photo;
}

export function paintDetail(pictures, source, layer, scale, rect) {
  const region = detailRegion(pictures.model, rect);
  if (!region) return;
  const image = paintLayer(pictures.model, source, layer, region, scale);
  remember(pictures.details, `${source.key}|${layer}`, { name: paintName(source, layer, scale), image, region });
}

function keep(store, key, name, paint) {
  const kept = store.get(key);
  const entry = kept?.name === name ? kept : { name, ...paint() };
  remember(store, key, entry);
  return entry;
}

// The least recently used goes first.
function remember(store, key, entry) {
  store.delete(key);
  store.set(key, entry);
  if (store.size > MAX_KEPT) store.delete(store.keys().next().value);
}
