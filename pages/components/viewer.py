"""The viewer as a Streamlit component: flows side by side, read and pinned by pointer and keys."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit import runtime

from flowcore.types import FramePair
from flowcore.viz.scale import Scale
from flowcore.viz.viewer_address import address_viewer
from flowcore.viz.viewer_flows import Tiles
from flowcore.viz.viewer_page import viewer_script, viewer_style
from flowcore.viz.viewer_payload import ViewerLane, cut_viewer
from pages.components.clip_task import PackedPair
from pages.components.color_scale import set_scale
from pages.components.panes import set_panes
from pages.components.region import set_region

__all__ = ["Picked", "clip_addresses", "exact_tiles", "flow_viewer"]


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


@st.cache_resource(max_entries=4, show_spinner=False)
def exact_tiles(
    shown: tuple[object, ...], _pair: FramePair, _lanes: Sequence[ViewerLane]
) -> Tiles | None:
    """The exact flows of large frames, to pack a payload with and for `flow_viewer`.

    Kept by ``shown``, which tells the pair and its lanes: the same whatever is marked in them and
    however they are colored.
    """
    return cut_viewer(_pair, _lanes)


def clip_addresses(
    clip: Sequence[tuple[str, PackedPair]], scale: Scale, *, key: str
) -> list[dict[str, str]]:
    """Where this visitor's browser finds the pairs of a clip, on one scale, for `flow_viewer`."""
    found = []
    for number, (label, (payload, tiles)) in enumerate(clip):
        name = f"{key}, pair {number}"
        addressed = address_viewer(
            payload, tiles=_address(tiles and tiles.content, f"tiles of {name}"), scale=scale
        )
        found.append({"label": label, "url": _address(addressed, name) if number else ""})
    return found


def flow_viewer(
    payload: bytes,
    *,
    key: str,
    tiles: Tiles | None = None,
    clip: Sequence[dict[str, str]] = (),
) -> Picked | None:
    """Show a payload of `flowcore.viz.viewer_payload.pack_viewer`; the pixel just clicked, if any.

    ``tiles`` are those that it was packed with: the browser fetches them where a person looks. A
    ``clip`` of `clip_addresses`, this pair first, can be played in its place.

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
        data=address_viewer(
            payload, tiles=_address(tiles and tiles.content, f"tiles of {key}"), clip=clip
        ),
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


def _address(content: bytes | None, name: str) -> str:
    """Where this visitor's browser finds it, beside its page, until a run of that shows another."""
    if content is None or not runtime.exists():
        return ""
    files = runtime.get_instance().media_file_mgr
    return files.add(content, "application/octet-stream", name).removeprefix("/")
