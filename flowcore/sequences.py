"""A lane along frames in a row: what every pair measures, and what changes from one to the next."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flowcore.data.datasets import Pair
from flowcore.errors import FlowcoreError, ModelError
from flowcore.lane import Lane, measure_again
from flowcore.metrics.flicker import flicker
from flowcore.metrics.masks import visible_pixels
from flowcore.metrics.round_trip import round_trip
from flowcore.metrics.summary import Measurement
from flowcore.pipeline import run
from flowcore.scores import Failure, PairScore
from flowcore.types import FlowField, FramePair, PipelineConfig

__all__ = ["Moment", "follow"]


@dataclass(frozen=True, eq=False)
class Moment:
    """One pair of a sequence.

    Parameters
    ----------
    pair : FramePair
    flow : FlowField
        The estimate, first -> second.
    score : PairScore
        What ``flowcore.metrics.summary.measure`` gives; from the second pair on also "flicker",
        what the flow changes by since the pair before, and "flicker_truth", what the truth does.
    """

    pair: FramePair
    flow: FlowField
    score: PairScore


def follow(
    pairs: Iterable[Pair],
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
) -> Iterator[Moment | Failure]:
    """Every pair of a sequence, one after the other; a broken one is a ``Failure``.

    Forward and backward flow are estimated once each. Flicker is not taken across a broken pair.

    Parameters
    ----------
    pairs : iterable of Pair
        Each begins with the frame at which the one before ends: see ``flowcore.data.reels``.
    config : PipelineConfig
    threads, device : optional
        As of ``flowcore.pipeline.run``.

    Raises
    ------
    ModelError
        The model cannot be had.
    """
    before: tuple[FramePair, Lane] | None = None
    for files in pairs:
        try:
            pair = files.load()
            lane = _lane(pair, config, threads=threads, device=device)
            metrics = dict(lane.metrics)
            if before is not None and before[0].size == pair.size:
                metrics |= _changes(*before, pair, lane)
        except ModelError:
            raise
        except FlowcoreError as error:
            before = None
            yield Failure(files.dataset, files.sequence, str(error))
            continue
        before = pair, lane
        score = PairScore(files.dataset, files.sequence, metrics, lane.estimate.timing)
        yield Moment(pair, lane.estimate.flow, score)


def _lane(pair: FramePair, config: PipelineConfig, **on: Any) -> Lane:
    """As ``flowcore.lane.run_lane`` has it, of one run each way."""
    estimate = run(pair, config, **on)
    backward = run(pair.reversed(), config, **on).flow
    consistent = round_trip(estimate.flow, backward).consistent
    return measure_again(pair, Lane(estimate, consistent, {}, backward))


def _changes(
    pair: FramePair, lane: Lane, next_pair: FramePair, next_lane: Lane
) -> dict[str, Measurement]:
    """The flicker of the estimate, and of the truth where both pairs have one."""
    seen = visible_pixels(lane.estimate.flow, pair, lane.consistent)
    found = {"flicker": flicker(lane.estimate.flow, next_lane.estimate.flow, seen)}
    if pair.truth is not None and next_pair.truth is not None:
        found["flicker_truth"] = flicker(pair.truth, next_pair.truth, seen)
    return {key: number for key, number in found.items() if number.num_pixels}
