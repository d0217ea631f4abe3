"""Start: what this is, a first result at once, and the samples."""

import streamlit as st

from flowcore.data import samples
from flowcore.export.panels import draw, draw_truth, shared_scale
from flowcore.pipeline import DEFAULT_MODEL
from flowcore.types import PipelineConfig
from pages.components.lane_form import LaneChoice
from pages.components.runs import start, watch

st.title("Flowscope")
st.markdown(
    "Drop two frames, or pick a sample: see side by side what optical-flow methods of several "
    "kinds and sizes make of them, how far each is from the truth, where one is better, and why."
)

pair = samples.load(samples.names()[0])
runs = start(pair, [LaneChoice(DEFAULT_MODEL, PipelineConfig(DEFAULT_MODEL))])
for lane in watch(runs).values():
    scale = shared_scale(pair, [lane])
    panels = {
        "First frame": pair.first,
        "Second frame": pair.second,
        "True flow": draw_truth(pair, scale),
        f"Flow of {DEFAULT_MODEL}": draw("flow", pair, lane, scale),
    }
    with st.grid(4, min_column_width=240):
        for caption, picture in panels.items():
            st.image(picture, caption, width="stretch", alt=caption)
if st.button("Compare methods on this pair, or on your own frames", type="primary"):
    st.switch_page("compare.py")

st.header("Samples")
st.caption("Real photos with exactly known motion, and one real stereo pair. Nothing to download.")
with st.grid(5, min_column_width=180, border=True) as gallery:
    for key, sample in samples.SAMPLES.items():
        with gallery.cell():
            st.image(samples.thumbnail(key), width="stretch", alt=sample.title)
            st.page_link("compare.py", label=sample.title, query_params={"sample": sample.title})
            st.caption(sample.description)
