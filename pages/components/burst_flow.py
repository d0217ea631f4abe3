"""The motion that attention implies, as a flow beside a flow model's: same viewer, same exports."""

from collections.abc import Mapping

import streamlit as st

from flowcore.bursts.baselines import FLOW_CONFIG
from flowcore.bursts.restore import Restoration
from flowcore.export.panels import shared_scale
from flowcore.types import Burst, PipelineConfig
from pages.components.color_scale import choose_scale
from pages.components.downloads import show_downloads
from pages.components.lane_form import LaneChoice
from pages.components.region import choose_region, lanes_within
from pages.components.results import chosen_pixels, show_lanes, show_table
from pages.components.runs import start, watch

__all__ = ["show_implied_flow"]

ALL = "all"


def show_implied_flow(burst: Burst, nets: Mapping[str, Restoration]) -> None:
    """The expected offsets of every token as a flow from the middle frame, with its errors."""
    st.header("Attention as flow")
    found = {one.method: one for one in nets.values()}
    others = [n for n in range(len(burst.frames)) if n != burst.reference]
    num_heads = min(len(one.gaze.entropy) for one in found.values())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        index = st.segmented_control(
            "From the middle frame to",
            others,
            default=others[-1],
            required=True,
            format_func=lambda number: f"frame {number}",
            key="burst-to",
            bind="query-params",
            help="Flow points from the middle frame to this one.",
        )
        head = st.segmented_control(
            "Head of the flow",
            [ALL, *map(str, range(1, num_heads + 1))],
            default=ALL,
            required=True,
            key="burst-flow-head",
            bind="query-params",
            help="all: the heads as they count for the pixels.",
        )
    pair = burst.pair(index)
    which = -1 if head == ALL else int(head) - 1
    lanes = [
        LaneChoice(
            f"attention of {method}",
            PipelineConfig(method),
            one.gaze.flow(index, burst.size, head=which),
        )
        for method, one in found.items()
        if index in one.gaze.frames
    ]
    lanes.append(LaneChoice(FLOW_CONFIG.model, FLOW_CONFIG))
    runs = start(pair, lanes)
    done = watch(runs, key="burst-flow-cancel")
    scale = choose_scale(pair, shared_scale(pair, list(done.values())))
    box = choose_region(pair)
    show_lanes(pair, runs, scale, chosen_pixels(pair, done, box))
    if done:
        show_table(done, within=box and (box, lanes_within(pair, runs, done, box, again=False)))
        st.caption(
            "An offset is a mean over the source field, so attention that spreads is drawn towards "
            f"no motion. The flow model sees the frames blurred by {FLOW_CONFIG.blur_sigma:g} px, "
            "as in the flow-aligned mean."
        )
        show_downloads(pair, done, scale=scale)
