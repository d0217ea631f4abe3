// The two ways in: as a Streamlit component (the default export), and inline in any page.

import { createViewer } from "./viewer.js";

/** @type {WeakMap<Element, Viewer>} */
const VIEWERS = new WeakMap();

// Called at every change of data or theme; the viewer of a parent lives on in between.
/** @type {(call: { data: Bytes, parentElement: Element, setTriggerValue: (name: string, value: unknown) => void }) => () => void} */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = /** @type {HTMLElement} */ (parentElement.querySelector(".flow-viewer"));
  const viewer = VIEWERS.get(parentElement) ?? createViewer(root);
  if (!VIEWERS.has(parentElement)) {
    const linked = new URLSearchParams(location.search);
    viewer.linkedBox = linked.get("region");
    viewer.linkedLook = linked.get("view");
  }
  VIEWERS.set(parentElement, viewer);
  /** @type {Viewer["onPick"]} */
  const onPick = (pixel) => setTriggerValue("picked", { ...pixel, pair: viewer.clip?.index ?? 0 });
  viewer.onPick = onPick;
  viewer.onScale = (maxMagnitude) => setTriggerValue("scaled", maxMagnitude);
  viewer.onBox = (box) => setTriggerValue("boxed", box ? [box.left, box.top, box.right, box.bottom] : []);
  viewer.onLook = (look) => setTriggerValue("looked", look);
  viewer.onPair = (index) => setTriggerValue("stepped", index);
  viewer.show(data);
  return () => {
    if (viewer.onPick !== onPick) return; // taken back late: the page has called again meanwhile
    viewer.destroy();
    VIEWERS.delete(parentElement);
  };
}

// Each <flow-viewer> holds its style sheet and, as base64, its payload.
/** @type {(host: Element) => void} */
function mountInline(host) {
  const style = /** @type {Element} */ (host.querySelector("style"));
  const script = /** @type {Element} */ (host.querySelector("script"));
  const payload = script.textContent.trim();
  const root = document.createElement("div");
  root.className = "flow-viewer";
  host.attachShadow({ mode: "open" }).append(style, root);
  createViewer(root).show(Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0)));
}

document.querySelectorAll("flow-viewer").forEach(mountInline);
