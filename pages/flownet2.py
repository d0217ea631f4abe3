"""FlowNet2: one pair walked through its five networks, each seen doing its part."""

import streamlit as st

from flowcore import models
from flowcore.stack_walk import names_of_stacks
from flowcore.types import PipelineConfig
from pages.components.lane_form import LaneChoice
from pages.components.pair_picker import pick_pair
from pages.components.runs import start, watch
from pages.components.stack_stations import show_walk
from pages.components.tasks import walk_stack

st.title("How FlowNet2 sees it")
st.caption(
    "Five networks look at a pair, one after the other. What does each of them see, and what does "
    "it add?"
)
pair = pick_pair()
names = names_of_stacks()
if not names:
    st.info("No weights of a FlowNet2 are here; Compare can import some under its lanes.")
    st.stop()
with st.container(horizontal=True, vertical_alignment="bottom"):
    model = st.selectbox("Weights", names, key="stack-model", bind="query-params", width=320)
    again = st.button("Run again", key="stack-again")
runs = start(pair, [LaneChoice(model, PipelineConfig(model))], task=walk_stack, again=again)
failures = models.describe(model).training.get("failures")
if failures:
    st.caption(f"Of these weights: {failures}.")
for walk in watch(runs, again="Run again").values():
    show_walk(pair, walk)
