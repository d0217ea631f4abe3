"""The part Attacks of the page Robustness, from the settings to what can be taken away."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore.robustness.attacks.attack import Attacked
from flowcore.robustness.recipe import attack_command
from flowcore.types import FramePair
from pages.components.attack_export import show_curve_file, show_frames, show_recipe
from pages.components.attack_form import (
    OWN_PATCH,
    AttackChoice,
    choose_method,
    choose_threat,
    choose_victim,
)
from pages.components.attack_patch import choose_patch, show_own_patch
from pages.components.attack_requests import show_requests
from pages.components.attack_results import (
    attacked_first,
    show_change,
    show_figures,
    show_spread,
)
from pages.components.attack_run import run_attack, settle
from pages.components.stress_export import offer_everything
from pages.components.stress_lanes import StressLanes
from pages.components.stress_viewer import show_shifts, show_two_flows

__all__ = ["show_attacks"]


def show_attacks(pair: FramePair, chosen: StressLanes) -> None:
    """Settings, progress and results of one attack on one of the lanes."""
    with st.container(border=True):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        with row:
            method = choose_method()
        if method == OWN_PATCH:
            patch = choose_patch()
        else:
            is_pressed, wanted = _choose_attack(pair, chosen, method, row)
    if method == OWN_PATCH:
        if patch is not None:
            show_own_patch(pair, chosen, patch)
    elif wanted is not None:
        lanes = attacked_first(chosen, wanted.lane.title)
        attacked = run_attack(pair, lanes, wanted, is_pressed=is_pressed)
        if attacked is not None:
            _show(pair, lanes, wanted, attacked)


def _choose_attack(
    pair: FramePair, chosen: StressLanes, method: str, row: DeltaGenerator
) -> tuple[bool, AttackChoice | None]:
    """Whether Attack was just pressed, and the attack to show: the one that was asked for last."""
    with row:
        lane = choose_victim(chosen)
        button = st.container(horizontal=True, vertical_alignment="bottom")
    threat = choose_threat(method)
    with button:
        is_pressed = st.button(
            "Attack", type="primary", shortcut="Ctrl+Enter", disabled=threat is None
        )
        place = st.empty()
    choice = None if threat is None else AttackChoice(lane, threat)
    return is_pressed, settle(pair, choice, place, is_pressed=is_pressed)


def _show(pair: FramePair, lanes: StressLanes, choice: AttackChoice, attacked: Attacked) -> None:
    show_figures(pair, attacked, lanes.colors.get(choice.lane.title, "gray"))
    show_change(pair, attacked.pair)
    st.subheader("On every lane")
    flows, _ = show_two_flows(pair, attacked.pair, lanes, "attacked")
    if flows:
        show_shifts(pair, flows, "attacked")
        if attacked.threat.norm in ("l0", "patch"):
            show_spread(pair, attacked.pair, flows, lanes.colors)
        offer_everything(pair, attacked.pair, lanes, flows, "attacked")
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
