"""What the chunked lane costs and gives beside its rivals."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from flowcore.budget import chunks_at_once, memory_needed
from flowcore.lane import Lane
from flowcore.metrics.definitions import describe
from flowcore.pipeline import load_model
from flowcore.types import FramePair

__all__ = ["show_costs"]

METRICS = ("epe", "fl_all", "psnr")
COSTS = {
    "seconds": ("Time, s ↓", "%.3f", "Forward estimate alone: model loaded and warm."),
    "memory": (
        "Memory, MB ↓",
        "%.0f",
        "Estimated peak of the work, with as many chunks at once as its threads allow; the curves "
        "below measure it.",
    ),
    "moved": (
        "Moved, MB ↓",
        "%.1f",
        "Bytes of both frames' crops given to the model and of the flow taken from it, in single "
        "precision, as counted in this run: with what chunks share, what motion-aware ones grow "
        "by, and the quick pass.",
    ),
}


def show_costs(pair: FramePair, lanes: Mapping[str, Lane]) -> None:
    """One row per lane."""
    rows = {title: _row(pair, lane) for title, lane in lanes.items()}
    table = pd.DataFrame(rows).T.rename_axis("lane")
    columns = {
        key: st.column_config.NumberColumn(label, format=form, help=words)
        for key, (label, form, words) in COSTS.items()
    }
    for key in METRICS:
        metric = describe(key)
        unit = "" if metric.unit == "1" else f", {metric.unit}"
        arrow = "↓" if metric.direction == "lower" else "↑"
        columns[key] = st.column_config.NumberColumn(
            f"{metric.label}{unit} {arrow}", format="%.3f", help=metric.definition
        )
    st.dataframe(
        table, column_config=columns, placeholder="-", key="chunk-costs", alt="Cost and quality"
    )


def _row(pair: FramePair, lane: Lane) -> dict[str, float | None]:
    config = lane.estimate.config
    model = load_model(config.model)
    at_once = chunks_at_once(model, pair.size, config, lane.estimate.threads)
    numbers = {key: lane.metrics[key].value for key in METRICS if key in lane.metrics}
    return {
        "seconds": lane.estimate.seconds,
        "memory": memory_needed(model, pair.size, config, at_once=at_once) / 1e6,
        "moved": lane.estimate.bytes_moved / 1e6,
        **numbers,
    }
