"""The error of every lane by class, as bars."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.lane import Lane
from flowcore.types import FramePair
from pages.components.charts import lane_colors
from pages.components.class_maps import ShownClasses
from pages.components.takeaway import takeaway

__all__ = ["show_class_errors"]

_PREFIX = "epe_class_"


def show_class_errors(pair: FramePair, lanes: Mapping[str, Lane], classes: ShownClasses) -> None:
    """Mean EPE of each class that has pixels with a known truth, a bar for each lane."""
    if pair.truth is None:
        st.info("Errors by class need a pair with a true flow.")
        return
    rows = [
        {
            "lane": title,
            "number": int(key.removeprefix(_PREFIX)),
            "class": classes.name(int(key.removeprefix(_PREFIX))),
            "EPE, px": found.value,
            "pixels": found.num_pixels,
        }
        for title, lane in lanes.items()
        for key, found in lane.metrics.items()
        if key.startswith(_PREFIX)
    ]
    if not rows:
        st.info("No labelled pixel has a known true flow.")
        return
    table = pd.DataFrame(rows)
    figure = go.Figure()
    for color, (title, part) in zip(lane_colors(), table.groupby("lane", sort=False), strict=False):
        figure.add_bar(
            x=part["class"],
            y=part["EPE, px"],
            customdata=part["pixels"],
            name=title,
            marker_color=color,
            hovertemplate="%{y:.3f} px over %{customdata:,} pixels",
        )
    figure.update_yaxes(title_text="EPE, px (lower is better)", rangemode="tozero")
    figure.update_layout(
        height=320,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.15},
        hovermode="x unified",
        barmode="group",
    )
    st.plotly_chart(figure, width="stretch", key="class-errors", alt="EPE of every lane by class")
    takeaway("Errors by class (CSV)", lambda: csv_of(table), "flowscope-classes.csv")
