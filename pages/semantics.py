"""Semantics: a labelled pair, and where classes and motion part ways."""

import streamlit as st

from flowcore.export.panels import shared_scale
from pages.components.class_errors import show_class_errors
from pages.components.class_maps import choose_classes, show_label_maps
from pages.components.color_scale import choose_scale
from pages.components.downloads import show_downloads
from pages.components.label_flow import show_borders, show_occlusion
from pages.components.pair_picker import pick_pair
from pages.components.results import show_lanes
from pages.components.runs import start, watch
from pages.components.stress_lanes import choose_stress_lanes

pair = pick_pair(
    "Semantics",
    "Where do classes and motion part ways? How wrong is each flow by class, and what does it "
    "carry to another one?",
)
classes = choose_classes(pair)
if classes is None:
    st.stop()
show_label_maps(pair, classes)
chosen = choose_stress_lanes()
if not chosen.lanes:
    st.stop()
runs = start(pair, chosen.lanes, threads=chosen.threads, again=chosen.again)
finished = watch(runs, again="Run again")
scale = choose_scale(pair, shared_scale(pair, list(finished.values())))
show_lanes(pair, runs, scale, None)
if finished:
    show_class_errors(pair, finished, classes)
    show_borders(pair, finished, scale)
    show_occlusion(pair, finished)
    show_downloads(pair, finished, scale=scale)
