"""Lanes along a part of a sequence: begun, and what came of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from flowcore.data.datasets import Pair
from flowcore.data.files import PairFiles
from flowcore.data.reels import Reel
from flowcore.lane import weights_sha256
from flowcore.scores import Failure
from pages.components.files import changed
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run
from pages.components.sequence_task import Glance, follow_lane
from pages.components.turns import ask_in_turns, give_way

__all__ = ["TURN_SECONDS", "Along", "Stretch", "followed", "key_of_work", "run_along"]

GRACE_SECONDS = 120  # a reload, or a look at another page, loses nothing
TURN_SECONDS = 10  # after which others, if any wait, get a turn
Along: TypeAlias = Mapping[str, Sequence[Glance | Failure]]
"""By the title of a lane: what came of each pair."""


@dataclass(frozen=True)
class Stretch:
    """A part of a sequence: so many pairs from number ``begin`` on, counted from 0."""

    reel: Reel
    begin: int
    count: int

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """In their order."""
        return self.reel.pairs[self.begin : self.begin + self.count]

    @property
    def name(self) -> str:
        """What tells its files, as they are now, from others."""
        files = [pair for pair in self.pairs if isinstance(pair, PairFiles)]
        said = [(repr(pair), changed(pair)) for pair in files]
        return hashlib.sha256(repr(said).encode()).hexdigest()


def run_along(
    stretch: Stretch, lanes: Sequence[LaneChoice], *, threads: int, pressed: bool
) -> list[Run]:
    """The runs that are on their way or were made, begun where Run was pressed."""
    runs = []
    for lane in lanes:
        key, work = key_of_work("follow", stretch, lane, threads), (stretch.pairs, lane.config)
        job = ask_in_turns(key, follow_lane, *work, threads, pressed=pressed, grace=GRACE_SECONDS)
        if job is not None:
            runs.append(Run(lane, job))
    if any(not run.job.is_over for run in runs):
        give_way(runs, TURN_SECONDS)
    return runs


def followed(runs: Sequence[Run]) -> dict[str, list[Glance | Failure]]:
    """What came of the lanes that are done, by title."""
    return {run.lane.title: run.job.result.along for run in runs if run.job.state == "done"}


def key_of_work(what: str, stretch: Stretch, lane: LaneChoice, *more: Any) -> str:
    """What the queue calls work on a lane along a sequence."""
    told = stretch.name, lane.config, weights_sha256(lane.config.model), more
    return f"{what}:{hashlib.sha256(repr(told).encode()).hexdigest()}"
