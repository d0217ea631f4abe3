"""Lanes over the pairs of a data set: ranked, compared in pairs, and as tables to take away."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from flowcore.data.catalog import card_of
from flowcore.errors import InputError
from flowcore.export.table import csv_of, latex_number, latex_text
from flowcore.metrics.bootstrap import Difference, paired_difference
from flowcore.metrics.definitions import describe
from flowcore.scores import PairScore, pool

__all__ = [
    "Column",
    "columns_of",
    "compare",
    "leaderboard",
    "leaderboard_latex",
    "pairs_csv",
    "pairs_parquet",
    "pairs_table",
    "values_of_pairs",
]

Scores: TypeAlias = Mapping[str, Sequence[PairScore]]


class Column(NamedTuple):
    """A number of a leaderboard: a metric, and how it is taken over the pairs."""

    key: str
    how: str

    @property
    def name(self) -> str:
        """In tables: ``epe``, ``epe_pooled``."""
        return self.key if self.how == "mean" else f"{self.key}_{self.how}"

    @property
    def label(self) -> str:
        """For people, with unit, way and the better side."""
        metric = describe(self.key)
        unit = "" if metric.unit == "1" else f", {metric.unit}"
        arrow = "↓" if metric.direction == "lower" else "↑"
        return f"{metric.label}{unit}, {self.how} {arrow}"


def columns_of(layout: str, dataset: str, scores: Scores) -> list[Column]:
    """The numbers that the benchmark of a data set goes by, those that any lane has.

    ``dataset`` is the name that its pairs bear.
    """
    there = {key for of_lane in scores.values() for score in of_lane for key in score.metrics}
    columns = [Column(*score) for score in card_of(layout, dataset).scores]
    return [column for column in columns if column.key in there]


def leaderboard(scores: Scores, columns: Sequence[Column]) -> pd.DataFrame:
    """One row per lane, the best by the first column on top; pairs, seconds, then the columns.

    ``seconds`` is the mean over the pairs. Lanes without any pair are left out.
    """
    rows = {}
    for title, of_lane in scores.items():
        if not of_lane:
            continue
        together = pool(of_lane, (column.key for column in columns))
        times = [one.timing.seconds for one in of_lane if one.timing]
        rows[title] = {
            "pairs": len(of_lane),
            "seconds": float(np.mean(times)) if times else float("nan"),
            **{column.name: together.value(*column) for column in columns},
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("lane")
    if not columns or table.empty:
        return table
    rising = describe(columns[0].key).direction == "lower"
    return table.sort_values(columns[0].name, ascending=rising, kind="stable")


def values_of_pairs(scores: Sequence[PairScore], key: str) -> dict[tuple[str, str], float]:
    """One metric of each pair that has it, by the names of the pair."""
    return {
        (score.dataset, score.sequence): score.value(key)
        for score in scores
        if np.isfinite(score.value(key))
    }


def compare(
    first: Sequence[PairScore], second: Sequence[PairScore], key: str
) -> tuple[Difference, int]:
    """The mean difference of two lanes over the pairs that both have, and how many these are.

    The interval is that of a bootstrap over pairs; ``share_better`` is the percent of pairs on
    which the first lane is better. Of metrics where higher is better, a positive difference is.

    Raises
    ------
    InputError
        No pair has this metric in both.
    """
    ours, theirs = values_of_pairs(first, key), values_of_pairs(second, key)
    common = [names for names in ours if names in theirs]
    if not common:
        raise InputError("No pair is measured in both lanes.")
    sign = 1 if describe(key).direction == "lower" else -1
    left, right = (
        sign * np.array([[values[name] for name in common]], np.float32)
        for values in (ours, theirs)
    )
    found = paired_difference(left, right, np.ones(left.shape, bool), block=1)  # pairs, not pixels
    if sign < 0:
        found = Difference(-found.mean, -found.high, -found.low, found.share_better)
    return found, len(common)


def pairs_table(scores: Scores) -> pd.DataFrame:
    """One row for each lane and pair, one column per metric; NaN where a pair lacks it."""
    return pd.DataFrame(
        {
            "lane": title,
            "dataset": score.dataset,
            "sequence": score.sequence,
            "seconds": score.timing.seconds if score.timing else float("nan"),
            "num_pixels": score.metrics["epe"].num_pixels if "epe" in score.metrics else 0,
            **{key: number.value for key, number in score.metrics.items()},
        }
        for title, of_lane in scores.items()
        for score in of_lane
    )


def pairs_csv(scores: Scores) -> str:
    """`pairs_table` as CSV, as `flowcore.export.table.csv_of` writes it."""
    return csv_of(pairs_table(scores))


def pairs_parquet(scores: Scores) -> bytes:
    """`pairs_table` as a Parquet file."""
    stream = BytesIO()
    pairs_table(scores).to_parquet(stream, index=False)
    return stream.getvalue()


def leaderboard_latex(table: pd.DataFrame, columns: Sequence[Column]) -> str:
    """A leaderboard as a LaTeX table (booktabs); the best of each column is bold."""
    shown = {}
    for column in columns:
        values = table[column.name]
        lower = describe(column.key).direction == "lower"
        best = values.min() if lower else values.max()
        label = latex_text(column.label[:-2]) + (r" $\downarrow$" if lower else r" $\uparrow$")
        shown[label] = [
            rf"\textbf{{{latex_number(value)}}}" if value == best else latex_number(value)
            for value in values
        ]
    text = pd.DataFrame(shown, index=[latex_text(title) for title in table.index]).to_latex(
        escape=False, column_format="l" + "r" * len(shown)
    )
    return f"% \\usepackage{{booktabs}}\n{text}"
