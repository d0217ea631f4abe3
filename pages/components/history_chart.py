"""Runs as points of quality against cost, in the colors of a setting; and that setting's groups."""

from itertools import cycle

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.history import grouped
from flowcore.size_points import axis, pareto_front
from pages.components.charts import lane_colors
from pages.components.cost_axes import add_front, choose_axis, finish
from pages.components.history_table import column

__all__ = ["show_chart"]

QUALITIES = ("epe", "fl_all", "psnr", "ssim", "consistency_median")
COSTS = ("seconds", "peak_mb", "megabytes")
SHOWN = ("epe", "fl_all", "psnr", "seconds", "peak_mb")
HEIGHT = 380


def show_chart(table: pd.DataFrame, by: str) -> None:
    """Any quality against any cost, in the colors of a setting; its groups as a table below."""
    qualities = [key for key in QUALITIES if key in table and table[key].notna().any()]
    costs = [key for key in COSTS if key in table and table[key].notna().any()]
    if not qualities or not costs:
        return
    with st.container(horizontal=True):
        y_key = choose_axis("Quality, upwards", qualities, "y")
        x_key = choose_axis("Cost, to the right", costs, "x")
    st.plotly_chart(
        _figure(table, x_key, y_key, by),
        width="stretch",
        key="history-chart",
        alt=f"Chart: {axis(y_key).label} against {axis(x_key).label}",
    )
    st.caption(
        "Gray stairs: the Pareto front of the complete runs, the best that is attained at each "
        "cost. Hollow: runs that are not complete, by the pairs that are done. Time and quality "
        "are means over the pairs, memory is the most that one estimate took."
    )
    if table[by].nunique() > 1:
        with st.expander(f"Groups by {by}"):
            groups = grouped(table, by, SHOWN)
            configs = {key: column(key) for key in groups}
            st.dataframe(
                groups, column_config=configs, placeholder="-", alt=f"Means of runs by {by}"
            )


def _figure(table: pd.DataFrame, x_key: str, y_key: str, by: str) -> go.Figure:
    figure = go.Figure()
    placed = table[(table[x_key] > 0) & table[y_key].notna()]
    complete = placed[placed["done"] - placed["failed"] == placed["pairs"]]
    front = pareto_front(
        complete[[x_key, y_key]].itertuples(index=False),
        lambda point: point[0],
        lambda point: point[1],
        higher_is_better=axis(y_key).direction == "higher",
    )
    if front:
        add_front(figure, [*front, (2 * placed[x_key].max(), front[-1][1])])
    for color, (value, group) in zip(
        cycle(lane_colors()), placed.groupby(by, sort=False), strict=False
    ):
        is_whole = group.index.isin(complete.index)
        figure.add_scatter(
            x=group[x_key],
            y=group[y_key],
            mode="markers",
            name=str(value),
            marker={
                "size": 11,
                "color": color,
                "opacity": 0.85,
                "line_width": [0 if whole else 2 for whole in is_whole],
                "symbol": ["circle" if whole else "circle-open" for whole in is_whole],
            },
            hovertext=[
                f"<b>{row.lane}</b><br>run {row.Index}, {row.done} of {row.pairs} pairs"
                for row in group[["lane", "done", "pairs"]].itertuples()
            ],
            hovertemplate=f"%{{hovertext}}<br>%{{x:.4g}} {axis(x_key).unit}"
            f"<br>%{{y:.4g}} {axis(y_key).unit}<extra></extra>",
        )
    finish(figure, x_key, y_key, height=HEIGHT)
    figure.update_layout(showlegend=True)
    return figure
