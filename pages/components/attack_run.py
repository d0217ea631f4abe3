"""An attack on its way: its curve so far, Stop that keeps the best, and Cancel."""

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore.jobs.job import Job
from flowcore.robustness.attacks.attack import Attacked
from flowcore.robustness.attacks.trail import Step
from flowcore.types import FramePair
from pages.components.attack_form import AttackChoice
from pages.components.lane_form import say_changed
from pages.components.runs import ask_lanes
from pages.components.stress_lanes import StressLanes
from pages.components.stress_task import search_change
from pages.components.ticking import redraw
from pages.components.words import as_text
from pages.components.work import describe, shared_queue

__all__ = ["curve_of", "run_attack", "settle"]

ASKED = "attack-asked"


def settle(
    pair: FramePair, choice: AttackChoice | None, place: DeltaGenerator, *, is_pressed: bool
) -> AttackChoice | None:
    """The attack that was asked for last on this pair, at first the first one that can be.

    Says in its place where the settings are others by now.
    """
    asked: tuple[str, AttackChoice] | None = st.session_state.get(ASKED)
    if choice is not None and (is_pressed or asked is None):
        asked = st.session_state[ASKED] = (pair.digest, choice)
    if asked is None:
        return None
    digest, wanted = asked
    is_same_pair = digest == pair.digest
    if not is_same_pair or choice is None or _facts(choice) != _facts(wanted):
        say_changed(place, "Attack")
    return wanted if is_same_pair else None


def run_attack(
    pair: FramePair, chosen: StressLanes, choice: AttackChoice, *, is_pressed: bool
) -> Attacked | None:
    """What the attack made of the pair; while it is on its way, how far it is."""
    again = is_pressed or chosen.again
    job = _job(pair, chosen, choice, again=again)
    if job is not None and is_pressed and job.state == "done" and job.result.is_stopped:
        shared_queue("lanes").drop(job.key)  # stopped before its end: from the beginning
        job = _job(pair, chosen, choice, again=again)
    if job is None:
        return None
    with st.container():
        color = chosen.colors.get(choice.lane.title, "gray")
        redraw([job], lambda: _show_so_far(job, choice, color), every=0.5)
        if job.state == "failed":
            st.error(as_text(job.error))
        elif job.state == "cancelled":
            st.info("Cancelled: nothing was kept. Press Attack to start again.")
    return job.result


def curve_of(steps: Sequence[Step], color: str, *, is_targeted: bool) -> go.Figure:
    """What every step did, and the best so far."""
    numbers = [step.number for step in steps]
    figure = go.Figure()
    figure.add_scatter(
        x=numbers,
        y=[step.damage for step in steps],
        name="this step",
        mode="lines+markers" if len(steps) < 60 else "lines",
        line={"color": color, "width": 1, "dash": "dot"},
        marker_size=4,
        hovertemplate="%{y:.3f} px",
    )
    figure.add_scatter(
        x=numbers,
        y=[step.best_damage for step in steps],
        name="nearest so far" if is_targeted else "best so far",
        mode="lines",
        line={"color": color, "width": 2.5},
        hovertemplate="%{y:.3f} px",
    )
    if is_targeted:
        figure.add_scatter(
            x=numbers,
            y=[step.best_gain for step in steps],
            name="nearer to the target by",
            mode="lines",
            line={"color": "gray", "width": 2},
            hovertemplate="%{y:.3f} px",
        )
    figure.update_xaxes(title_text="step", range=[0, max(1, steps[-1].of)])
    figure.update_yaxes(title_text="distance from clean flow, px")
    figure.update_layout(
        height=280,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.25},
    )
    return figure


def _facts(choice: AttackChoice) -> tuple[object, str]:
    return choice.lane.config, choice.key


def _job(pair: FramePair, chosen: StressLanes, choice: AttackChoice, *, again: bool) -> Job | None:
    runs = ask_lanes(
        f"attack:{choice.key}", search_change, pair, [choice.lane], choice.threat,
        threads=chosen.threads, again=again,
    )  # fmt: skip
    return runs[0].job if runs else None


def _show_so_far(job: Job, choice: AttackChoice, color: str) -> None:
    queue = shared_queue("lanes")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(job.progress, f"{choice.lane.title}: {describe(job)}")
            st.button(
                "Stopping" if job.is_finishing else "Stop",
                key="attack-stop",
                on_click=queue.finish,
                args=(job.key,),
                disabled=job.is_finishing or not job.partial,
                help="Ends after this step and keeps the best so far.",
            )
            st.button("Cancel", key="attack-cancel", on_click=queue.cancel, args=(job.key,))
        if job.partial:
            figure = curve_of(job.partial, color, is_targeted=choice.threat.is_targeted)
            st.plotly_chart(figure, width="stretch", key="attack-live", alt="Damage so far")
