"""The numbers of a comparison as a table."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from flowcore.lane import Lane
from flowcore.metrics.definitions import describe

__all__ = ["metrics_latex", "metrics_table"]


def metrics_table(lanes: Mapping[str, Lane]) -> pd.DataFrame:
    """One row per lane, one column per metric that any lane has; missing numbers are NaN."""
    rows = {
        title: {
            "seconds": lane.estimate.seconds,
            "threads": lane.estimate.threads or None,
            **{key: measurement.value for key, measurement in lane.metrics.items()},
        }
        for title, lane in lanes.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("lane")


def metrics_latex(lanes: Mapping[str, Lane], keys: Sequence[str]) -> str:
    """The chosen metrics as a LaTeX table (booktabs), one row per lane."""
    table = metrics_table(lanes)
    chosen = table[[key for key in keys if key in table]]
    arrows = {"lower": r"$\downarrow$", "higher": r"$\uparrow$"}

    def heading(key: str) -> str:
        metric = describe(key)
        unit = "" if metric.unit == "1" else f" ({metric.unit})"
        return f"{_latex(metric.label + unit)} {arrows[metric.direction]}"

    chosen = chosen.rename(columns=heading, index=_latex).rename_axis(None)
    return chosen.to_latex(float_format="%.3f", na_rep="--", escape=False)


def _latex(text: str) -> str:
    return re.sub(r"([#$%&_{}])", r"\\\1", text)
