"""Error against overlap, number of chunks and blur: measured when asked for."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore import models
from flowcore.budget import grid_for
from flowcore.errors import ConfigError
from flowcore.export.table import csv_of
from flowcore.pipeline import load_model
from flowcore.size_points import SizePoint, axis
from flowcore.types import ChunkGrid, FramePair, PipelineConfig
from pages.components.charts import lane_colors
from pages.components.chunk_form import ChunkChoice
from pages.components.lane_form import LaneChoice
from pages.components.runs import start, watch
from pages.components.takeaway import takeaway
from pages.components.tasks import measure_size

__all__ = ["Point", "show_curves"]

OVERLAPS = (0, 16, 32, 48, 64)
COUNTS = ((1, 1), (2, 2), (3, 3), (4, 4), (6, 6))
SIGMAS = (0.0, 0.5, 1.0, 2.0, 4.0)
AXES = {
    "Overlap": "overlap, px",
    "Number of chunks": "chunks, rows x columns",
    "Blur": "sigma of the blur of both frames, px",
}
YS = ("epe", "psnr", "seconds", "peak_mb")
ASKED = "curves-asked"
WHOLE = "whole frame"


class Point(NamedTuple):
    """A place on a curve: its line, where along it (nan: a level line), and what is measured."""

    series: str
    x: float
    config: PipelineConfig


def show_curves(pair: FramePair, choice: ChunkChoice) -> dict[PipelineConfig, SizePoint]:
    """The curve that is chosen; every point measured so far for this pair, by its settings."""
    st.header("Curves")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Against",
            list(AXES),
            default="Overlap",
            required=True,
            key="curve",
            bind="query-params",
        )
        key = st.segmented_control(
            "Shown", YS if pair.truth is not None else YS[1:], default=YS[pair.truth is None],
            required=True, format_func=lambda name: axis(name).label, key="curve-y",
        )  # fmt: skip
        pressed = st.button("Measure", key="measure-curve")
    points = _points(kind, pair, choice)
    asked = st.session_state.setdefault(ASKED, {})
    if pressed:
        asked |= dict.fromkeys((pair.digest, point.config, choice.threads) for point in points)
    wanted = [p for p in points if (pair.digest, p.config, choice.threads) in asked]
    if not wanted:
        count = len({point.config for point in points})
        st.caption(f"{count} estimates, one after the other; other work goes on meanwhile.")
        return _measured(pair, choice)
    titles = {point.config: _title(point) for point in reversed(wanted)}
    lanes = [LaneChoice(title, config) for config, title in reversed(titles.items())]
    runs = start(pair, lanes, threads=choice.threads, task=measure_size, again=pressed)
    done = watch(runs, key="cancel-curve", again="Measure")
    known = _measured(pair, choice)
    known |= {run.lane.config: done[run.lane.title] for run in runs if run.lane.title in done}
    _show(kind, key, [point for point in points if point.config in known], known)
    return known


def _measured(pair: FramePair, choice: ChunkChoice) -> dict[PipelineConfig, SizePoint]:
    """What is known of this pair, at this number of threads: kept, and open for more."""
    known = st.session_state.setdefault("curve-points", {})
    return known.setdefault((pair.digest, choice.threads), {})


def _title(point: Point) -> str:
    return point.series if math.isnan(point.x) else f"{point.series}, {point.x:g}"


def _points(kind: str, pair: FramePair, choice: ChunkChoice) -> list[Point]:
    """The points of a curve that the pair and the model allow, the same settings only once."""
    config, grid = choice.config, choice.grid
    model = config.model
    ways = {"plain": False, "motion-aware": True}
    if kind == "Overlap":
        candidates = [Point(WHOLE, math.nan, PipelineConfig(model))] + [
            Point(
                way,
                overlap,
                replace(config, chunks=replace(grid, overlap=overlap, motion_aware=on)),
            )
            for way, on in ways.items()
            for overlap in OVERLAPS
        ]
    elif kind == "Number of chunks":
        candidates = [
            Point(way, rows * cols, replace(config, chunks=_counted(grid, rows, cols, on)))
            for way, on in ways.items()
            for rows, cols in COUNTS
        ]
    else:
        nets = [name for name in models.distinct() if models.describe(name).is_learnt]
        candidates = [
            Point(f"{name}, {way}", sigma, PipelineConfig(name, blur_sigma=sigma, chunks=chunks))
            for name in dict.fromkeys([model, *nets])
            for way, chunks in (("whole", None), ("chunks", grid))
            for sigma in SIGMAS
        ]
    return [point for point in candidates if _fits(pair, point.config)]


def _counted(grid: ChunkGrid, rows: int, cols: int, motion_aware: bool) -> ChunkGrid | None:
    if rows * cols == 1:
        return None
    return replace(grid, rows=rows, cols=cols, motion_aware=motion_aware)


def _fits(pair: FramePair, config: PipelineConfig) -> bool:
    try:
        grid_for(load_model(config.model), pair.size, config)
    except ConfigError:
        return False
    return True


def _show(
    kind: str, key: str, points: list[Point], known: Mapping[PipelineConfig, SizePoint]
) -> None:
    """One line per series, and the numbers behind all of them as CSV."""
    if not points:
        return
    figure = go.Figure()
    colors = lane_colors()
    for number, series in enumerate(dict.fromkeys(point.series for point in points)):
        own = [point for point in points if point.series == series]
        is_level = series == WHOLE
        figure.add_scatter(
            x=[OVERLAPS[0], OVERLAPS[-1]] if is_level else [point.x for point in own],
            y=[known[point.config].value(key) for point in own] * (2 if is_level else 1),
            name=series,
            mode="lines" if is_level else "lines+markers",
            line={
                "color": colors[number % len(colors)],
                "dash": "dash" if series.endswith("chunks") or is_level else "solid",
            },
        )
    meaning = axis(key)
    unit = f", {meaning.unit}" if meaning.unit else ""
    figure.update_xaxes(title_text=AXES[kind])
    if kind == "Number of chunks":
        ticks = {rows * cols: f"{rows}x{cols}" for rows, cols in COUNTS}
        figure.update_xaxes(type="log", tickvals=list(ticks), ticktext=list(ticks.values()))
    figure.update_yaxes(title_text=f"{meaning.label}{unit} ({meaning.direction} is better)")
    figure.update_layout(
        height=360,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.2},
    )
    st.plotly_chart(figure, width="stretch", key="curve-chart", alt=f"{meaning.label} by {kind}")
    table = pd.DataFrame(
        {"series": p.series, AXES[kind]: p.x, **known[p.config].row()} for p in points
    )
    takeaway("Curve (CSV)", lambda: csv_of(table), "flowscope-curve.csv")
