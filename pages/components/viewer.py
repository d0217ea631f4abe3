"""The viewer as a Streamlit component: flows side by side, read and pinned by pointer and keys."""

from dataclasses import dataclass

import streamlit as st

from flowcore.viz.viewer_page import viewer_script, viewer_style
from pages.components.color_scale import set_scale
from pages.components.panes import set_panes
from pages.components.region import set_region

__all__ = ["Picked", "flow_viewer"]


@dataclass(frozen=True)
class Picked:
    """A pixel of the first frame that was clicked."""

    x: int
    y: int


_VIEWER = st.components.v2.component(
    "flow_viewer",
    html='<div class="flow-viewer"></div>',
    css=viewer_style(),
    js=viewer_script(),
)


def flow_viewer(payload: bytes, *, key: str) -> Picked | None:
    """Show a payload of `flowcore.viz.viewer_payload.pack_viewer`; the pixel just clicked, if any.

    The pick is an event: it comes with one rerun. It is kept until a run comes to the viewer, as a
    run may be cut short before, by a lane that ends. Zoom, panes and colors live in the browser and
    survive reruns and new payloads; ``color_scale`` is told the speed of the full color, ``region``
    the rectangle that was marked, and ``panes`` how the panes are set. Not for use inside a form,
    where clicks are not told.
    """
    kept = f"{key}-picked"

    def keep() -> None:
        st.session_state[kept] = st.session_state[key]["picked"]

    def rescale() -> None:
        magnitude = st.session_state[key]["scaled"]
        if isinstance(magnitude, int | float):
            set_scale(float(magnitude))

    def mark() -> None:
        set_region(st.session_state[key]["boxed"])

    def arrange() -> None:
        set_panes(st.session_state[key]["looked"])

    found = _VIEWER(
        data=payload,
        key=key,
        on_picked_change=keep,
        on_scaled_change=rescale,
        on_boxed_change=mark,
        on_looked_change=arrange,
    )
    if found.get("scaled") is not None or found.get("boxed") is not None:
        st.rerun()  # the rest of the page follows
    picked = st.session_state.pop(kept, None)
    return Picked(int(picked["x"]), int(picked["y"])) if picked else None
