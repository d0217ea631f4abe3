"""The part Attacks of the page Robustness, from the settings to what can be taken away."""

import streamlit as st

from flowcore.robustness.attacks.attack import Attacked
from flowcore.robustness.recipe import attack_command
from flowcore.types import FramePair
from pages.components.attack_export import show_curve_file, show_frames, show_recipe
from pages.components.attack_form import (
    OWN_PATCH,
    AttackChoice,
    choose_threat,
    choose_victim,
)
from pages.components.attack_patch import show_own_patch
from pages.components.attack_requests import show_requests
from pages.components.attack_results import (
    attacked_first,
    show_change,
    show_figures,
    show_spread,
)
from pages.components.attack_run import run_attack, settle
from pages.components.stress_lanes import StressLanes
from pages.components.stress_viewer import show_shifts, show_two_flows

__all__ = ["show_attacks"]


def show_attacks(pair: FramePair, chosen: StressLanes) -> None:
    """Settings, progress and results of one attack on one of the lanes."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            lane, method = choose_victim(chosen)
            button = st.container(horizontal=True, vertical_alignment="bottom")
        if method != OWN_PATCH:
            threat = choose_threat(method)
    if method == OWN_PATCH:
        show_own_patch(pair, chosen, lane)
        return
    with button:
        is_pressed = st.button(
            "Attack", type="primary", shortcut="Ctrl+Enter", disabled=threat is None
        )
        place = st.empty()
    wanted = settle(pair, threat and AttackChoice(lane, threat), place, is_pressed=is_pressed)
    if wanted is None:
        return
    lanes = attacked_first(chosen, wanted.lane.title)
    attacked = run_attack(pair, lanes, wanted, is_pressed=is_pressed)
    if attacked is not None:
        _show(pair, lanes, wanted, attacked)


def _show(pair: FramePair, lanes: StressLanes, choice: AttackChoice, attacked: Attacked) -> None:
    show_figures(pair, attacked, lanes.colors.get(choice.lane.title, "gray"))
    show_change(pair, attacked.pair)
    st.subheader("On every lane")
    flows, _ = show_two_flows(pair, attacked.pair, lanes, "attacked")
    if flows:
        show_shifts(pair, flows, "attacked")
        if attacked.threat.norm in ("l0", "patch"):
            show_spread(pair, attacked.pair, flows, lanes.colors)
    with st.container(horizontal=True):
        takings = st.container(horizontal=True)
    words = show_requests(pair, lanes, choice)
    with takings:
        show_frames(attacked.pair, attacked)
        show_curve_file(attacked)
        show_recipe(
            attack_command(
                [choice.lane.config]
                + [lane.config for lane in lanes.lanes if lane.config != choice.lane.config],
                choice.threat,
                extras=words,
                has_truth=pair.truth is not None,
                threads=lanes.threads,
            )
        )
