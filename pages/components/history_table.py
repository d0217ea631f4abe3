"""The runs as a table, in which they are chosen: to compare two, to open them, to delete them."""

import zlib
from collections.abc import Sequence
from contextlib import suppress

import pandas as pd
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.size_points import axis
from pages.components.takeaway import takeaway

__all__ = ["choose_rows", "column"]

CHOSEN = "runs"
SHOWN = (
    "lane", "epe", "fl_all", "psnr", "seconds", "peak_mb", "done", "pairs", "failed", "status",
    "sweep", "started",
)  # fmt: skip
FORMATS = {"fl_all": "%.2f", "psnr": "%.2f", "peak_mb": "%.1f"}
WORDS = {
    "lane": ("Lane", "Model and settings, and what was done to every pair first."),
    "status": ("Status", "A run whose process is gone is stopped; the same command goes on."),
    "sweep": ("Sweep", "The name of its config; none of a run of the page Datasets."),
    "started": ("Started, UTC", None),
}
COUNTS = {
    "runs": ("Runs", "How many runs have this value."),
    "done": ("Done", "Pairs, those included that could not be measured."),
    "pairs": ("Pairs", "Of the data set."),
    "failed": ("Failed", "Pairs that could not be measured."),
}


def choose_rows(table: pd.DataFrame) -> list[int]:
    """The runs that are ticked, by number; kept in the address."""
    ids = [int(number) for number in table.index]
    shown = table[[key for key in SHOWN if key in table]].dropna(axis="columns", how="all")
    state = st.dataframe(
        shown,
        column_config={key: column(key) for key in shown},
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": _asked(ids)}},
        key=f"runs-{zlib.crc32(repr(ids).encode())}",  # another choice of rows, another table
        placeholder="-",
        alt="Runs",
    )
    chosen = [ids[row] for row in state["selection"]["rows"] if row < len(ids)]
    if chosen:
        st.query_params[CHOSEN] = ",".join(map(str, chosen))
    else:
        st.query_params.pop(CHOSEN, None)
    takeaway(
        "Runs (CSV)",
        lambda: csv_of(table, index=True),
        "flowscope-runs.csv",
        help="Every run shown, with all settings and all means.",
    )
    return chosen


def column(key: str) -> object:
    """How a column of `flowcore.history.runs_table` is titled and written."""
    if key in WORDS:
        label, definition = WORDS[key]
        return st.column_config.TextColumn(label, help=definition)
    if key in COUNTS:
        label, definition = COUNTS[key]
        return st.column_config.NumberColumn(label, help=definition, format="localized")
    meaning = axis(key)
    unit = f", {meaning.unit}" if meaning.unit else ""
    arrow = "↓" if meaning.direction == "lower" else "↑"
    return st.column_config.NumberColumn(
        f"{meaning.label}{unit} {arrow}",
        help=f"{meaning.definition} Over the pairs of the run.",
        format=FORMATS.get(key, "%.3f"),
    )


def _asked(ids: Sequence[int]) -> list[int]:
    """The rows of the runs that the address names."""
    numbers = []
    for text in st.query_params.get(CHOSEN, "").split(","):
        with suppress(ValueError):
            numbers.append(int(text))
    return [ids.index(number) for number in numbers if number in ids]
