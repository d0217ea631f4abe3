// What can be looked at: the sources (frames, truth, lanes) and the layers each of them has. What a
// layer is called and what it needs comes with the payload, from flowcore/viz/layers.py.

/** @type {(model: Content) => Source[]} */
export function buildSources(model) {
  const ofPair = knownOfPair(model);
  /** @type {Source[]} */
  const sources = [{ key: "frames", title: "Frames", layers: layersWith(model, ofPair) }];
  if (model.truth) {
    sources.push({
      key: "truth",
      title: "Truth",
      field: model.truth.field,
      visible: model.occluded?.map((hidden) => 1 - hidden),
      layers: layersWith(model, { ...ofPair, flow: true }),
    });
  }
  const lanes = model.lanes.map((lane, color) => laneSource(model, lane, color));
  return [...sources, ...lanes];
}

/** @type {(model: Content, lane: Lane, color: number) => Source} */
function laneSource(model, lane, color) {
  const rivals = model.lanes.filter((other) => other !== lane);
  const known = {
    ...knownOfPair(model), truth: Boolean(model.truth), flow: true, consistent: lane.isChecked,
    uncertainty: Boolean(lane.uncertainty), opponent: rivals.length > 0, levels: lane.maps.length > 0,
  };
  /** @type {Record<string, string[]>} */
  const several = { map: lane.maps.map(({ title }) => title), wins: rivals.map(laneKey) };
  return {
    key: laneKey(lane),
    title: lane.title,
    color,
    field: lane.field,
    get visible() { return lane.consistent; },
    uncertainty: lane.uncertainty,
    maps: lane.maps,
    layers: layersWith(model, known).flatMap((key) => several[key]?.map((name) => `${key}:${name}`) ?? [key]),
  };
}

// Without the truth, against which it is only lanes that can be held.
/** @type {(model: Content) => Partial<Record<Need, boolean>>} */
function knownOfPair({ labels, occluded }) {
  return { labels: Boolean(labels), occluded: Boolean(occluded) };
}

// All whose needs are known: of a flow where there is one, else of the frames.
/** @type {(model: Content, known: Partial<Record<Need, boolean>>) => string[]} */
function layersWith({ layers }, known) {
  return Object.keys(layers).filter((key) => {
    const { needs } = layers[key];
    return needs.includes("flow") === Boolean(known.flow) && needs.every((need) => known[need]);
  });
}

/** @type {(lane: Lane) => string} */
function laneKey({ title }) {
  return `lane:${title}`;
}

// "wins:lane:RAFT" is the layer `wins` against the source "lane:RAFT".
/** @type {(layer: string) => string} */
export function layerKind(layer) {
  return layer.split(":", 1)[0];
}

/** @type {(layer: string, sources: Source[]) => Source | undefined} */
export function layerOpponent(layer, sources) {
  return sources.find(({ key }) => layer === `wins:${key}`);
}

// "map:Entropy" is the map of that title, which lanes may have.
/** @type {(layer: string, source: Source) => LayerMap | undefined} */
export function layerMap(layer, source) {
  return source.maps?.find(({ title }) => layer === `map:${title}`);
}

/** @type {(model: Model, layer: string) => Layer} */
export function describeLayer({ layers }, layer) {
  return layers[layerKind(layer)];
}

// Of an uncertainty in a pane also who says so.
/** @type {(model: Model, layer: string, source?: Source) => string} */
export function layerLabel(model, layer, source) {
  if (layer === "uncertainty" && source?.uncertainty) {
    return `${describeLayer(model, layer).label} (${source.uncertainty.kind})`;
  }
  if (layerKind(layer) === "map") return layer.slice("map:".length);
  const { sources } = model;
  const { label } = describeLayer(model, layer);
  const opponent = layerOpponent(layer, sources);
  return opponent ? `${label} ${opponent.title}` : label;
}

// The truth and the lanes.
/** @type {(sources: Source[]) => FlowSource[]} */
export function flowSources(sources) {
  return /** @type {FlowSource[]} */ (sources.filter(({ field }) => field));
}

/** @type {(sources: Source[], key: string) => Source} */
export function sourceOf(sources, key) {
  return /** @type {Source} */ (sources.find((source) => source.key === key));
}

// Layers that at least one lane has, for the menu that sets all panes at once; of those with a name
// in them ("better than"), each.
/** @type {(model: Model) => string[]} */
export function sharedLayers({ sources, layers: rows }) {
  const layers = new Set(flowSources(sources).flatMap((source) => source.layers));
  return Object.keys(rows).flatMap((kind) => [...layers].filter((layer) => layerKind(layer) === kind));
}
