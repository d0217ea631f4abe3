"""Nets of the digits lab on their way: submit, watch their curves, cancel."""

import hashlib
import shlex
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from flowcore.digits.networks import NETWORKS
from flowcore.digits.scoring import Score
from flowcore.digits.training import LabConfig, Progress, Trained
from flowcore.jobs.job import Job
from pages.components.charts import lane_colors
from pages.components.digit_form import LabChoice
from pages.components.digit_task import train_net
from pages.components.ticking import redraw
from pages.components.words import as_text
from pages.components.work import ask, describe, look, shared_queue

__all__ = ["LabRun", "train_nets"]

RUN_GRACE_SECONDS = 120  # a run is worth more than a lane
WINDOW = 15  # steps that the curves are smoothed over
TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]


class LabRun(NamedTuple):
    """A net that is ready: what came out of each seed, and its color."""

    net: str
    title: str
    color: str
    outcomes: list[tuple[Trained, Score]]


class _Watched(NamedTuple):
    """A run on its way, or over."""

    config: LabConfig
    color: str
    job: Job

    @property
    def title(self) -> str:
        return f"{NETWORKS[self.config.network].title}, seed {self.config.seed}"


def train_nets(choice: LabChoice) -> list[LabRun]:
    """The nets of the choice that are ready; those wanted are started and watched."""
    colors = dict(zip(choice.nets, lane_colors(), strict=False))
    watched = [
        _Watched(config, colors[net], job)
        for net in choice.nets
        for config in choice.configs(net)
        if (job := _job_of(config, choice)) is not None
    ]
    if not watched:
        st.info("Press Train: the nets then answer on the digit below.")
        return []
    jobs = [run.job for run in watched]
    redraw(jobs, lambda: _show_so_far(watched), every=0.5, until=all)
    if all(job.is_over for job in jobs):
        st.plotly_chart(_curves(watched), width="stretch", key="digits-curves", alt="Curves")
        st.caption(f"Distance on the training canvases, mean of the last {WINDOW} steps.")
    _offer_command(choice)
    for run in watched:
        if run.job.state == "failed":
            st.error(f"{run.title}: {as_text(run.job.error)}")
    if any(run.job.state == "cancelled" for run in watched):
        st.info("Cancelled. Press Train to start again what is missing.")
    return _ready(choice, watched)


def _offer_command(choice: LabChoice) -> None:
    """What trains the first seed of each net in a terminal, to the same numbers."""
    with st.popover("Copy as command"):
        lines = []
        for net in choice.nets:
            words = ["python", "-m", "flowcore", "digits", net, "--task", choice.task]
            words += ["--steps", str(choice.steps), "--seed", "0"]
            lines.append(shlex.join(words + (["--mnist", "FOLDER"] if choice.files else [])))
        st.code("\n".join(lines), "bash", wrap_lines=True)


def _job_of(config: LabConfig, choice: LabChoice) -> Job | None:
    """The job of a run, started if it is wanted and not there yet."""
    digest = hashlib.sha256(b"".join(choice.files or ())).hexdigest()
    key = f"digits:{config!r}:{digest}"
    if not choice.is_wanted:
        return look(key)
    return ask(key, train_net, config, choice.files, again=True, grace=RUN_GRACE_SECONDS)


def _show_so_far(watched: Sequence[_Watched]) -> None:
    """Progress of each run, the curves so far, and a button to cancel."""
    active = [run for run in watched if not run.job.is_over]
    with st.container(border=True):
        for run in active:
            st.progress(run.job.progress, f"{run.title}: {describe(run.job)}")
        st.button("Cancel", key="digits-cancel", on_click=_cancel, args=(active,))
        if any(_curve_of(run.job) for run in watched):
            figure = _curves(watched)
            st.plotly_chart(figure, width="stretch", key="digits-live", alt="Curves so far")


def _cancel(active: Sequence[_Watched]) -> None:
    for run in active:
        shared_queue("lanes").cancel(run.job.key)


def _curves(watched: Sequence[_Watched]) -> go.Figure:
    """Distance against the step, a line for each run; the seeds of a net share its color."""
    figure = go.Figure()
    named = set()
    for run in watched:
        curve = _curve_of(run.job)
        if not curve:
            continue
        net = run.config.network
        distances = [progress.distance for progress in curve]
        means = [np.mean(distances[max(0, n - WINDOW) : n]) for n in range(1, len(curve) + 1)]
        figure.add_scatter(
            x=[progress.step for progress in curve],
            y=means,
            name=NETWORKS[net].title,
            legendgroup=net,
            showlegend=net not in named,
            mode="lines",
            line={"color": run.color, "width": 1.5},
            hovertemplate="%{y:.2f} px",
        )
        named.add(net)
    figure.update_xaxes(title_text="step")
    figure.update_yaxes(title_text="distance, px (lower is better)", type="log", tickvals=TICKS)
    figure.update_layout(
        height=300,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.25},
    )
    return figure


def _curve_of(job: Job) -> Sequence[Progress]:
    if job.state == "done":
        return job.result[0].curve
    return job.partial or ()


def _ready(choice: LabChoice, watched: Sequence[_Watched]) -> list[LabRun]:
    runs = []
    for net in choice.nets:
        own = [run for run in watched if run.config.network == net]
        outcomes = [run.job.result for run in own if run.job.state == "done"]
        if outcomes:
            runs.append(LabRun(net, NETWORKS[net].title, own[0].color, outcomes))
    return runs
