"""How FlowNet2 sees the pair: a panel of Compare that walks it through the five networks."""

import streamlit as st

from flowcore import models
from flowcore.stack_walk import names_of_stacks
from flowcore.types import FramePair, PipelineConfig
from pages.components.lane_form import LaneChoice
from pages.components.runs import start, watch
from pages.components.stack_stations import show_walk
from pages.components.tasks import walk_stack

__all__ = ["show_stack"]


def show_stack(pair: FramePair, *, threads: int, again: bool) -> None:
    """Station after station, once it is asked for."""
    if not st.toggle(
        "How FlowNet2 sees the pair",
        key="stack",
        bind="query-params",
        help="Five networks look at a pair, one after the other: what each of them sees, and what "
        "it adds.",
    ):
        return
    names = names_of_stacks()
    if not names:
        st.info("No weights of a FlowNet2 are here; they can be imported beside the lanes.")
        return
    model = st.selectbox("Weights", names, key="stack-model", bind="query-params", width=320)
    lane = LaneChoice(model, PipelineConfig(model))
    runs = start(pair, [lane], threads=threads, task=walk_stack, again=again)
    if failures := models.describe(model).training.get("failures"):
        st.caption(f"Of these weights: {failures}.")
    for walk in watch(runs, key="cancel-stack").values():
        show_walk(pair, walk)
