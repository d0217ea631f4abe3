"""Everything that can be taken away from a comparison."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from flowcore.export.animation import flip_gif, wipe_gif, wipe_mp4
from flowcore.export.files import file_stem
from flowcore.export.recipe import as_command, as_python
from flowcore.export.report import bundle, html_report
from flowcore.export.sheet import sheet
from flowcore.export.table import metrics_csv
from flowcore.io.flow_files import FLOW_FORMATS, encode_flow
from flowcore.io.frames import encode_frame
from flowcore.lane import Lane
from flowcore.types import FramePair
from flowcore.viz.scale import Scale
from pages.components.takeaway import takeaway

__all__ = ["show_downloads"]


def show_downloads(
    pair: FramePair, lanes: Mapping[str, Lane], *, scale: Scale | None = None
) -> None:
    """Everything that can be taken away, made only when it is asked for, in colors of the scale."""
    files = [
        ("Panel sheet (PNG)", lambda: encode_frame(sheet(pair, lanes, scale=scale)), "png", None),
        ("Metrics (CSV)", lambda: metrics_csv(lanes), "csv", None),
        (
            "Report (HTML)",
            lambda: html_report(pair, lanes, scale=scale),
            "html",
            "One file that opens offline: viewer, table, settings, versions.",
        ),
        (
            "Everything (ZIP)",
            lambda: bundle(pair, lanes, scale=scale),
            "zip",
            "Report, sheet, table, frames, flows as .flo, KITTI PNG and .npy, settings.",
        ),
    ]
    with st.container(horizontal=True):
        for label, make, suffix, about in files:
            name = f"flowscope.{suffix}"
            takeaway(label, make, name, help=about)
        _flow_files(lanes)
        _animations(pair, lanes, scale)
        _recipes(pair, lanes)


def _flow_files(lanes: Mapping[str, Lane]) -> None:
    with st.popover("Flow files"):
        title = st.selectbox("Lane", list(lanes), key="flow-lane")
        for kind, suffix in FLOW_FORMATS.items():
            takeaway(
                f"{kind} ({suffix})",
                partial(encode_flow, lanes[title].estimate.flow, kind),
                f"{file_stem(title)}{suffix}",
                key=f"flow-{kind}",
            )


def _animations(pair: FramePair, lanes: Mapping[str, Lane], scale: Scale | None) -> None:
    """The warp as a flip, and two lanes as a wipe."""
    with st.popover("Animations"):
        left, right = st.columns(2)
        one = left.selectbox("Lane", list(lanes), key="moving-one")
        others = [title for title in lanes if title != one] or [one]
        other = right.selectbox("Wipe against", others, key="moving-other")
        for label, make, name in (
            ("Flip of frames and warp (GIF)", flip_gif, "flip.gif"),
            ("Wipe between the lanes (GIF)", wipe_gif, "wipe.gif"),
            ("Wipe between the lanes (MP4)", wipe_mp4, "wipe.mp4"),
        ):
            work = (
                partial(make, pair, one, lanes[one])
                if make is flip_gif
                else partial(make, pair, (one, lanes[one]), (other, lanes[other]), scale=scale)
            )
            takeaway(label, work, name, key=name + label)


def _recipes(pair: FramePair, lanes: Mapping[str, Lane]) -> None:
    """The text that repeats a lane, ready to copy."""
    ours = [title for title, lane in lanes.items() if lane.estimate.threads]
    if not ours:
        return
    with st.popover("Copy as command or Python"):
        title = st.selectbox("Lane", ours, key="recipe-lane")
        estimate = lanes[title].estimate
        st.caption("The folder `pair` is in the ZIP. For a sample: `flowcore sample`.")
        command = as_command(estimate.config, pair, threads=estimate.threads)
        st.code(command, "bash", wrap_lines=True)
        st.code(as_python(estimate.config, threads=estimate.threads), "python", wrap_lines=True)
