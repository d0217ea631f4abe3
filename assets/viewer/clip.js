// A short clip: the pair that the page is about, and those after it, each a payload of its own which
// is fetched when it is near. Zoom, panes, colors and crosshair stay as they are from pair to pair.

import { readHeader } from "./decode.js";
import { make, makeButton } from "./dom.js";

const PLAY_MS = 250; // a pair is seen at least for so long

// False where a page sends again what is played already, and another pair than its own is shown.
/** @type {(viewer: Viewer, bytes: Bytes) => boolean} */
export function takeClip(viewer, bytes) {
  const { id, clip: entries } = readHeader(bytes).header;
  const { clip } = viewer;
  if (clip && clip.id === id && JSON.stringify(clip.entries) === JSON.stringify(entries)) return !clip.index;
  const fetched = [Promise.resolve(bytes)];
  viewer.clip = entries ? { id, entries, fetched, index: 0, isPlaying: false, failure: "" } : null;
  return true;
}

/** @type {(viewer: Viewer, by: number) => void} */
export function stepClip(viewer, by) {
  const { clip } = viewer;
  if (!clip) return;
  clip.isPlaying = false;
  goTo(viewer, clip, clip.index + by);
}

/** @type {(viewer: Viewer) => void} */
export function togglePlaying(viewer) {
  const { clip } = viewer;
  if (!clip) return;
  clip.isPlaying = !clip.isPlaying;
  viewer.refresh();
  if (clip.isPlaying) play(viewer, clip);
}

/** @type {(viewer: Viewer, clip: Clip) => Promise<void>} */
async function play(viewer, clip) {
  const goesOn = () => clip.isPlaying && viewer.clip === clip && viewer.isShowing;
  while (goesOn()) {
    const seen = new Promise((resolve) => setTimeout(resolve, PLAY_MS));
    await goTo(viewer, clip, clip.index + 1);
    await seen;
  }
}

// Past the last pair comes the first. Of steps in quick succession the last is shown.
/** @type {(viewer: Viewer, clip: Clip, index: number) => Promise<void>} */
async function goTo(viewer, clip, index) {
  const count = clip.entries.length;
  clip.index = ((index % count) + count) % count;
  const asked = clip.index;
  try {
    const bytes = await fetchPair(clip, asked);
    fetchPair(clip, (asked + 1) % count).catch(() => {}); // told when it is wanted
    if (viewer.clip !== clip || clip.index !== asked) return;
    clip.failure = "";
    await viewer.present(bytes);
  } catch {
    clip.isPlaying = false;
    clip.failure = "This pair could not be fetched.";
    viewer.refresh();
  }
}

/** @type {(clip: Clip, index: number) => Promise<Bytes>} */
function fetchPair({ entries, fetched }, index) {
  fetched[index] ??= fetch(entries[index].url).then(async (reply) => {
    if (!reply.ok) throw new Error(`The server says ${reply.status}.`);
    return new Uint8Array(await reply.arrayBuffer());
  });
  fetched[index].catch(() => { delete fetched[index]; });
  return fetched[index];
}

// The row that plays it; hidden where there is none.
/** @type {(viewer: Viewer) => Part} */
export function createClipBar(viewer) {
  const play = makeButton("", "", () => togglePlaying(viewer));
  const slider = make("input", {
    type: "range", min: 0, step: 1, "aria-label": "Pair of the clip",
    oninput: () => viewer.clip && stepClip(viewer, slider.valueAsNumber - viewer.clip.index),
  });
  const place = make("output", { className: "clip-place" });
  const element = make(
    "div",
    { className: "clip", role: "group", "aria-label": "Clip", hidden: true },
    play,
    makeButton("‹", "Previous pair of the clip", () => stepClip(viewer, -1)),
    slider,
    makeButton("›", "Next pair of the clip", () => stepClip(viewer, 1)),
    place,
  );

  const update = () => {
    const { clip } = viewer;
    element.hidden = !clip;
    if (!clip) return;
    const { entries, index, isPlaying, failure } = clip;
    play.textContent = isPlaying ? "Pause" : "Play";
    play.setAttribute("aria-label", isPlaying ? "Pause the clip" : "Play the clip");
    slider.max = String(entries.length - 1);
    slider.value = String(index);
    const elsewhere = index ? "; numbers below the viewer are of pair 1" : "";
    const text = `Pair ${index + 1} of ${entries.length}, ${entries[index].label}${elsewhere}`;
    slider.setAttribute("aria-valuetext", text);
    place.textContent = failure || text;
  };
  return { element, update };
}
