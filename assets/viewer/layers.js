// What can be looked at: the sources (frames, truth, lanes) and the layers each of them has.

export const DIFFERENCE_GAIN = 4;

// `photo`: shown as it is. `scale`: the legend that explains the layer's colors.
/** @type {Record<string, Layer>} */
const LAYERS = {
  first: { label: "First frame", photo: "first" },
  second: { label: "Second frame", photo: "second" },
  labels: { label: "Classes" },
  occluded: { label: "Occluded" },
  flow: { label: "Flow", scale: "flow" },
  error: { label: "Error", scale: "error" },
  kitti: { label: "KITTI error", scale: "kitti" },
  warped: { label: "Warped second" },
  difference: { label: `Difference ×${DIFFERENCE_GAIN}` },
  consistency: { label: "Consistency" },
  arrows: { label: "Arrows", photo: "first" },
  wins: { label: "Better than", scale: "wins" },
  map: { label: "Map", scale: "map" },
};

/** @type {(model: Content) => Source[]} */
export function buildSources(model) {
  const frames = ["first", "second", ...(model.labels ? ["labels"] : []), ...(model.occluded ? ["occluded"] : [])];
  /** @type {Source[]} */
  const sources = [{ key: "frames", title: "Frames", layers: frames }];
  if (model.truth) {
    sources.push({
      key: "truth",
      title: "Truth",
      field: model.truth.field,
      visible: model.occluded?.map((hidden) => 1 - hidden),
      layers: ["flow", "warped", "difference", "arrows"],
    });
  }
  const lanes = model.lanes.map((lane, color) => laneSource(model, lane, color));
  return [...sources, ...lanes];
}

/** @type {(model: Content, lane: Lane, color: number) => Source} */
function laneSource(model, lane, color) {
  const others = model.lanes.filter((other) => other !== lane);
  return {
    key: laneKey(lane),
    title: lane.title,
    color,
    field: lane.field,
    visible: lane.consistent,
    maps: lane.maps,
    layers: [
      "flow",
      ...(model.truth ? ["error", "kitti"] : []),
      "warped",
      "difference",
      ...(lane.consistent ? ["consistency"] : []),
      "arrows",
      ...lane.maps.map(({ title }) => `map:${title}`),
      ...(model.truth ? others.map((other) => `wins:${laneKey(other)}`) : []),
    ],
  };
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

/** @type {(layer: string) => Layer} */
export function describeLayer(layer) {
  return LAYERS[layerKind(layer)];
}

/** @type {(layer: string, sources: Source[]) => string} */
export function layerLabel(layer, sources) {
  if (layerKind(layer) === "map") return layer.slice("map:".length);
  const { label } = describeLayer(layer);
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

// Layers that at least one lane has, for the menu that sets all panes at once.
/** @type {(sources: Source[]) => string[]} */
export function sharedLayers(sources) {
  const layers = flowSources(sources).flatMap((source) => source.layers);
  const maps = layers.filter((layer) => layerKind(layer) === "map");
  const kinds = Object.keys(LAYERS).filter((layer) => layers.includes(layer));
  return [...kinds, ...new Set(maps)];
}
