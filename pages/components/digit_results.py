"""Scores of the nets: those that ship, over three seeds, and those trained here."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.digits.networks import NETWORKS
from flowcore.digits.results import METRICS, result_row, shipped_results, summarize
from flowcore.digits.tasks import TASKS
from flowcore.export.table import csv_of
from pages.components.charts import lane_colors
from pages.components.digit_form import LabChoice
from pages.components.digit_run import LabRun
from pages.components.takeaway import takeaway

__all__ = ["show_results"]

HERE = "trained here"
TITLES = {"shipped": "scikit-learn's digits", "mnist": "MNIST", HERE: HERE}
SYMBOLS = {"shipped": "circle", "mnist": "diamond", HERE: "star"}
DEFINITIONS = {
    "distance": "Between answer and target, on 1000 canvases of digits not trained with. "
    "Lower is better.",
    "within_1px": "Share of answers at most 1 px from the target. Higher is better.",
    "wrong_point": "Share of answers nearer to the point of another digit's rule. Lower is better.",
    "accuracy": "Share of digits named right. Higher is better.",
}


def show_results(choice: LabChoice, runs: Sequence[LabRun]) -> None:
    """A chart with the band of the seeds, and a table of every number."""
    shipped = shipped_results()
    task = choice.task
    if task not in set(shipped["task"]):
        measured = ", ".join(TASKS[name].title for name in shipped["task"].unique())
        st.caption(f"No results ship for this task; they do for: {measured}.")
    own = [result_row(trained, score, data=HERE) for run in runs for trained, score in run.outcomes]
    rows = pd.concat([shipped[shipped["task"] == task], pd.DataFrame(own)], ignore_index=True)
    if rows.empty:
        return
    table = summarize(rows)
    st.plotly_chart(_chart(table), width="stretch", key="digits-bands", alt="Distance of each net")
    st.caption(
        "Marker: mean of the seeds, which the table counts; bar: from the least to the greatest of "
        "them. The formula of two numbers has distance 0 for the top-left corner."
    )
    _show_table(table)


def _chart(table: pd.DataFrame) -> go.Figure:
    figure = go.Figure()
    colors = lane_colors()
    order = table.groupby("network")["distance"].min().sort_values(ascending=False).index
    for (data, steps), part in table.groupby(["data", "steps"], sort=False):
        color = colors[list(TITLES).index(data)]
        figure.add_scatter(
            x=part["distance"],
            y=[NETWORKS[name].title for name in part["network"]],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part["distance_high"] - part["distance"],
                "arrayminus": part["distance"] - part["distance_low"],
            },
            name=f"{TITLES[data]}, {steps} steps",
            mode="markers",
            marker={"color": color, "symbol": SYMBOLS[data], "size": 9},
            hovertemplate="%{y}: %{x:.3f} px",
        )
    figure.update_xaxes(title_text="mean distance, px (lower is better)", type="log")
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[NETWORKS[name].title for name in order],
        automargin=True,
    )
    figure.update_layout(
        height=160 + 22 * len(order),
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01},
    )
    return figure


def _show_table(table: pd.DataFrame) -> None:
    titles = [NETWORKS[name].title for name in table["network"]]
    shown = table.assign(
        title=titles,
        looks=[NETWORKS[name].description for name in table["network"]],
        group=[NETWORKS[name].group for name in table["network"]],
        data=[TITLES[name] for name in table["data"]],
    )
    columns = {
        "title": "Net",
        "data": "Digits",
        **{
            key: _number(METRICS[key], "%.2f" if key == "distance" else "%.1f", DEFINITIONS[key])
            for key in METRICS
            if shown[key].notna().any()
        },
        "distance_low": _number("Least, px", "%.2f", "Of the seeds' mean distances."),
        "distance_high": _number("Greatest, px", "%.2f", "Of the seeds' mean distances."),
        "seeds": _number("Seeds", "%d", "Runs behind the means."),
        "steps": _number("Steps", "%d", "Of training, 32 canvases each."),
        "num_params": _number("Parameters", "localized", "Learnt numbers."),
        "seconds": _number("Training, s", "%.1f", "Processor time on one thread."),
        "threshold": _number("Threshold", "%.3f", "Learnt, a share of the maximum; ink is 0.5."),
        **{
            f"digit_{digit}": _number(f"{digit}, px ↓", "%.2f", f"Mean distance on {digit}s.")
            for digit in range(10)
            if shown[f"digit_{digit}"].notna().any()
        },
        "group": "Kind",
        "looks": "What it looks at",
    }
    st.dataframe(
        shown[list(columns)],
        column_config=columns,
        hide_index=True,
        placeholder="-",
        key="digits-results",
        alt="Scores of every net",
    )
    takeaway(
        "Results (CSV)",
        lambda: csv_of(table),
        "flowscope-digits.csv",
        key="digits-csv",
    )


def _number(label: str, form: str, definition: str) -> object:
    return st.column_config.NumberColumn(label, format=form, help=definition)
