"""One model over folders of pairs with truth: the numbers of a benchmark."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from flowcore.data.files import PairFiles, find_pairs, load_pair
from flowcore.errors import FlowcoreError, InputError, ModelError
from flowcore.io.flow_files import read_flow, write_flow
from flowcore.io.scaling import ValueRange
from flowcore.lane import TIMED_RUNS
from flowcore.metrics.convention import suspicion
from flowcore.metrics.summary import Measurement, measure_errors
from flowcore.pipeline import external_estimate, run
from flowcore.types import Estimate, FramePair, PipelineConfig, Timing, timing_fields

__all__ = ["DatasetScore", "Failure", "PairScore", "evaluate", "score_datasets"]


@dataclass(frozen=True)
class PairScore:
    """The errors on one pair.

    Parameters
    ----------
    dataset, sequence : str
    metrics : mapping of key to Measurement
        All that ``flowcore.metrics.summary.measure_errors`` gives.
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
        """Mean end-point error over the pixels that truth and estimate know, px."""
        return self.metrics["epe"].value

    def as_json(self) -> dict[str, Any]:
        """As it is printed: the main numbers first, then all of them."""
        return {
            "dataset": self.dataset,
            "sequence": self.sequence,
            **{key: self.metrics[key].value for key in _MAIN},
            "num_pixels": self.metrics["epe"].num_pixels,
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
    """The errors on one dataset.

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
        """The mean of the pairs' mean end-point errors, px."""
        return self.means["epe"]

    def as_json(self) -> dict[str, Any]:
        """As it is printed: the main numbers first, then all of them."""
        return {
            **{key: self.means[key] for key in _MAIN},
            **{f"{key}_pooled": self.pooled[key] for key in ("epe", "fl_all")},
            "pairs": self.pairs,
            "metrics": dict(self.means),
            "metrics_pooled": dict(self.pooled),
        }


_MAIN = ("epe", "fl_all", "density", "epe_filled", "fl_all_filled")
_PERCENTILES = ("a50", "a75", "a95")  # cannot be pooled from those of the pairs


def evaluate(
    root: Path,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
    flows: Path | None = None,
    out: Path | None = None,
    value_range: ValueRange = "auto",
    truth_format: str | None = None,
    prepare: Callable[[FramePair], FramePair] = lambda pair: pair,
) -> Iterator[PairScore | Failure]:
    """The score of every pair under ``root``, one after the other; a broken one is a ``Failure``.

    Parameters
    ----------
    root : Path
        ``root/<dataset>/<sequence>/{frame1.png, frame2.png, flow.flo|flow.png}``; see
        ``flowcore.data.files.find_pairs``.
    config : PipelineConfig
    threads, device : optional
        As of ``flowcore.pipeline.run``.
    flows : Path, optional
        Score the flows of another tool instead: ``flows/<dataset>/<sequence>.flo``.
    out : Path, optional
        Folder that gets one flow file per pair, in that same layout.
    value_range, truth_format : optional
        As of ``flowcore.data.files.read_pair``.
    prepare : callable
        What is done to every pair first, such as compressing it.

    Raises
    ------
    InputError
        Nothing to evaluate.
    ModelError
        The model cannot be had.
    """
    is_first = True
    for files in find_pairs(root):
        try:
            pair = prepare(load_pair(files, value_range=value_range, truth_format=truth_format))
            if flows is None:
                estimate = run(
                    pair,
                    config,
                    threads=threads,
                    device=device,
                    warm_up=is_first,
                    runs=TIMED_RUNS,
                )
                is_first = False
            else:
                flow = read_flow(flows / files.dataset / f"{files.sequence}.flo")
                estimate = external_estimate(pair, flow, name=config.model)
            score = _score(files, pair, estimate)
            if out is not None:
                target = out / files.dataset / f"{files.sequence}.flo"
                target.parent.mkdir(parents=True, exist_ok=True)
                write_flow(target, estimate.flow)
        except ModelError:
            raise
        except FlowcoreError as error:
            yield Failure(files.dataset, files.sequence, str(error))
        else:
            yield score


def score_datasets(scores: Iterable[PairScore]) -> dict[str, DatasetScore]:
    """Scores by dataset, in alphabetical order."""
    ordered = sorted(scores, key=lambda score: score.dataset)
    return {
        name: _pool(list(group)) for name, group in groupby(ordered, lambda score: score.dataset)
    }


def _score(files: PairFiles, pair: FramePair, estimate: Estimate) -> PairScore:
    metrics = measure_errors(estimate.flow, pair)
    if "epe" not in metrics:
        assert pair.truth is not None
        who = "the flow" if pair.truth.valid.any() else "the true flow"
        raise InputError(f"No error can be measured: {who} knows no pixel that counts.")
    flows = {"The true flow": pair.truth}
    if estimate.timing is None:
        flows["The external flow"] = estimate.flow
    suspicions = (suspicion(what, flow, pair) for what, flow in flows.items() if flow is not None)
    return PairScore(
        files.dataset,
        files.sequence,
        metrics,
        estimate.timing,
        tuple(sentence for sentence in suspicions if sentence),
    )


def _pool(scores: list[PairScore]) -> DatasetScore:
    means, pooled = {}, {}
    for key in dict.fromkeys(key for score in scores for key in score.metrics):
        found = [score.metrics[key] for score in scores if key in score.metrics]
        values = [number.value for number in found]
        means[key] = float(np.mean(values))
        if key not in _PERCENTILES:
            pooled[key] = float(np.average(values, weights=[number.num_pixels for number in found]))
    return DatasetScore(len(scores), means, pooled)
