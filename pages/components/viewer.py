"""The viewer as a Streamlit component: flows side by side, read and pinned by pointer and keys."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cachetools
import streamlit as st
from streamlit import runtime

from flowcore.types import BoolArray, FramePair
from flowcore.viz.scale import Scale
from flowcore.viz.viewer_address import Disk, address_viewer
from flowcore.viz.viewer_flows import Tiles
from flowcore.viz.viewer_page import viewer_script, viewer_style
from flowcore.viz.viewer_payload import ViewerLane, cut_viewer, pack_viewer
from pages.components.clip import Clip, set_shown_pair
from pages.components.color_scale import set_scale
from pages.components.panes import set_panes
from pages.components.region import set_region

__all__ = ["Picked", "show_flows"]

MAX_KEPT_BYTES = 2**27  # of payloads, and of tiles: of a hundred usual frames, or a few large ones


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


def show_flows(
    shown: tuple[object, ...],
    pair: FramePair,
    lanes: Callable[[], Sequence[ViewerLane]],
    scale: Scale,
    *,
    marked: tuple[str, BoolArray] | None = None,
    clip: Clip | None = None,
    disk: Disk | None = None,
    key: str = "viewer",
) -> Picked | None:
    """Lanes of a pair in the viewer, on one scale; the pixel just clicked, if any.

    The pick is an event: it comes with one rerun. It is kept until a run comes to the viewer, as a
    run may be cut short before, by a lane that ends. Zoom, panes and colors live in the browser and
    survive reruns and new payloads; ``color_scale`` is told the speed of the full color, ``region``
    the rectangle that was marked, ``panes`` how the panes are set, and ``clip`` which of its pairs
    is shown. Not for use inside a form, where clicks are not told.

    Parameters
    ----------
    shown : tuple
        Tells this pair and these lanes from all others; what is packed of them is kept by it.
    pair : FramePair
    lanes : callable
        Gives them where they are not packed yet: what they are sure of takes a while.
    scale : Scale
    marked : (str, (H, W) bool), optional
        Pixels to point out, and what they are.
    clip : Clip, optional
        Pairs that can be played in place of this one, which is the first.
    disk : Disk, optional
        To be dragged; the pixel on which its middle is let go is picked.
    key : str
        Of the component.
    """
    lanes = cache(lanes)
    mark = (marked[0], hashlib.sha256(marked[1].tobytes()).hexdigest()) if marked else None
    tiles = _exact_tiles(shown, pair, lanes)
    payload = address_viewer(
        _payload(shown, scale, mark, pair, lanes, marked, tiles),
        tiles=_address(tiles and tiles.content, f"tiles of {key}"),
        clip=_clip_addresses(clip, scale, key),
        disk=disk,
    )
    return _flow_viewer(payload, key)


@cachetools.cached(
    cachetools.LRUCache(MAX_KEPT_BYTES, getsizeof=lambda tiles: len(tiles.content) if tiles else 1),
    key=lambda shown, *_: shown,
    lock=threading.Lock(),
)
def _exact_tiles(
    shown: tuple[object, ...], pair: FramePair, lanes: Callable[[], Sequence[ViewerLane]]
) -> Tiles | None:
    """The exact flows of large frames; the same whatever is marked and however they are colored."""
    return cut_viewer(pair, lanes())


@cachetools.cached(
    cachetools.LRUCache(MAX_KEPT_BYTES, getsizeof=len),
    key=lambda shown, scale, mark, *_: (shown, scale, mark),
    lock=threading.Lock(),
)
def _payload(
    shown: tuple[object, ...],
    scale: Scale,
    mark: tuple[str, str] | None,
    pair: FramePair,
    lanes: Callable[[], Sequence[ViewerLane]],
    marked: tuple[str, BoolArray] | None,
    tiles: Tiles | None,
) -> bytes:
    """What the viewer is given; kept by what it shows, for all visitors."""
    return pack_viewer(
        pair,
        lanes(),
        max_magnitude=scale.max_magnitude,
        max_error=scale.max_error,
        marked=marked,
        tiles=tiles,
    )


def _clip_addresses(clip: Clip | None, scale: Scale, key: str) -> list[dict[str, str]]:
    """Where this visitor's browser finds the pairs of a clip; the first is there already."""
    if clip is None:
        return []
    urls = [""]
    for number, (payload, tiles) in enumerate(clip.packed, start=1):
        name = f"{key}, pair {number}"
        addressed = address_viewer(
            payload, tiles=_address(tiles and tiles.content, f"tiles of {name}"), scale=scale
        )
        urls.append(_address(addressed, name))
    return [{"label": label, "url": url} for label, url in zip(clip.labels, urls, strict=True)]


def _flow_viewer(payload: bytes, key: str) -> Picked | None:
    kept = f"{key}-picked"

    def keep() -> None:
        st.session_state[kept] = picked = st.session_state[key]["picked"]
        set_shown_pair(picked.get("pair"))

    def rescale() -> None:
        magnitude = st.session_state[key]["scaled"]
        if isinstance(magnitude, int | float):
            set_scale(float(magnitude))

    def mark() -> None:
        set_region(st.session_state[key]["boxed"])

    def arrange() -> None:
        set_panes(st.session_state[key]["looked"])

    def step() -> None:
        set_shown_pair(st.session_state[key]["stepped"])

    found = _VIEWER(
        data=payload,
        key=key,
        on_picked_change=keep,
        on_scaled_change=rescale,
        on_boxed_change=mark,
        on_looked_change=arrange,
        on_stepped_change=step,
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
