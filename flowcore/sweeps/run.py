"""A sweep on its way: what is missing is computed, and the store is told of every pair."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

from flowcore.errors import FlowcoreError
from flowcore.scores import Failure, PairScore, Tally
from flowcore.store import RunStore
from flowcore.sweeps.cluster import connected, outcomes
from flowcore.sweeps.identity import identity_of
from flowcore.sweeps.plan import Plan, PlannedRun
from flowcore.sweeps.task import Work, measure

__all__ = ["Done", "run_plan"]

_TELL_SECONDS = 2  # how often the store is told what the runs come to so far


class Done(NamedTuple):
    """A pair of a run that has just been computed."""

    run: PlannedRun
    outcome: PairScore | Failure


def run_plan(
    plan: Plan,
    store: RunStore,
    *,
    scheduler: str | None = None,
    workers: int = 1,
    is_plain: bool = False,
    work: Work = measure,
    begun: Callable[[list[int]], None] = lambda numbers: None,
) -> Iterator[Done]:
    """Compute what is missing, pair by pair, each in a process of its own.

    Whatever ends it, what was done is in the store, and the same plan made anew has the rest.

    Parameters
    ----------
    plan : Plan
    store : RunStore
    scheduler : str, optional
        Address of a dask scheduler; within this process if left out.
    workers, is_plain
        As of ``flowcore.sweeps.cluster.connected``.
    work : callable
        What is done with a task.
    begun : callable
        Is told the number of each run in the store, in the order of the plan.

    Raises
    ------
    SchedulerError
        As of ``flowcore.sweeps.cluster``.
    ModelError, StoreError
    """
    identity = identity_of(run.lane.config.model for run in plan.runs)
    book = _Book(plan, store)
    begun(book.numbers)
    if not plan.num_missing:
        return
    try:
        with (
            connected(scheduler, workers=workers, is_plain=is_plain) as client,
            closing(outcomes(client, work, plan.tasks(), identity)) as coming,
        ):
            for task, (outcome, key) in coming:
                book.enter(task.run, task.position, outcome, key)
                yield Done(plan.runs[task.run], outcome)
    except FlowcoreError as error:
        book.close("failed", str(error))
        raise
    finally:
        book.close("stopped")


class _Book:
    """The runs of a plan in the store: begun or gone on with, told of, ended once complete."""

    def __init__(self, plan: Plan, store: RunStore) -> None:
        self._store = store
        self._told = time.monotonic()
        self._missing: Counter[int] = Counter()
        self._tallies: dict[int, Tally] = {}
        self._changed: set[int] = set()
        self.numbers: list[int] = []
        for index, run in enumerate(plan.runs):
            self._begin(index, run)

    def enter(self, index: int, position: int, outcome: PairScore | Failure, key: str) -> None:
        """Keep what became of a pair of run number ``index`` of the plan."""
        self._store.add(self.numbers[index], position, outcome, key)
        if isinstance(outcome, PairScore):
            self._tallies[index].add(outcome)
        self._changed.add(index)
        self._missing[index] -= 1
        if not self._missing[index]:
            self._end(index, "done")
        if time.monotonic() - self._told > _TELL_SECONDS:
            for changed in self._changed & self._tallies.keys():
                self._store.tell(self.numbers[changed], self._tallies[changed].means)
            self._changed.clear()
            self._told = time.monotonic()

    def close(self, status: str, error: str = "") -> None:
        """End the runs that are not complete, if there are any left."""
        for index in list(self._tallies):
            self._end(index, status, error)

    def _begin(self, index: int, run: PlannedRun) -> None:
        """Note the run's number; the pairs that the store has are entered at once."""
        number = self._store.begin(run.facts) if run.record is None else run.record.id
        self.numbers.append(number)
        if run.record is not None:
            if run.record.status == "done" and not run.num_missing:
                return
            self._store.go_on(number)
        names = [(files.dataset, files.sequence) for files in run.dataset.pairs]
        there = {position: (*names[position], key) for position, key in run.there.items()}
        self._store.take_over(number, there, run.facts.num_pairs)
        found = self._store.outcomes(number) if there else {}
        scores = [found[position] for position in there]
        tally = Tally(score for score in scores if isinstance(score, PairScore))
        self._missing[index], self._tallies[index] = run.num_missing, tally
        if not run.num_missing:
            self._end(index, "done")

    def _end(self, index: int, status: str, error: str = "") -> None:
        del self._tallies[index]
        self._store.end(self.numbers[index], status, error=error)
