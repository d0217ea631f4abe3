"""How lanes bear corruptions: error and flow shift by kind and severity, and who ranks where."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from flowcore.metrics.flow import epe, mean_epe
from flowcore.pipeline import run
from flowcore.robustness.corruptions.draw import Mode
from flowcore.robustness.corruptions.kinds import CORRUPTIONS, SEVERITIES, corrupt, mode_of
from flowcore.types import FlowField, FramePair, PipelineConfig

__all__ = ["CorruptionPoint", "Rank", "corruption_sweep", "rank_lanes"]


class CorruptionPoint(NamedTuple):
    """A lane on one corrupted pair; ``kind`` is empty and ``severity`` 0 for the pair as it is.

    ``epe`` is the mean end-point error in px, None without truth; ``shift`` the mean distance in px
    of the flow from that on the pair as it is, which needs no truth. Lower is better for both.
    """

    kind: str
    severity: int
    epe: float | None
    shift: float


class Rank(NamedTuple):
    """Where a lane stands among others, 1 being best; ties share the better place.

    ``epe`` is that of the pair as it is, ``shift`` the mean over all corrupted ones, px. Without
    truth ``epe`` and ``accuracy_rank`` are None.
    """

    lane: str
    epe: float | None
    shift: float
    accuracy_rank: int | None
    robustness_rank: int


def corruption_sweep(
    pair: FramePair,
    config: PipelineConfig,
    *,
    kinds: Sequence[str] = tuple(CORRUPTIONS),
    severities: Sequence[int] = SEVERITIES,
    mode: Mode = "same",
    seed: int = 0,
    motion: FlowField | None = None,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> list[CorruptionPoint]:
    """One lane on the pair as it is, and on every corruption of it.

    Modes are as of `mode_of`, so that one is enough for all kinds.

    Parameters
    ----------
    pair, mode, seed, motion
        As of `corrupt`.
    config : PipelineConfig
    kinds, severities : sequences
    threads, device : optional
    progress : callable
        Is told the finished share, 0..1, and what is being done.

    Raises
    ------
    FlowcoreError
        As of `corrupt` and of ``flowcore.pipeline.run``.
    """
    steps = [("", 0), *((kind, severity) for kind in kinds for severity in severities)]
    points: list[CorruptionPoint] = []
    plain: FlowField | None = None
    for number, (kind, severity) in enumerate(steps):
        progress(number / len(steps), f"{kind} {severity}" if kind else "as it is")
        changed = pair
        if kind:
            used = mode_of(kind, mode)
            changed = corrupt(pair, kind, severity, mode=used, seed=seed, motion=motion)
        flow = run(changed, config, threads=threads, device=device).flow
        plain = plain or flow
        truth = pair.truth
        error = None if truth is None else mean_epe(flow.uv, truth.uv, truth.valid)
        points.append(CorruptionPoint(kind, severity, error, float(epe(flow.uv, plain.uv).mean())))
    return points


def rank_lanes(lanes: Mapping[str, Sequence[CorruptionPoint]]) -> list[Rank]:
    """The lanes on both axes, accuracy and robustness, the most robust one first.

    Parameters
    ----------
    lanes : mapping of name to the points of `corruption_sweep`
        Over the same corruptions.

    Examples
    --------
    >>> quick = [CorruptionPoint("", 0, 2.0, 0.0), CorruptionPoint("fog", 1, 3.0, 0.5)]
    >>> exact = [CorruptionPoint("", 0, 1.0, 0.0), CorruptionPoint("fog", 1, 5.0, 4.0)]
    >>> [rank[0::3] for rank in rank_lanes({"exact": exact, "quick": quick})]
    [('quick', 2), ('exact', 1)]
    """
    errors = [points[0].epe for points in lanes.values()]
    known = [error for error in errors if error is not None]
    shifts = [
        float(np.mean([point.shift for point in points if point.kind])) for points in lanes.values()
    ]
    ranks = [
        Rank(
            lane,
            error,
            shift,
            None if error is None else 1 + sum(other < error for other in known),
            1 + sum(other < shift for other in shifts),
        )
        for lane, error, shift in zip(lanes, errors, shifts, strict=True)
    ]
    return sorted(ranks, key=lambda rank: rank.robustness_rank)
