"""What is measured on the pairs of a data set, and what becomes of it over all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from flowcore.metrics.summary import Measurement
from flowcore.types import Timing, timing_fields

__all__ = [
    "DatasetScore",
    "Failure",
    "PairScore",
    "Tally",
    "pool",
    "score_datasets",
]

_MAIN = ("epe", "fl_all", "density", "epe_filled", "fl_all_filled")
_PERCENTILES = ("a50", "a75", "a95")  # cannot be pooled from those of the pairs
_NAN = float("nan")


@dataclass(frozen=True)
class PairScore:
    """The numbers of one pair.

    Parameters
    ----------
    dataset, sequence : str
    metrics : mapping of key to Measurement
        All that ``flowcore.metrics.summary.measure_errors`` gives; of a pair without truth, what
        ``measure`` does.
    timing : Timing, optional
        None of an external flow.
    suspicions : tuple of str
        Sentences about flows that seem to be meant differently.
    """

    dataset: str
    sequence: str
    metrics: Mapping[str, Measurement]
    timing: Timing | None
    suspicions: tuple[str, ...] = ()

    @property
    def epe(self) -> float:
        """Mean end-point error over the pixels that truth and estimate know, px; nan without."""
        return self.value("epe")

    def value(self, key: str) -> float:
        """One of the metrics; nan where the pair does not have it."""
        return self.metrics[key].value if key in self.metrics else _NAN

    def as_json(self) -> dict[str, Any]:
        """As it is printed: the main numbers first, then all of them."""
        return {
            "dataset": self.dataset,
            "sequence": self.sequence,
            **{key: self.value(key) for key in _MAIN},
            "num_pixels": self.metrics["epe"].num_pixels if "epe" in self.metrics else 0,
            **timing_fields(self.timing),
            "metrics": {key: number.value for key, number in self.metrics.items()},
            "suspicions": list(self.suspicions),
        }


@dataclass(frozen=True)
class Failure:
    """A pair that could not be measured, and why."""

    dataset: str
    sequence: str
    reason: str


@dataclass(frozen=True)
class DatasetScore:
    """The numbers of one data set.

    Parameters
    ----------
    pairs : int
        How many were measured.
    means : mapping of metric to value
        The mean over the pairs that have it, each counting alike.
    pooled : mapping of metric to value
        Of means and rates: over all pixels of all pairs, as KITTI pools Fl.
    """

    pairs: int
    means: Mapping[str, float]
    pooled: Mapping[str, float]

    @property
    def epe(self) -> float:
        """The mean of the pairs' mean end-point errors, px; nan without truth."""
        return self.means.get("epe", _NAN)

    def value(self, key: str, how: str) -> float:
        """A metric, as "mean" or "pooled"; nan where no pair has it."""
        return (self.means if how == "mean" else self.pooled).get(key, _NAN)

    def as_json(self) -> dict[str, Any]:
        """As it is printed: the main numbers first, then all of them."""
        return {
            **{key: self.value(key, "mean") for key in _MAIN},
            **{f"{key}_pooled": self.value(key, "pooled") for key in ("epe", "fl_all")},
            "pairs": self.pairs,
            "metrics": dict(self.means),
            "metrics_pooled": dict(self.pooled),
        }


def score_datasets(scores: Iterable[PairScore]) -> dict[str, DatasetScore]:
    """Scores by data set, in alphabetical order."""
    ordered = sorted(scores, key=lambda score: score.dataset)
    return {
        name: pool(list(group)) for name, group in groupby(ordered, lambda score: score.dataset)
    }


def pool(scores: Iterable[PairScore], keys: Iterable[str] | None = None) -> DatasetScore:
    """The numbers of these pairs together: those of ``keys``, or all that any pair has."""
    scores = list(scores)
    means, pooled = {}, {}
    if keys is None:
        keys = (key for score in scores for key in score.metrics)
    for key in dict.fromkeys(keys):
        found = [score.metrics[key] for score in scores if key in score.metrics]
        values = [number.value for number in found]
        means[key] = float(np.mean(values))
        if key not in _PERCENTILES:
            pooled[key] = float(np.average(values, weights=[number.num_pixels for number in found]))
    return DatasetScore(len(scores), means, pooled)


class Tally:
    """Means over pairs that come one by one, none of which is kept.

    ``means`` has those of all metrics, by key; of the times as "seconds", and as "peak_mb" the most
    memory that was seen, in MB.
    """

    def __init__(self, scores: Iterable[PairScore] = ()) -> None:
        self._sums: dict[str, tuple[float, int]] = {}
        self._peak_bytes = 0
        for score in scores:
            self.add(score)

    def add(self, score: PairScore) -> None:
        """Count one more pair."""
        values = {key: number.value for key, number in score.metrics.items()}
        if score.timing is not None:
            values["seconds"] = score.timing.seconds
            self._peak_bytes = max(self._peak_bytes, score.timing.peak_bytes or 0)
        for key, value in values.items():
            total, count = self._sums.get(key, (0.0, 0))
            self._sums[key] = total + value, count + 1

    @property
    def means(self) -> dict[str, float]:
        """As the class says."""
        means = {key: total / count for key, (total, count) in self._sums.items()}
        return means | ({"peak_mb": self._peak_bytes / 1e6} if self._peak_bytes else {})
