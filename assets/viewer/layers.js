// What can be looked at: the sources (frames, truth, lanes) and the layers each of them has.

export const DIFFERENCE_GAIN = 4;

// `photo`: shown as it is. `scale`: the legend that explains the layer's colors.
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

export function buildSources(model) {
  const frames = ["first", "second", model.labels && "labels", model.occluded && "occluded"];
  const sources = [{ key: "frames", title: "Frames", layers: frames.filter(Boolean) }];
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

function laneKey({ title }) {
  return `lane:${title}`;
}

// "wins:lane:RAFT" is the layer `wins` against the source "lane:RAFT".
export function layerKind(layer) {
  return layer.split(":", 1)[0];
}

export function layerOpponent(layer, sources) {
  return sources.find(({ key }) => layer === `wins:${key}`);
}

// "map:Entropy" is the map of that title, which lanes may have.
export function layerMap(layer, source) {
  return source.maps?.find(({ title }) => layer === `map:${title}`);
}

export function describeLayer(layer) {
  return LAYERS[layerKind(layer)];
}

export function layerLabel(layer, sources) {
  if (layerKind(layer) === "map") return layer.slice("map:".length);
  const { label } = describeLayer(layer);
  const opponent = layerOpponent(layer, sources);
  return opponent ? `${label} ${opponent.title}` : label;
}

// Layers that at least one lane has, for the menu that sets all panes at once.
export function sharedLayers(sources) {
  const layers = sources.filter(({ field }) => field).flatMap((source) => source.layers);
  const maps = layers.filter((layer) => layerKind(layer) === "map");
  const kinds = Object.keys(LAYERS).filter((layer) => layers.includes(layer));
  return [...kinds, ...new Set(maps)];
}
