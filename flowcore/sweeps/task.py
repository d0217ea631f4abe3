"""One pair and one lane of a sweep: the smallest part that is computed, kept and found again."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from flowcore.data.datasets import Pair
from flowcore.errors import FlowcoreError, ModelError
from flowcore.evaluation import score_key, score_pair
from flowcore.robustness.corruptions.kinds import corrupt, mode_of
from flowcore.scores import Failure, PairScore
from flowcore.sweeps.config import SweepLane
from flowcore.types import FramePair

__all__ = ["Measured", "Task", "Work", "measure", "prepared"]


@dataclass(frozen=True)
class Task:
    """What a worker is given.

    Parameters
    ----------
    sweep : str
        Tells one start of a sweep from all others: what is kept of its pairs ends with it.
    run, position : int
        Which run of the plan, and which pair of its data set.
    files : Pair
    lane : SweepLane
    threads, device, runs
        As of ``flowcore.evaluation.evaluate``.
    is_checked : bool
        As of ``flowcore.evaluation.score_pair``.
    """

    sweep: str
    run: int
    position: int
    files: Pair
    lane: SweepLane
    threads: int | None = None
    device: str | None = None
    runs: int = 1
    is_checked: bool = False


class Measured(NamedTuple):
    """What became of a task, and the content key of its score."""

    outcome: PairScore | Failure
    key: str = ""


Work: TypeAlias = Callable[[Callable[..., object], Task], Measured]
"""What is done with a task; it can be imported by its name in another process."""


def prepared(files: Pair, corruption: str = "") -> FramePair:
    """The pair, corrupted if that is asked for; errors as of loading it."""
    pair = files.load()
    if not corruption:
        return pair
    kind, _, severity = corruption.partition(":")
    return corrupt(pair, kind, int(severity), mode=mode_of(kind, "same"))


def measure(_progress: Callable[..., object], task: Task) -> Measured:
    """The score of a task, or why there is none.

    Raises
    ------
    ModelError
        The model cannot be had here.
    """
    config = task.lane.config
    try:
        pair = _pair(task.sweep, task.files, task.lane.corruption)
        score, _ = score_pair(
            task.files,
            pair,
            config,
            threads=task.threads,
            device=task.device,
            runs=task.runs,
            warm_up=_is_first(task.sweep, task.lane),
            is_checked=task.is_checked,
        )
        return Measured(score, score_key(pair, config, threads=task.threads, device=task.device))
    except ModelError:
        raise
    except FlowcoreError as error:
        return Measured(Failure(task.files.dataset, task.files.sequence, str(error)))


@lru_cache(maxsize=1)
def _pair(_sweep: str, files: Pair, corruption: str) -> FramePair:
    """Kept, since its lanes come one after the other."""
    return prepared(files, corruption)


_SEEN: set[tuple[str, SweepLane]] = set()


def _is_first(sweep: str, lane: SweepLane) -> bool:
    """Whether this process has not computed the lane yet."""
    is_new = (sweep, lane) not in _SEEN
    _SEEN.add((sweep, lane))
    return is_new
