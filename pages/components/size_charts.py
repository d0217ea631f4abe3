"""Cost against quality: the points measured here, and, apart from them, what others published."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.published import published_models
from flowcore.size_points import SizePoint, axis, pareto_front
from pages.components.charts import lane_colors
from pages.components.cost_axes import GRAY, add_front, choose_axis, finish, log_axis

__all__ = ["show_chart", "show_published"]

QUALITIES = ("epe", "fl_all", "psnr")
COSTS_OF_Y = ("seconds", "peak_mb", "energy_j")
COSTS_OF_X = ("megabytes", "num_params", "gmacs", "seconds", "energy_j")
LABELS = {  # the others would cover each other; hovering names them all
    "NanoFlowNet": "top right",
    "RAFT-small": "middle left",
    "RapidFlow (12 iterations)": "middle left",
    "RPKNet": "bottom center",
    "FastFlowNet": "top center",
    "EdgeFlowNet": "top center",
    "PWC-Net": "top right",
    "FlowNet2": "top left",
}
DASHES = {"circle": "dash", "square": "dot", "diamond": "dashdot", "triangle-up": "longdash"}
EMPTY_RANGE = (0.1, 10.0)  # where no point has a place


def show_chart(points: Mapping[str, SizePoint]) -> None:
    """One chart: any quality or cost against any cost."""
    st.header("Cost against quality")
    with st.container(horizontal=True):
        x_key = choose_axis("Cost, to the right", COSTS_OF_X, "x")
        known = [
            key
            for key in (*QUALITIES, *COSTS_OF_Y)
            if key != x_key and any(point.value(key) is not None for point in points.values())
        ]
        y_key = choose_axis("Against, upwards", known, "y")
    st.plotly_chart(
        _figure(points, x_key, y_key),
        width="stretch",
        key="size-chart",
        alt=f"Chart: {axis(y_key).label} against {axis(x_key).label}",
    )
    st.caption(_legend(points, x_key))


def show_published(points: Mapping[str, SizePoint]) -> None:
    """What papers report, hollow and on a chart of its own."""
    st.header("Published: Sintel-train clean, their own protocol")
    table = published_models()
    st.plotly_chart(
        _published_figure(table, points),
        width="stretch",
        key="published-chart",
        alt="Published models: error against size",
    )
    st.caption(
        "Not measured here: the figures of the papers, each model trained and evaluated in its own "
        "way. Their sizes are in single precision, 4 bytes per parameter; dotted lines are the "
        "models of this page, as they ship, whose error on Sintel this chart does not know."
    )
    with st.expander("Published numbers as a table"):
        st.dataframe(
            table,
            column_config={
                "name": "Model",
                "num_params": st.column_config.NumberColumn("Parameters", format="localized"),
                "megabytes": st.column_config.NumberColumn("Single precision, MB", format="%.2f"),
                "epe_sintel_clean": st.column_config.NumberColumn("EPE clean, px ↓", format="%.2f"),
                "epe_sintel_final": st.column_config.NumberColumn("EPE final, px ↓", format="%.2f"),
                "is_verified": st.column_config.CheckboxColumn(
                    "Verified", help="Whether the figure was read in the source named."
                ),
                "protocol": "Trained on",
                "source": "Source",
            },
            placeholder="-",
            alt="Published models",
        )


def _published_figure(table: pd.DataFrame, points: Mapping[str, SizePoint]) -> go.Figure:
    figure = go.Figure()
    rows = list(table.itertuples())
    front = pareto_front(rows, lambda row: row.megabytes, lambda row: row.epe_sintel_clean)
    add_front(figure, [(row.megabytes, row.epe_sintel_clean) for row in front])
    sizes = {point.name: point.num_bytes / 1e6 for point in points.values() if point.num_bytes}
    for name, size in sizes.items():
        line = {"color": _colors(points)[name], "dash": "dot"}
        figure.add_scatter(x=[size] * 2, y=[0.9, 9], mode="lines", line=line, name=name)
    figure.add_scatter(
        x=table["megabytes"],
        y=table["epe_sintel_clean"],
        mode="markers+text",
        text=[name.partition(" (")[0] if name in LABELS else "" for name in table.index],
        textposition=[LABELS.get(name, "top center") for name in table.index],
        customdata=table[["num_params", "protocol", "source"]],
        hovertext=table.index,
        hovertemplate="<b>%{hovertext}</b><br>%{y} px, %{x:.3g} MB, %{customdata[0]:,} parameters"
        "<br>trained on %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        marker={"symbol": "circle-open", "size": 10, "color": GRAY, "line_width": 2},
        name="Published, not measured here",
    )
    finish(figure, "megabytes", "epe", height=400)
    left, right = _range([*table["megabytes"], *sizes.values()])
    figure.update_xaxes(range=[math.log10(left / 2), math.log10(right)])
    figure.update_yaxes(**log_axis(), title_text="EPE, Sintel-train clean, px")
    return figure


def _figure(points: Mapping[str, SizePoint], x_key: str, y_key: str) -> go.Figure:
    figure = go.Figure()
    left, right = _range([point.value(x_key) for point in points.values()])
    front = pareto_front(
        points.values(),
        lambda point: point.value(x_key),
        lambda point: point.value(y_key),
        higher_is_better=axis(y_key).direction == "higher",
    )
    path = [(max(point.value(x_key), left), point.value(y_key)) for point in front]
    if path:
        add_front(figure, [*path, (right, path[-1][1])])
    for name, color in _colors(points).items():
        own = {title: point for title, point in points.items() if point.name == name}
        for title, point in own.items():
            if not point.value(x_key):
                _add_line(figure, title, point, point.value(y_key), (left, right), color)
        placed = {title: point for title, point in own.items() if point.value(x_key)}
        if placed:
            _add_points(figure, name, placed, x_key, y_key, color)
    finish(figure, x_key, y_key, height=420)
    return figure


def _add_points(
    figure: go.Figure,
    name: str,
    points: Mapping[str, SizePoint],
    x_key: str,
    y_key: str,
    color: str,
) -> None:
    """The ways of one model, in one color; energies with their bands."""
    figure.add_scatter(
        x=[point.value(x_key) for point in points.values()],
        y=[point.value(y_key) for point in points.values()],
        error_x=_band(points, x_key),
        error_y=_band(points, y_key),
        mode="markers",
        marker={
            "size": 12,
            "color": color,
            "symbol": [_symbol(point) for point in points.values()],
            "opacity": 0.8,
        },
        hovertext=list(points),
        hovertemplate=f"<b>%{{hovertext}}</b><br>%{{x:.4g}} {axis(x_key).unit}"
        f"<br>%{{y:.4g}} {axis(y_key).unit}<extra></extra>",
        name=name,
    )


def _add_line(
    figure: go.Figure,
    title: str,
    point: SizePoint,
    y: float | None,
    ends: tuple[float, float],
    color: str,
) -> None:
    """A method without a place along x, as a level to compare with."""
    if y is None:
        return
    figure.add_scatter(
        x=list(ends),
        y=[y, y],
        mode="lines",
        line={"color": color, "dash": DASHES[_symbol(point)]},
        hovertemplate=f"<b>{title}</b><br>%{{y:.4g}}<extra></extra>",
        name=title,
    )


def _colors(points: Mapping[str, SizePoint]) -> dict[str, str]:
    """One color per model."""
    names = dict.fromkeys(point.name for point in points.values())
    return dict(zip(names, cycle(lane_colors()), strict=False))


def _symbol(point: SizePoint) -> str:
    if point.config.chunks is not None:
        return "square"
    if point.config.passes is not None:
        return "triangle-up"
    return "circle" if point.config.scale == 1 else "diamond"


def _band(points: Mapping[str, SizePoint], key: str) -> dict[str, object] | None:
    """The band of the energies, as plotly draws it; nothing for what has no band."""
    if key != "energy_j":
        return None
    energies = [point.energy for point in points.values()]
    return {
        "type": "data",
        "symmetric": False,
        "array": [energy.high - energy.joules for energy in energies],
        "arrayminus": [energy.joules - energy.low for energy in energies],
    }


def _range(values: Sequence[float | None]) -> tuple[float, float]:
    """What the x axis spans: half the least place to twice the greatest."""
    placed = [value for value in values if value]
    return (min(placed) / 2, max(placed) * 2) if placed else EMPTY_RANGE


def _legend(points: Mapping[str, SizePoint], x_key: str) -> str:
    """What the marks mean, in words."""
    parts = ["Gray stairs: the Pareto front, the best that is attained at each cost."]
    if any(not point.value(x_key) for point in points.values()):
        parts.append(
            "Level lines: classical methods, whose operations are not counted, so that they have "
            "no place along and no part in the front."
            if x_key == "gmacs"
            else "Level lines: classical methods, which have no weights; the front begins with "
            "the best of them."
        )
    if any(_symbol(point) != "circle" for point in points.values()):
        parts.append(
            "Circle or dashes: whole frame; square or dots: 2x2 chunks; diamond or dash-dots: "
            "half size; triangle or long dashes: two passes."
        )
    return " ".join(parts)
