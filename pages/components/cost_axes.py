"""What charts of quality against cost share: their axes, and the front of what is attained."""

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from flowcore.size_points import COSTS, axis

__all__ = ["GRAY", "add_front", "choose_axis", "finish", "log_axis"]

GRAY = "#8a949c"  # seen on light and dark
FRONT = "Pareto front"


def choose_axis(label: str, keys: Sequence[str], name: str) -> str:
    """One of these columns, kept in the address under that name."""
    chosen = st.segmented_control(
        label,
        keys,
        default=keys[0],
        required=True,
        format_func=lambda key: axis(key).label,
        key=name,
        bind="query-params",
    )
    return chosen if chosen in keys else keys[0]


def add_front(figure: go.Figure, path: Sequence[tuple[float, float]]) -> None:
    """What is attainable at each cost: a staircase through the undominated points."""
    xs, ys = zip(*path, strict=True)
    figure.add_scatter(
        x=xs,
        y=ys,
        mode="lines",
        line={"color": GRAY, "width": 7, "shape": "hv"},
        opacity=0.4,
        hoverinfo="skip",
        name=FRONT,
    )


def finish(figure: go.Figure, x_key: str, y_key: str, *, height: int) -> None:
    """Axes with their units and the better side; costs on logarithmic ones."""
    figure.update_xaxes(**log_axis(), title_text=_title(x_key))
    from_zero = "tozero" if axis(y_key).direction == "lower" else "normal"
    figure.update_yaxes(title_text=_title(y_key), rangemode=from_zero)
    if y_key in COSTS:
        figure.update_yaxes(**log_axis())
    figure.update_layout(
        height=height,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.2},
    )


def log_axis() -> dict[str, object]:
    """A logarithmic axis that is labeled at 1, 2 and 5, in full."""
    ticks = [digit * 10.0**power for power in range(-4, 10) for digit in (1, 2, 5)]
    return {"type": "log", "tickvals": ticks, "ticktext": [_tick(tick) for tick in ticks]}


def _tick(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _title(key: str) -> str:
    meaning = axis(key)
    unit = f", {meaning.unit}" if meaning.unit else ""
    return f"{meaning.label}{unit} ({meaning.direction} is better)"
