"""Scores of many runs as tables: one row for each run, and what the seeds of a net come to."""

import pandas as pd

from flowcore.digits.scoring import Score
from flowcore.digits.training import Trained
from flowcore.places import ASSETS

__all__ = ["METRICS", "result_row", "shipped_results", "summarize"]

METRICS = {  # column -> label with unit and direction
    "distance": "Mean distance, px ↓",
    "within_1px": "Within 1 px, % ↑",
    "wrong_point": "Wrong point, % ↓",
    "accuracy": "Digits right, % ↑",
}
_TABLE = ASSETS / "digits" / "results.csv"
_GROUP = ["data", "task", "network", "steps"]


def result_row(trained: Trained, score: Score, *, data: str) -> dict[str, str | float | None]:
    """All that is known of a run; ``data`` names the digits."""
    config = trained.config
    by_digit = {f"digit_{d}": score.distance_by_digit.get(d) for d in range(10)}
    return {
        "data": data,
        "task": config.task,
        "network": config.network,
        "seed": config.seed,
        "steps": config.steps,
        "num_params": trained.num_params,
        "seconds": trained.seconds,
        "distance": score.distance,
        "within_1px": score.within_1px,
        "wrong_point": score.wrong_point,
        "accuracy": score.accuracy,
        "threshold": trained.threshold,
        **by_digit,
    }


def shipped_results() -> pd.DataFrame:
    """The runs behind ``docs/results.md``, one row each, as `result_row` gives them.

    Made by ``tests/benchmarks/digits.py``: every net, three seeds, both sets of digits.
    """
    return pd.read_csv(_TABLE)


def summarize(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each data, task, net and number of steps: means over seeds, and their band.

    Returns
    -------
    DataFrame
        Every number's mean under its name; ``distance_low`` and ``distance_high``, the least and
        greatest of the seeds; ``seeds``, how many there are. Sorted by distance.
    """
    numbers = rows.columns.difference([*_GROUP, "seed"], sort=False)
    groups = rows.astype(dict.fromkeys(numbers, float)).groupby(_GROUP, sort=False)
    table = groups[list(numbers)].mean()
    table["distance_low"] = groups["distance"].min()
    table["distance_high"] = groups["distance"].max()
    table["seeds"] = groups["seed"].nunique()
    return table.sort_values("distance").reset_index()
