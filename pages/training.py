"""Training: learning curves of runs, and a tiny run to watch."""

import streamlit as st

from pages.components.training_curves import show_curves, show_summary
from pages.components.training_logs import choose_runs
from pages.components.training_run import choose_config, show_run

st.title("Training")

st.header("Learning curves")
runs = choose_runs()
if runs:
    show_summary(runs)
    show_curves(runs, key="curves")

st.header("A tiny run, live")
show_run(*choose_config())
