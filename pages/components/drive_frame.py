"""One frame of a perturbed drive: the change made visible, and the flow with and without it."""

from typing import Any

import streamlit as st

from flowcore.tasks.replay import pairs_at
from pages.components.attack_results import show_change
from pages.components.drive_form import DriveChoice
from pages.components.lane_form import LaneChoice
from pages.components.stress_lanes import StressLanes
from pages.components.stress_viewer import show_shifts, show_two_flows

__all__ = ["show_frame"]

FRAME = "drive-frame"


def show_frame(choice: DriveChoice, drive: Any) -> None:
    """When it is switched on: any frame, as a pair with its true flow in the viewer."""
    if not st.toggle(
        "Look at a frame",
        key="look",
        bind="query-params",
        help="The frame as it is and as it was seen, the difference amplified, and the lane's flow "
        "of both beside the true one.",
    ):
        return
    last = len(drive.steps)
    if FRAME in st.session_state:  # of another drive, which was longer
        st.session_state[FRAME] = min(st.session_state[FRAME], last)
    number = st.number_input(
        "Frame", 1, last, (last + 1) // 2, key=FRAME, bind="query-params", width=130
    )
    clean, seen = pairs_at(drive, number)
    show_change(clean, seen)
    lane = LaneChoice(choice.lane_title, choice.lane)
    lanes = StressLanes((lane,), choice.threads, again=False)
    flows, _ = show_two_flows(clean, seen, lanes, "perturbed")
    if flows:
        show_shifts(clean, flows, "perturbed")
