"""A patch that was made elsewhere, laid on the frames where one wants it."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from flowcore.errors import FlowcoreError
from flowcore.robustness.recipe import patch_command
from flowcore.types import FramePair, PipelineConfig, UInt8Array
from flowcore.viz.viewer_address import Disk
from pages.components.attack_export import show_frames, show_recipe
from pages.components.attack_form import FRAMES
from pages.components.attack_results import show_change, show_spread
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, wait_a_moment, watch
from pages.components.stress_export import offer_everything
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
ROOM = 800  # px kept for what is being computed: on a shorter page the browser would scroll up


class PatchChoice(NamedTuple):
    """A patch, and how it lies in which frames."""

    patch: UInt8Array
    across: float  # % of the width
    down: float  # % of the height
    angle: float  # degrees, clockwise
    scale: float
    frames: str

    def place(self, pair: FramePair) -> tuple[float, float, float, float]:
        """X and y of its middle, px, angle and scale."""
        height, width = pair.size
        x, y = self.across / 100 * (width - 1), self.down / 100 * (height - 1)
        return round(x, 1), round(y, 1), self.angle, self.scale

    def disk(self, pair: FramePair) -> Disk:
        """Where the viewer has it."""
        x, y, _, scale = self.place(pair)
        frame = "second" if self.frames == "second" else "first"
        return Disk(x + 0.5, y + 0.5, scale * len(self.patch) / 2, frame)


def choose_patch() -> PatchChoice | None:
    """The patch of a file, and its place; None, with a word, while there is no file."""
    st.session_state.update(st.session_state.pop(MOVED, {}))  # before the sliders are drawn
    patch = _uploaded()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        across, down = (
            st.slider(label, 0.0, 100.0, 50.0, 0.1, "%.1f", key, bind="query-params", width=200)
            for label, key in (("Across, % of the width", X), ("Down, % of the height", Y))
        )
        angle, scale = (
            st.slider(label, low, high, usual, step, form, key, bind="query-params", width=170)
            for label, low, high, usual, step, form, key in (
                ("Turned, degrees", -180.0, 180.0, 0.0, 1.0, "%.0f", "patch-angle"),
                ("Scale", 0.25, 4.0, 1.0, 0.05, "%.2f", "patch-scale"),
            )
        )
        frames = st.selectbox(
            "Changed frames",
            ("joint", "first", "second"),
            format_func=lambda name: "both" if name == "joint" else FRAMES[name],
            key="patch-on",
            bind="query-params",
            width=160,
        )
    return None if patch is None else PatchChoice(patch, across, down, angle, scale, frames)


def show_own_patch(pair: FramePair, chosen: StressLanes, choice: PatchChoice) -> None:
    """The patch on the frames, and what every lane makes of it."""
    x, y, angle, scale = choice.place(pair)
    placed = _placed(pair, choice, again=chosen.again)
    if placed is None:
        return
    show_change(pair, placed)
    st.caption("Drag the patch on the flows, or click the pixel where its middle is to be.")
    flows, picked = show_two_flows(pair, placed, chosen, "attacked", disk=choice.disk(pair))
    if picked is not None:
        _move(picked, pair)
    if flows:
        show_shifts(pair, flows, "attacked")
        show_spread(pair, placed, flows, chosen.colors)
        offer_everything(pair, placed, chosen, flows, "attacked")
    else:
        st.caption("Numbers and charts follow with the flows.")
        st.space(ROOM)
    with st.container(horizontal=True):
        show_frames(placed)
        show_recipe(
            patch_command(
                [one.config for one in chosen.lanes],
                x,
                y,
                angle=angle,
                scale=scale,
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


def _placed(pair: FramePair, choice: PatchChoice, *, again: bool) -> FramePair | None:
    digest, place = FramePair(choice.patch, choice.patch).frames_digest, choice.place(pair)
    key = f"patch:{pair.digest}:{digest}:{place}:{choice.frames}"
    job = ask(key, put_patch, pair, choice.patch, place, choice.frames, again=again)
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
