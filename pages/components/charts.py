"""Charts of the errors behind the means, in the lanes' colors."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from flowcore.lane import Lane
from flowcore.metrics.curves import cumulative_share, mean_per_bin, share_per_bin
from flowcore.metrics.flow import epe
from flowcore.types import FramePair
from flowcore.viz.overlay import fetched_second

__all__ = ["lane_colors", "show_charts"]

NUM_BINS = 60
RELIABILITY = "Error against warp error"


def show_charts(pair: FramePair, lanes: Mapping[str, Lane]) -> None:
    """Distribution of the error, and error against speed; of the speed where there is no truth."""
    charts = ["Speed"]
    if pair.truth is not None:
        charts = ["Cumulative error", "Error", "Error against speed", RELIABILITY, "Speed"]
    name = st.segmented_control(
        "Charts", charts, default=charts[0], required=True, key="chart", bind="query-params"
    )
    figure = _figure(name if name in charts else charts[0], pair, lanes)
    st.plotly_chart(figure, width="stretch", key="chart-figure", alt=f"Chart: {name}")


def _figure(name: str, pair: FramePair, lanes: Mapping[str, Lane]) -> go.Figure:
    figure = go.Figure()
    for color, (title, lane) in zip(cycle(lane_colors()), lanes.items(), strict=False):
        x, y = _curve(name, pair, lane)
        figure.add_scatter(x=x, y=y, name=title, mode="lines", line_color=color)
    titles = {
        "Cumulative error": ("end-point error, px", "pixels not above, %"),
        "Error": ("end-point error, px", "pixels, %"),
        "Error against speed": ("true speed, px", "mean end-point error, px"),
        RELIABILITY: ("difference of first and warped second frame, gray levels", "mean EPE, px"),
        "Speed": ("estimated speed, px", "pixels, %"),
    }
    x_title, y_title = titles[name]
    if name == "Cumulative error":
        figure.update_xaxes(type="log")
    figure.update_layout(
        xaxis_title=x_title, yaxis_title=y_title, height=320, margin={"t": 10, "b": 10}
    )
    return figure


def lane_colors() -> list[str]:
    """The theme's chart colors, which the viewer gives to the lanes as well."""
    return list(st.get_option(f"theme.{st.context.theme.type or 'light'}.chartCategoricalColors"))


def _curve(name: str, pair: FramePair, lane: Lane) -> tuple[np.ndarray, np.ndarray]:
    flow = lane.estimate.flow
    if name == "Speed":
        speeds = flow.magnitude[flow.valid]
        edges = np.linspace(0, max(1.0, float(np.percentile(speeds, 99.5))), NUM_BINS + 1)
        return edges[:-1], share_per_bin(speeds, edges)
    known = flow.valid & pair.truth.valid
    errors = epe(flow.uv, pair.truth.uv)[known]
    if name == "Cumulative error":
        limits = np.geomspace(0.01, 100, NUM_BINS + 1)
        return limits, cumulative_share(errors, limits)
    if name == "Error":
        edges = np.linspace(0, max(1.0, float(np.percentile(errors, 98))), NUM_BINS + 1)
        return edges[:-1], share_per_bin(errors, edges)
    if name == RELIABILITY:
        difference = np.abs(pair.first - fetched_second(pair.second, flow).astype(np.float32))
        edges = np.linspace(0, 80, NUM_BINS // 2 + 1)
        return edges[:-1], mean_per_bin(errors, difference.mean(-1)[known], edges)
    speeds = pair.truth.magnitude[known]
    edges = np.linspace(0, max(1.0, float(speeds.max())), NUM_BINS // 2 + 1)
    return edges[:-1], mean_per_bin(errors, speeds, edges)
