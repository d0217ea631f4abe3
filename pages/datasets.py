"""Datasets: every lane over all pairs of a data set."""

import streamlit as st

from flowcore.errors import StoreError
from pages.components.dataset_pairs import show_extremes, show_pairs
from pages.components.dataset_picker import SEQUENCES, SWEEP, choose_view, pick_dataset
from pages.components.dataset_results import (
    choose_metric,
    leaderboards,
    only_asked_for,
    show_comparison,
    show_distribution,
    show_leaderboards,
)
from pages.components.dataset_runs import run_lanes, stored_scores
from pages.components.dataset_takeaway import show_takeaways
from pages.components.drawing import first_drawing
from pages.components.ending import end_page
from pages.components.lane_form import choose_lanes
from pages.components.runs import watch
from pages.components.sequence_view import show_sequence
from pages.components.sweep_view import show_sweep
from pages.components.words import as_text

is_drawn = first_drawing(is_table=True)
choice = pick_dataset(
    "Datasets",
    "Which lane is better over a whole data set, by how much, and on which pairs not?",
)
if choice is None:
    end_page()
view = choose_view(choice)
if view == SWEEP:
    show_sweep(choice)
    end_page()
lanes, threads, pressed = choose_lanes()
external = [lane for lane in lanes if lane.flow is not None]
if external:
    st.info(
        "The flows of another tool are scored by the command `evaluate --model external:FOLDER`; "
        "here their lane is left out."
    )
lanes = [lane for lane in lanes if lane.flow is None]
if view == SEQUENCES:
    show_sequence(choice, lanes, threads=threads, pressed=pressed)
    end_page()
try:
    runs = run_lanes(choice, lanes, threads=threads, pressed=pressed)
    watch(runs)
    found = stored_scores(choice, lanes, threads=threads)
except StoreError as error:
    st.error(as_text(error))
    end_page()
if not any(lane.scores or lane.failures for lane in found.values()):
    if all(run.job.is_over for run in runs):
        st.info("Nothing is measured yet. Press Run to measure these lanes on every pair.")
    show_pairs(choice, {})
    end_page()

found = only_asked_for(found)
boards = leaderboards(choice, found)
show_leaderboards(choice, found, boards)
metric = choose_metric(found, boards)
if metric is not None:
    show_distribution(lanes, found, metric, is_drawn=is_drawn)
    show_comparison(found, metric)
    show_extremes(choice, found, metric)
    show_pairs(choice, found, metric)
show_takeaways(choice, lanes, found, boards, threads=threads)
