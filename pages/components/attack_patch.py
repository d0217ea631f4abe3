"""A patch that was made elsewhere, laid on the frames where one wants it."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from flowcore.errors import FlowcoreError
from flowcore.robustness.recipe import patch_command
from flowcore.types import FramePair, PipelineConfig, UInt8Array
from pages.components.attack_export import show_frames, show_recipe
from pages.components.attack_form import FRAMES
from pages.components.attack_results import show_change, show_spread
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, wait_a_moment, watch
from pages.components.stress_lanes import StressLanes
from pages.components.stress_task import put_patch
from pages.components.stress_viewer import show_shifts, show_two_flows
from pages.components.uploads import PICTURES, frames_of, plain_name
from pages.components.viewer import Picked
from pages.components.words import as_text
from pages.components.work import ask

__all__ = ["PatchChoice", "choose_patch", "show_own_patch"]

X, Y = "patch-x", "patch-y"
MOVED = "patch-moved"


class PatchChoice(NamedTuple):
    """A patch, and where its middle lies in which frames."""

    patch: UInt8Array
    across: float  # % of the width
    down: float  # % of the height
    frames: str


def choose_patch() -> PatchChoice | None:
    """The patch of a file, and its place; None, with a word, while there is no file."""
    st.session_state.update(st.session_state.pop(MOVED, {}))  # before the sliders are drawn
    patch = _uploaded()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        across, down = (
            st.slider(label, 0.0, 100.0, 50.0, 0.1, "%.1f", key, bind="query-params", width=240)
            for label, key in (("Across, % of the width", X), ("Down, % of the height", Y))
        )
        frames = st.selectbox(
            "Changed frames",
            ("joint", "first", "second"),
            format_func=lambda name: "both" if name == "joint" else FRAMES[name],
            key="patch-on",
            bind="query-params",
            width=160,
        )
    return None if patch is None else PatchChoice(patch, across, down, frames)


def show_own_patch(pair: FramePair, chosen: StressLanes, choice: PatchChoice) -> None:
    """The patch on the frames, and what every lane makes of it."""
    height, width = pair.size
    x, y = choice.across / 100 * (width - 1), choice.down / 100 * (height - 1)
    placed = _placed(pair, choice.patch, x, y, choice.frames, again=chosen.again)
    if placed is None:
        return
    show_change(pair, placed)
    st.caption("Click a pixel of the flows to lay the patch there.")
    flows, picked = show_two_flows(pair, placed, chosen, "attacked")
    if picked is not None:
        _move(picked, pair)
    if flows:
        show_shifts(pair, flows, "attacked")
        show_spread(pair, placed, flows, chosen.colors)
    with st.container(horizontal=True):
        show_frames(placed)
        show_recipe(
            patch_command(
                [one.config for one in chosen.lanes],
                round(x, 1),
                round(y, 1),
                frames=choice.frames,
                has_truth=pair.truth is not None,
                threads=chosen.threads,
            )
        )


def _uploaded() -> UInt8Array | None:
    """The picture of a file; None, with a word, while there is none."""
    file = st.file_uploader("Patch: a square picture", type=PICTURES, key="patch-file")
    if file is None:
        st.info("Drop a square picture, such as a published patch: its disk is laid on the frames.")
        return None
    try:
        return frames_of([file], [plain_name(file)], key="patch-range").frames[0]
    except FlowcoreError as error:
        st.error(as_text(error))
        return None


def _placed(
    pair: FramePair, patch: UInt8Array, x: float, y: float, frames: str, *, again: bool
) -> FramePair | None:
    digest = FramePair(patch, patch).frames_digest
    key = f"patch:{pair.digest}:{digest}:{x}:{y}:{frames}"
    job = ask(key, put_patch, pair, patch, x, y, frames, again=again)
    if job is None:
        return None
    one = LaneChoice("Patch", PipelineConfig("patch"))
    return watch(wait_a_moment([Run(one, job)]), key="cancel-patch").get(one.title)


def _move(picked: Picked, pair: FramePair) -> None:
    """Have the sliders stand at a pixel from the next run on, which begins now."""
    height, width = pair.size
    shares = 100 * np.array([picked.x / max(1, width - 1), picked.y / max(1, height - 1)])
    across, down = np.round(shares, 1).clip(0, 100).tolist()
    st.session_state[MOVED] = {X: across, Y: down}
    st.rerun()
