"""Learning curves on the page: a table of what the runs came to, charts, and their data."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.training.curves import LoggedRun, divergences, iteration_profile, stage_spans, summary
from pages.components.takeaway import takeaway
from pages.components.training_figures import (
    CHARTS,
    REFINEMENT,
    Line,
    charts_of,
    draw,
    draw_profile,
    lines_of,
)

__all__ = ["show_curves", "show_summary"]

MAX_NAMED = 5  # divergences told in words


def show_summary(runs: Sequence[LoggedRun]) -> None:
    """A row for each run."""
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame([summary(run) for run in runs], index=[run.name for run in runs]),
        column_config={
            "seeds": number("Seeds", help="Runs that differ in their random numbers alone."),
            "steps": number("Steps"),
            "stage": st.column_config.TextColumn("Stage", help="The last one."),
            "epe": number(
                "Training EPE, px ↓",
                format="%.3f",
                help="End-point error over the last 100 steps or so. Lower is better.",
            ),
            "best_validation_epe": number(
                "Best validation EPE, px ↓",
                format="%.3f",
                help="Least end-point error on scenes that training never sees. Lower is better.",
            ),
            "best_step": number("At step"),
            "hours": number("Time, h", format="%.2f", help="Without validation; mean of seeds."),
            "divergences": number(
                "Divergences ↓",
                help="Rows whose loss or gradient is not finite, and times that the smoothed EPE "
                "rose to twice its best in a stage.",
            ),
        },
        placeholder="-",
        alt="What each run came to",
    )


def show_curves(runs: Sequence[LoggedRun], *, key: str, window: int = 100) -> None:
    """A chart of the user's choice against the step, with its data to take away.

    Parameters
    ----------
    runs : sequence of LoggedRun
    key : str
        Tells the widgets of several calls apart.
    window : int
        Steps that the curves are smoothed over until the user says otherwise.
    """
    name, window, is_log = _knobs(key, window, charts_of(runs))
    if CHARTS[name].of_steps:
        runs = [_one_of(runs, key)]
    lines = lines_of(name, runs, window)
    if not lines:
        st.info("These logs hold no finite number for this chart.")
        return
    figure = draw(name, lines, runs, is_log=is_log)
    st.plotly_chart(figure, width="stretch", key=f"{key}-figure", alt=f"Chart: {name}")
    _explain(name, runs)
    _download(name, lines, window, key)
    if name == REFINEMENT:
        _show_profile(runs[0], window, key)


def _knobs(key: str, window: int, charts: Sequence[str]) -> tuple[str, int, bool]:
    """The chart, the steps to smooth over, and whether the scale is logarithmic."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.segmented_control(
            "Curves",
            charts,
            default=charts[0],
            required=True,
            key=f"{key}-chart",
            bind="query-params",
        )
        window = st.number_input(
            "Smooth over, steps",
            0,
            100_000,
            window,
            10,
            key=f"{key}-window",
            bind="query-params",
            width=160,
            help="A running mean that begins anew in each stage; 0 shows the rows as logged. "
            "Validation and learning rate are never smoothed.",
        )
        is_log = st.toggle("Log scale", key=f"{key}-log", bind="query-params")
    return name, window, is_log


def _one_of(runs: Sequence[LoggedRun], key: str) -> LoggedRun:
    if len(runs) == 1:
        return runs[0]
    names = {run.name: run for run in runs}
    return names[st.selectbox("Run", list(names), key=f"{key}-run", width=320)]


def _explain(name: str, runs: Sequence[LoggedRun]) -> None:
    """What the chart shows, what bands and stages are, and where a run diverged."""
    sentences = [CHARTS[name].definition]
    counts = {len(run.logs) for run in runs}
    if max(counts) > 1:
        seeds = f"{max(counts)} seeds" if len(counts) == 1 else "the seeds"
        sentences.append(f"Line: mean of {seeds}; band: from the least to the greatest of them.")
    longest = max(runs, key=lambda run: run.longest["step"].iloc[-1])
    spans = enumerate(stage_spans(longest.longest), start=1)
    stages = "; ".join(f"{number} {span.name}" for number, span in spans)
    if stages:
        sentences.append(f"Stages of {longest.name}: {stages}.")
    st.caption(" ".join(sentences))
    for run in runs:
        found = sorted(mark for log in run.logs for mark in divergences(log))
        if found:
            named = ", ".join(f"{mark.reason} at step {mark.step}" for mark in found[:MAX_NAMED])
            more = f", and {len(found) - MAX_NAMED} times more" if len(found) > MAX_NAMED else ""
            st.warning(f"{run.name} diverged: {named}{more}.")


def _show_profile(run: LoggedRun, window: int, key: str) -> None:
    """The error over the iterations at a step of the user's choice."""
    steps = run.longest["step"]
    first, step = int(steps.iloc[0]), int(steps.iloc[-1])
    if first < step:
        name = f"{key}-step-{run.name}"
        step = st.slider("Profile over the iterations at step", first, step, step, key=name)
    profile = iteration_profile(run, step, window=window)
    if profile.empty:
        return
    st.plotly_chart(
        draw_profile(profile),
        width="stretch",
        key=f"{key}-profile",
        alt="Chart: error over the refinement iterations",
    )
    takeaway(
        "Data of the profile (CSV)",
        lambda: csv_of(profile),
        "flowscope-profile.csv",
        key=f"{key}-profile-data",
    )


def _download(name: str, lines: Sequence[Line], window: int, key: str) -> None:
    takeaway(
        "Data of the chart (CSV)",
        lambda: csv_of(_table(lines, window)),
        f"flowscope-{name.lower().replace(' ', '-')}.csv",
        key=f"{key}-data",
        help="Every point drawn: run, curve, step, mean, least and greatest of the seeds.",
    )


def _table(lines: Sequence[Line], window: int) -> pd.DataFrame:
    return pd.concat(
        line.data.assign(run=line.run, curve=line.name, smoothed_over_steps=window)
        for line in lines
    )[["run", "curve", "step", "mean", "low", "high", "num_seeds", "smoothed_over_steps"]]
