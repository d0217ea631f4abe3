"""One model over folders of pairs with truth: the numbers of a benchmark."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from flowcore.data.files import PairFiles, find_pairs, load_pair
from flowcore.errors import FlowcoreError, InputError
from flowcore.io.flow_files import read_flow, write_flow
from flowcore.metrics.flow import fl_all, mean_epe
from flowcore.pipeline import external_estimate, run
from flowcore.types import Estimate, FramePair, PipelineConfig

__all__ = ["DatasetScore", "PairScore", "evaluate", "score_datasets"]


@dataclass(frozen=True)
class PairScore:
    """The error on one pair, over the pixels whose truth is known."""

    dataset: str
    sequence: str
    epe: float
    fl_all: float
    num_pixels: int
    seconds: float


@dataclass(frozen=True)
class DatasetScore:
    """The errors on one dataset: the mean over pairs, and over all pixels of all pairs pooled."""

    epe: float
    fl_all: float
    epe_pooled: float
    fl_all_pooled: float
    pairs: int


def evaluate(
    root: Path,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
    flows: Path | None = None,
    out: Path | None = None,
    prepare: Callable[[FramePair], FramePair] = lambda pair: pair,
    progress: Callable[[PairScore], None] = lambda score: None,
) -> list[PairScore]:
    """The score of every pair under ``root``.

    Parameters
    ----------
    root : Path
        ``root/<dataset>/<sequence>/{frame1.png, frame2.png, flow.flo|flow.png}``.
    config : PipelineConfig
    threads, device : optional
        As of ``flowcore.pipeline.run``.
    flows : Path, optional
        Score the flows of another tool instead: ``flows/<dataset>/<sequence>.flo``.
    out : Path, optional
        Folder that gets one flow file per pair, in that same layout.
    prepare : callable
        What is done to every pair first, such as compressing it.
    progress : callable
        Is told each score when it is there.

    Raises
    ------
    FlowcoreError
        Nothing to evaluate, or a pair that cannot be read or estimated; the message names it.
    """
    scores: list[PairScore] = []
    for files in find_pairs(root):
        try:
            pair = prepare(load_pair(files))
            estimate = (
                run(pair, config, threads=threads, device=device, warm_up=not scores)
                if flows is None
                else _read_estimate(pair, files, config, flows)
            )
            scores.append(_score(files, pair, estimate))
            if out is not None:
                target = out / files.dataset / f"{files.sequence}.flo"
                target.parent.mkdir(parents=True, exist_ok=True)
                write_flow(target, estimate.flow)
        except FlowcoreError as error:
            raise type(error)(f"{files.dataset}/{files.sequence}: {error}") from error
        progress(scores[-1])
    return scores


def score_datasets(scores: Iterable[PairScore]) -> dict[str, DatasetScore]:
    """Scores by dataset, in alphabetical order."""
    ordered = sorted(scores, key=lambda score: score.dataset)
    return {
        name: _pool(list(group)) for name, group in groupby(ordered, lambda score: score.dataset)
    }


def _read_estimate(
    pair: FramePair, files: PairFiles, config: PipelineConfig, flows: Path
) -> Estimate:
    flow = read_flow(flows / files.dataset / f"{files.sequence}.flo")
    return external_estimate(pair, flow, name=config.model)


def _score(files: PairFiles, pair: FramePair, estimate: Estimate) -> PairScore:
    if pair.truth is None:
        raise InputError("no true flow lies beside the frames.")
    valid = pair.truth.valid & estimate.flow.valid
    flows = estimate.flow.uv, pair.truth.uv
    return PairScore(
        files.dataset,
        files.sequence,
        epe=mean_epe(*flows, valid),
        fl_all=fl_all(*flows, valid),
        num_pixels=int(valid.sum()),
        seconds=estimate.seconds,
    )


def _pool(scores: list[PairScore]) -> DatasetScore:
    epe, fl, weights = np.array([(s.epe, s.fl_all, s.num_pixels) for s in scores]).T
    return DatasetScore(
        epe=float(epe.mean()),
        fl_all=float(fl.mean()),
        epe_pooled=float(np.average(epe, weights=weights)),
        fl_all_pooled=float(np.average(fl, weights=weights)),
        pairs=len(scores),
    )
