// The two ways in: as a Streamlit component (the default export), and inline in any page.

import { createViewer } from "./viewer.js";

const VIEWERS = new WeakMap();

// Called at every change of data or theme; the viewer of a parent lives on in between.
export default function ({ data, parentElement, setTriggerValue }) {
  if (!VIEWERS.has(parentElement)) {
    VIEWERS.set(parentElement, createViewer(parentElement.querySelector(".flow-viewer")));
  }
  const viewer = VIEWERS.get(parentElement);
  const onPick = (pixel) => setTriggerValue("picked", pixel);
  viewer.onPick = onPick;
  viewer.show(data);
  return () => {
    if (viewer.onPick !== onPick) return; // taken back late: the page has called again meanwhile
    viewer.destroy();
    VIEWERS.delete(parentElement);
  };
}

// Each <flow-viewer> holds its style sheet and, as base64, its payload.
function mountInline(host) {
  const payload = host.querySelector("script").textContent.trim();
  const root = document.createElement("div");
  root.className = "flow-viewer";
  host.attachShadow({ mode: "open" }).append(host.querySelector("style"), root);
  createViewer(root).show(Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0)));
}

document.querySelectorAll("flow-viewer").forEach(mountInline);
