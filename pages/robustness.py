"""Robustness: what makes a flow wrong, from bad weather to an attacker, and what it then does."""

import streamlit as st

from pages.components.attack_view import show_attacks
from pages.components.corruption_form import choose_corruption
from pages.components.corruption_ranking import show_all_kinds
from pages.components.corruption_view import show_corruption, show_curves
from pages.components.drive_view import show_tasks
from pages.components.ending import end_page
from pages.components.pair_picker import pick_pair
from pages.components.stress_lanes import choose_stress_lanes

head = st.container()
part = st.segmented_control(
    "Part",
    ["Corruptions", "Attacks", "Tasks"],
    default="Corruptions",
    required=True,
    key="part",
    bind="query-params",
    label_visibility="collapsed",
)
if part == "Tasks":
    with head:
        st.title("Robustness")
        st.caption(
            "What does a wrong flow do? A vehicle drives by flow through a course made by code, "
            "whose true flow is known: how near does it come to walls and pillars, and how little "
            "must the frames change for it to fail?"
        )
    show_tasks()
    end_page()
with head:
    pair = pick_pair(
        "Robustness",
        "What does it take to make a flow wrong: bad weather, a bad camera, or an attacker who "
        "changes a few pixels? And which model bears it best?",
    )
chosen = choose_stress_lanes()
if not chosen.lanes:
    end_page()
if part == "Corruptions":
    choice = choose_corruption()
    if show_corruption(pair, chosen, choice):  # its flows come first
        show_curves(pair, chosen, choice)
        show_all_kinds(pair, chosen, choice)
else:
    show_attacks(pair, chosen)
