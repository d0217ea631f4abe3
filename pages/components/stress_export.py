"""The flows of changed frames as everything that a comparison can be taken away as."""

import streamlit as st

from flowcore.types import FramePair, PipelineConfig
from flowcore.viz.scale import scale_of
from pages.components.color_scale import choose_scale
from pages.components.downloads import show_downloads
from pages.components.figures import show_figure_builder
from pages.components.lane_form import LaneChoice
from pages.components.runs import start, watch
from pages.components.stress_lanes import StressLanes
from pages.components.stress_viewer import Flows

__all__ = ["offer_everything"]


def offer_everything(
    pair: FramePair, changed: FramePair, chosen: StressLanes, flows: Flows, how: str
) -> None:
    """When it is switched on: figure builder, sheet, report, flow files, animations, ZIP.

    Of every lane measured on the changed frames, and of its flow of the clean ones beside it.
    """
    if not st.toggle(
        "Figure, report, ZIP",
        key="take-everything",
        bind="query-params",
        help="Measures every lane on these frames in full, and its clean flow too; then figures "
        "for a paper, the report, flow files, animations and a ZIP of all.",
    ):
        return
    lanes = [
        lane
        for one in chosen.lanes
        if one.title in flows
        for lane in (
            LaneChoice(f"{one.title}, {how}", one.config),
            LaneChoice(f"{one.title}, clean", PipelineConfig("external"), flows[one.title][0]),
        )
    ]
    runs = start(changed, lanes, threads=chosen.threads, again=chosen.again)
    finished = watch(runs, key="cancel-everything", again="Run again")
    if len(finished) < len(lanes):
        return
    scale = choose_scale(pair, scale_of(pair, [clean for clean, _ in flows.values()]))
    st.caption(
        "The frames of all these files are the changed ones; a clean lane is the flow of the pair "
        "as it is, measured against the same truth."
    )
    show_figure_builder(changed, finished, scale)
    show_downloads(changed, finished, scale=scale)
