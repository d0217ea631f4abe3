"""Semantics: a labelled pair, and where classes and motion part ways."""

import streamlit as st

from flowcore import models
from flowcore.export.panels import shared_scale
from flowcore.pipeline import DEFAULT_MODEL
from pages.components.class_errors import show_class_errors
from pages.components.class_maps import show_class_shares, show_label_maps
from pages.components.color_scale import choose_scale
from pages.components.downloads import show_downloads
from pages.components.drawing import first_drawing
from pages.components.ending import end_page
from pages.components.label_flow import show_borders, show_occlusion
from pages.components.label_source import (
    choose_heads,
    choose_labels,
    hidden_by_heads,
    offer_labels,
)
from pages.components.pair_picker import pick_pair
from pages.components.results import show_lanes
from pages.components.runs import start, watch
from pages.components.stress_lanes import choose_stress_lanes
from pages.components.uncertainty_view import show_uncertainty

CLASSES, BORDERS = "Error by class", "At the borders"
OCCLUSION, UNCERTAINTY = "Occlusion", "Uncertainty"
STUDY = "semantic loss"  # nets with it and without, alike in all else
STUDIED = {  # logs that ship, of three seeds each
    "With the loss and without it, three seeds each": [
        f"semantics_{name}" for name in ("base", "v1", "corrected")
    ],
    "Where its weight or the rate was too large": [
        f"semantics_learnt_{name}"
        for name in ("base", "v1", "base_rate_x4", "v1_rate_x4", "v1_weight_x20")
    ],
}

is_drawn = first_drawing()
pair = pick_pair(
    "Semantics",
    "Where do classes and motion part ways? How wrong is each flow by class, what does it carry to "
    "another one, and does it know?",
)
net = choose_heads()
labelled = choose_labels(pair, net)
if labelled is None:
    end_page()
pair, classes = labelled.pair, labelled.classes
beside_maps = show_label_maps(pair, classes)
offer_labels(labelled)
versions = models.of_study(STUDY)
chosen = choose_stress_lanes([*versions, net or DEFAULT_MODEL])
if is_drawn or not chosen.lanes:
    with beside_maps:
        show_class_shares(pair, classes)
if not chosen.lanes:
    end_page()
runs = start(pair, chosen.lanes, threads=chosen.threads, again=chosen.again)
finished = watch(runs, again="Run again")
scale = choose_scale(pair, shared_scale(pair, list(finished.values())))
show_lanes(pair, runs, scale, None)
if versions and set(versions) <= {lane.title for lane in chosen.lanes}:
    st.caption(
        f"{' and '.join(versions)} began with the same weights and saw the same scenes. Only what "
        "they were told to make small differs."
    )
if finished and is_drawn:
    part = st.segmented_control(
        "Part",
        [CLASSES, BORDERS, OCCLUSION, UNCERTAINTY],
        default=CLASSES,
        required=True,
        key="part",
        bind="query-params",
        label_visibility="collapsed",
    )
    if part == CLASSES:
        show_class_errors(pair, finished, classes)
    elif part == BORDERS:
        show_borders(pair, finished, scale)
    elif part == OCCLUSION:
        show_occlusion(pair, finished, hidden_by_heads(pair, net))
    else:
        show_uncertainty(pair, finished, scale)
    show_downloads(pair, finished, scale=scale)
learnt = {f"How the heads of {net} learnt": [net]} if net else {}
if versions:
    learnt[f"How {' and '.join(versions)} learnt"] = versions
for label, names in (learnt | STUDIED).items():
    st.page_link("training.py", label=label, query_params={"runs": names})
