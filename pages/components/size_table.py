"""Every number of the points, as a table and as CSV; what the count of operations leaves out."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from flowcore.export.recipe import sweep_as_python
from flowcore.export.table import csv_of
from flowcore.size_points import SizePoint, axis, points_table
from pages.components.takeaway import takeaway
from pages.components.words import width_of

__all__ = ["show_operations", "show_table"]

SHOWN = (
    "megabytes", "num_params", "gmacs", "seconds", "peak_mb", "energy_j", "energy_low_j",
    "energy_high_j", "epe", "fl_all", "psnr", "num_runs", "threads", "energy_method",
)  # fmt: skip
FORMATS = {
    "num_params": "localized", "gmacs": "%.2f", "peak_mb": "%.0f", "energy_j": "%.2g",
    "energy_low_j": "%.2g", "energy_high_j": "%.2g", "fl_all": "%.2f", "psnr": "%.2f",
}  # fmt: skip
LABELS = {
    "energy_low_j": ("Energy, low end, J", "The low end of the energy's band."),
    "energy_high_j": ("Energy, high end, J", "The high end of the energy's band."),
    "num_runs": ("Runs", "Runs behind the time: quick methods are timed up to five times."),
    "threads": ("Threads", "Processor threads that the estimate could use."),
}


def show_table(points: Mapping[str, SizePoint]) -> None:
    """One row per point; the CSV has every metric."""
    table = points_table(points)
    shown = table[[key for key in SHOWN if key in table]]
    st.dataframe(
        shown,
        column_config={
            "_index": st.column_config.TextColumn("Model", width=width_of(points)),
            **{key: _column(key) for key in shown},
        },
        placeholder="-",
        key="size-table",
        alt="Cost and quality of every point",
    )
    with st.container(horizontal=True):
        takeaway("Sizes (CSV)", lambda: csv_of(table, index=True), "flowscope-sizes.csv")
        with st.popover("Copy as Python"):
            st.caption("For a folder with the frames, as `flowcore sample` writes one.")
            configs = {title: point.config for title, point in points.items()}
            threads = next(iter(points.values())).threads
            st.code(sweep_as_python(configs, threads=threads), "python", wrap_lines=True)


def show_operations(points: Mapping[str, SizePoint]) -> None:
    """What was executed beside the counted operations, by name."""
    with st.expander("What the count of operations leaves out"):
        st.caption(
            "Counted in full are convolutions, matrix products and bilinear sampling, two "
            "operations for each multiply-accumulate. Executed beside them, without a count: "
            "mostly one operation for each value made, and copies."
        )
        title = st.selectbox("Of", list(points), key="uncounted")
        operations = points[title].operations
        if operations.macs is None:
            st.info(f"{title}: {operations.note}")
            return
        table = pd.DataFrame(operations.uncounted)
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                "name": "Operation",
                "num_calls": st.column_config.NumberColumn("Calls", format="localized"),
                "num_values": st.column_config.NumberColumn("Values made", format="localized"),
            },
            alt=f"Operations of {title} without a count",
        )
        made = int(table["num_values"].sum()) if len(table) else 0
        st.caption(
            f"{made / 1e6:,.1f} million values made, beside "
            f"{operations.macs / 1e6:,.1f} million multiply-accumulates counted."
        )


def _column(key: str) -> object:
    if key == "energy_method":
        return st.column_config.TextColumn("How the energy was got")
    if key in LABELS:
        label, definition = LABELS[key]
        return st.column_config.NumberColumn(label, help=definition, format=FORMATS.get(key))
    meaning = axis(key)
    unit = f", {meaning.unit}" if meaning.unit else ""
    arrow = "↓" if meaning.direction == "lower" else "↑"
    return st.column_config.NumberColumn(
        f"{meaning.label}{unit} {arrow}",
        help=f"{meaning.definition} {meaning.direction.capitalize()} is better.",
        format=FORMATS.get(key, "%.3f"),
    )
