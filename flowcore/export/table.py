"""The numbers of a comparison as a table."""

import math
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from flowcore.lane import Lane
from flowcore.metrics.definitions import Direction, describe

__all__ = [
    "best_lanes",
    "csv_of",
    "harmless",
    "latex_number",
    "latex_text",
    "metrics_csv",
    "metrics_latex",
    "metrics_table",
]


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


def metrics_csv(lanes: Mapping[str, Lane]) -> str:
    """The table as CSV, as `csv_of` writes it."""
    return csv_of(metrics_table(lanes), index=True)


def csv_of(table: pd.DataFrame, *, index: bool = False) -> str:
    r"""Any table as CSV; text that a spreadsheet would take for a formula gets an apostrophe.

    Examples
    --------
    >>> csv_of(pd.DataFrame({"lane": ["=1+1"], "px": [-2.5]}))
    "lane,px\n'=1+1,-2.5\n"
    """

    def guarded(cell: object) -> object:
        return harmless(cell) if isinstance(cell, str) else cell

    return table.map(guarded).rename(index=guarded, columns=guarded).to_csv(index=index)


def best_lanes(lanes: Mapping[str, Lane], key: str) -> list[str]:
    """The titles of the lanes that are best in a metric, or in "seconds"; none where all agree.

    Only where the number is taken over as many pixels in every lane that has it: over others a
    smaller error need not be a better flow. A flow of another tool has no time.
    """
    if key == "seconds":
        values = {title: lane.estimate.seconds for title, lane in lanes.items()}
        values = {title: value for title, value in values.items() if not math.isnan(value)}
        direction: Direction = "lower"
    else:
        found = {title: lane.metrics[key] for title, lane in lanes.items() if key in lane.metrics}
        if key.endswith("_identity") or len({one.num_pixels for one in found.values()}) > 1:
            return []
        values = {title: one.value for title, one in found.items()}
        direction = describe(key).direction
    if len(set(values.values())) < 2:
        return []
    best = min(values.values()) if direction == "lower" else max(values.values())
    return [title for title, value in values.items() if value == best]


def metrics_latex(lanes: Mapping[str, Lane], keys: Sequence[str]) -> str:
    """The chosen metrics as a LaTeX table (booktabs), in their order; one row per lane.

    Heads have the unit and an arrow to the better side; the best is bold, where `best_lanes` says.
    """
    arrows = {"lower": r"$\downarrow$", "higher": r"$\uparrow$"}
    columns = {}
    for key in (key for key in keys if any(key in lane.metrics for lane in lanes.values())):
        metric, best = describe(key), best_lanes(lanes, key)
        unit = "" if metric.unit == "1" else f" ({metric.unit})"
        column = {
            title: latex_number(lane.metrics[key].value) if key in lane.metrics else "--"
            for title, lane in lanes.items()
        }
        column |= {title: rf"\textbf{{{column[title]}}}" for title in best}
        columns[f"{latex_text(metric.label + unit)} {arrows[metric.direction]}"] = column
    table = pd.DataFrame(columns, index=list(lanes)).rename(index=latex_text)
    text = table.to_latex(escape=False, column_format="l" + "r" * len(columns))
    return f"% \\usepackage{{booktabs}}\n{text}"


def harmless(title: str) -> str:
    """A name for a spreadsheet: one that it would take for a formula gets an apostrophe."""
    return f"'{title}" if title.startswith(("=", "+", "-", "@", "\t", "\r")) else title


def latex_number(value: float) -> str:
    """A number with three decimals; a dash of one that is not known."""
    return f"{value:.3f}" if math.isfinite(value) else r"$\infty$" if value > 0 else "--"


def latex_text(text: str) -> str:
    """Text that LaTeX sets as it is."""
    words = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    text = " ".join(text.split())  # a line break would end the row
    return re.sub(r"[#$%&_{}~^\\]", lambda found: words.get(found[0], f"\\{found[0]}"), text)
