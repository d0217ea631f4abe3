"""How the lanes bear a pair that is made harder: compressed, or robbed of its texture."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.robustness.hardships import HARDSHIPS, HardPoint, harder
from flowcore.types import FramePair, UInt8Array
from pages.components.charts import lane_colors
from pages.components.lane_form import LaneChoice
from pages.components.runs import start, watch
from pages.components.takeaway import takeaway
from pages.components.tasks import measure_compressed, measure_flattened

__all__ = ["show_hardships"]

TASKS = {"jpeg": measure_compressed, "texture": measure_flattened}
AS_IS = "as is"
CURVES = {"epe": "EPE, px (lower is better)", "change": "change of the flow, px (lower is better)"}


def show_hardships(
    pair: FramePair, lanes: Sequence[LaneChoice], *, threads: int, again: bool
) -> None:
    """The frames at a level of the user's choice, and the error of every lane at all levels."""
    if not st.toggle(
        "Make the pair harder",
        key="harder",
        bind="query-params",
        help="Compression and plain surfaces: the error of every lane as they grow.",
    ):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "By",
            list(HARDSHIPS),
            default="jpeg",
            format_func=lambda name: HARDSHIPS[name].label,
            required=True,
            key="hardship",
            bind="query-params",
        )
        level = st.select_slider(
            f"{HARDSHIPS[kind].label}: {HARDSHIPS[kind].unit}",
            HARDSHIPS[kind].levels,
            HARDSHIPS[kind].levels[2],
            key=f"level-{kind}",
            bind="query-params",
        )
    able = [lane for lane in lanes if lane.flow is None]
    runs = start(pair, able, threads=threads, again=again, task=TASKS[kind])
    left, right = st.columns([2, 3], gap="medium")
    with left:
        caption = f"First frame at {HARDSHIPS[kind].unit} {level:g}"
        st.image(_frame(pair.digest, kind, level, pair), caption, width="stretch", alt=caption)
    with right:
        curves = watch(runs, key="cancel-harder")
        if curves:
            _show_curves(kind, level, curves)


@st.cache_data(max_entries=16, show_spinner=False)
def _frame(digest: str, kind: str, level: float, _pair: FramePair) -> UInt8Array:
    return harder(_pair, kind, level).first


def _show_curves(kind: str, level: float, curves: Mapping[str, Sequence[HardPoint]]) -> None:
    has_truth = all(point.epe is not None for points in curves.values() for point in points)
    chosen = st.segmented_control(
        "Shown",
        list(CURVES) if has_truth else ["change"],
        default="epe" if has_truth else "change",
        format_func={"epe": "Error", "change": "Change"}.get,
        required=True,
        key="harder-curve",
        help="Error against the truth; or how far the flow is from that on the pair as it is, "
        "which needs no truth.",
    )
    figure = go.Figure()
    for color, (title, points) in zip(cycle(lane_colors()), curves.items(), strict=False):
        figure.add_scatter(
            x=[_name(point) for point in points],
            y=[getattr(point, chosen) for point in points],
            name=title,
            mode="lines+markers",
            line_color=color,
        )
    marked = next(iter(curves.values()))
    figure.add_vline(
        [_name(point) for point in marked].index(f"{level:g}"),
        line={"dash": "dot", "width": 1, "color": "gray"},
    )
    figure.update_xaxes(
        title_text=f"{HARDSHIPS[kind].label}: {HARDSHIPS[kind].unit}, harder to the right",
        type="category",
    )
    figure.update_yaxes(title_text=CURVES[chosen], rangemode="tozero")
    figure.update_layout(
        height=330,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.25},
        showlegend=True,
    )
    st.plotly_chart(figure, width="stretch", key="harder-chart", alt=f"{CURVES[chosen]} by level")
    table = pd.DataFrame(
        {"lane": title, HARDSHIPS[kind].unit: _name(point), "epe_px": point.epe,
         "change_px": point.change}
        for title, points in curves.items()
        for point in points
    )  # fmt: skip
    takeaway(
        "Curves (CSV)",
        lambda: csv_of(table),
        f"flowscope-{kind}.csv",
    )


def _name(point: HardPoint) -> str:
    return AS_IS if point.level is None else f"{point.level:g}"
