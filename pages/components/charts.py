"""Charts of the errors behind the means, in the lanes' colors; a click shows a point's pixels."""

from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from flowcore.errors import InputError
from flowcore.lane import Lane
from flowcore.metrics.curves import cumulative_share, mean_per_bin, share_per_bin
from flowcore.metrics.flow import epe
from flowcore.types import BoolArray, FloatArray, FlowField, FramePair, IntArray
from flowcore.viz.overlay import fetched_second
from pages.components.marks import is_chosen, on_choice
from pages.components.words import as_text

__all__ = ["lane_colors", "pixels_of_point", "show_charts"]

NUM_BINS = 60
CHART = "chart"
CUMULATIVE, ERROR, BY_SPEED, SPEED = "Cumulative error", "Error", "Error against speed", "Speed"
RELIABILITY = "Error against warp error"
TRUTH, TRUTH_COLOR = "Truth", "gray"


class _Axes(NamedTuple):
    x: str
    y: str
    hover: str


class _Curve(NamedTuple):
    """Points of a chart, and the pixels of each: those of ``values`` from its low to its high."""

    y: FloatArray
    lows: FloatArray
    highs: FloatArray
    values: FloatArray  # (H, W)
    known: BoolArray

    @property
    def counts(self) -> IntArray:
        ordered = np.sort(self.values[self.known])
        return np.searchsorted(ordered, self.highs) - np.searchsorted(ordered, self.lows)

    def pixels(self, index: int) -> BoolArray:
        above = self.values >= self.lows[index]
        return self.known & above & (self.values < self.highs[index])


AXES = {
    CUMULATIVE: _Axes(
        "end-point error, px", "pixels not above, %", "%{y:.2f} % up to %{x:.3g} px; above it"
    ),
    ERROR: _Axes("end-point error, px", "pixels, %", "%{y:.2f} % from %{x:.3g} px"),
    BY_SPEED: _Axes(
        "true speed, px", "mean end-point error, px", "%{y:.3f} px where faster than %{x:.3g} px"
    ),
    RELIABILITY: _Axes(
        "difference of first and warped second frame, gray levels",
        "mean EPE, px",
        "%{y:.3f} px from %{x:.0f} gray levels",
    ),
    SPEED: _Axes("speed, px", "pixels, %", "%{y:.2f} % from %{x:.3g} px"),
}


def show_charts(pair: FramePair, lanes: Mapping[str, Lane]) -> None:
    """Distribution of the error, and error against speed; of the speed where there is no truth."""
    charts = [SPEED] if pair.truth is None else list(AXES)
    name = st.segmented_control(
        "Charts",
        charts,
        default=charts[0],
        required=True,
        key=CHART,
        bind="query-params",
        help="Click a point to see its pixels in the viewer.",
    )
    name = name if name in charts else charts[0]
    figure = go.Figure()
    try:
        curves = list(_curves(name, pair, lanes))
    except InputError as error:
        st.info(as_text(error))
        return
    for title, color, curve in curves:
        figure.add_scatter(
            x=curve.lows,
            y=curve.y,
            customdata=curve.counts,
            name=title,
            mode="lines+markers",
            line={"color": color, "dash": "dot" if title == TRUTH else "solid"},
            marker_size=4,
            hovertemplate=f"{AXES[name].hover}: %{{customdata:,}} px",
        )
    if name == CUMULATIVE:
        figure.update_xaxes(type="log")
    figure.update_layout(
        xaxis_title=AXES[name].x, yaxis_title=AXES[name].y, height=320, margin={"t": 10, "b": 10}
    )
    st.plotly_chart(
        figure,
        width="stretch",
        key=_key(name),
        on_select=on_choice(_key(name)),
        selection_mode="points",
        alt=f"Chart: {name}",
    )


def pixels_of_point(pair: FramePair, lanes: Mapping[str, Lane]) -> tuple[str, BoolArray] | None:
    """The pixels of the point that was clicked in a chart, and what they are."""
    name = st.session_state.get(CHART)
    if not is_chosen(_key(name)):
        return None
    points = st.session_state.get(_key(name), {}).get("selection", {}).get("points", [])
    if not points:
        return None
    number, index = points[0]["curve_number"], points[0]["point_index"]
    for place, (title, _, curve) in enumerate(_curves(name, pair, lanes)):
        if place == number and index < len(curve.lows):
            return f"{_words(name, curve, index)}, {title}", curve.pixels(index)
    return None


def lane_colors() -> list[str]:
    """The theme's chart colors, which the viewer gives to the lanes as well."""
    return list(st.get_option(f"theme.{st.context.theme.type or 'light'}.chartCategoricalColors"))


def _key(name: str) -> str:
    """Of each chart, so that a choice in one is none in another."""
    return f"chart-figure-{name}"


def _words(name: str, curve: _Curve, index: int) -> str:
    low, high = curve.lows[index], curve.highs[index]
    if name == CUMULATIVE:
        return f"Error above {low:.3g} px"
    what, unit = {ERROR: ("Error", "px"), RELIABILITY: ("Warp error", "gray levels")}.get(
        name, ("Speed", "px")
    )
    return f"{what} {low:.3g} to {high:.3g} {unit}"


def _curves(
    name: str, pair: FramePair, lanes: Mapping[str, Lane]
) -> Iterator[tuple[str, str, _Curve]]:
    """Title, color and curve of each lane; of the truth too where speeds are compared."""
    for color, (title, lane) in zip(cycle(lane_colors()), lanes.items(), strict=False):
        yield title, color, _curve(name, pair, lane.estimate.flow)
    if name == SPEED and pair.truth is not None:
        yield TRUTH, TRUTH_COLOR, _curve(name, pair, pair.truth)


def _curve(name: str, pair: FramePair, flow: FlowField) -> _Curve:
    if name == SPEED:
        speeds, known = flow.magnitude, flow.valid
        edges = _edges(speeds[known], 99.5)
        return _binned(share_per_bin(speeds[known], edges), edges, speeds, known)
    assert pair.truth is not None
    known, errors = flow.valid & pair.truth.valid, epe(flow.uv, pair.truth.uv)
    if name == CUMULATIVE:
        limits = np.geomspace(0.01, 100, NUM_BINS + 1)
        above = np.full(limits.shape, np.inf)
        return _Curve(cumulative_share(errors[known], limits), limits, above, errors, known)
    if name == ERROR:
        edges = _edges(errors[known], 98)
        return _binned(share_per_bin(errors[known], edges), edges, errors, known)
    if name == RELIABILITY:
        difference = np.abs(pair.first - fetched_second(pair.second, flow).astype(np.float32))
        by, edges = difference.mean(-1), np.linspace(0, 80, NUM_BINS // 2 + 1)
    else:
        by = pair.truth.magnitude
        edges = _edges(by[known], 100, NUM_BINS // 2)
    return _binned(mean_per_bin(errors[known], by[known], edges), edges, by, known)


def _binned(y: FloatArray, edges: FloatArray, values: FloatArray, known: BoolArray) -> _Curve:
    return _Curve(y, edges[:-1], edges[1:], values, known)


def _edges(values: FloatArray, percent: float, num_bins: int = NUM_BINS) -> FloatArray:
    """Of equal bins from 0 to what that many percent of the values do not exceed."""
    end = float(np.percentile(values, percent)) if values.size else 0.0
    return np.linspace(0, max(1.0, 1.000001 * end), num_bins + 1)
