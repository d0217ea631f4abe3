"""What a sweep comes to before anything runs: its runs, what the store has, time and memory."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from flowcore.budget import memory_needed
from flowcore.data.datasets import Dataset
from flowcore.errors import ConfigError, FlowcoreError
from flowcore.evaluation import NUM_CHECKED, facts_of, score_key
from flowcore.pipeline import load_model
from flowcore.run_records import machine
from flowcore.store import RunFacts, RunRecord, RunStore
from flowcore.sweeps.config import SweepConfig, SweepLane
from flowcore.sweeps.task import Task, prepared

__all__ = ["Plan", "PlannedRun", "make_plan"]


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One lane over one data set.

    Parameters
    ----------
    dataset : Dataset
    lane : SweepLane
    facts : RunFacts
        What the store calls it.
    record : RunRecord, optional
        The run of the store that goes on.
    there : mapping of position to content key
        The pairs whose scores the store has.
    pair_seconds : float, optional
        What an estimate is expected to take, by what the store knows of this machine.
    peak_bytes : int, optional
        What an estimate of the largest pair that was seen is expected to take.
    warning : str
        Why it cannot run on such a pair.
    """

    dataset: Dataset
    lane: SweepLane
    facts: RunFacts
    record: RunRecord | None
    there: Mapping[int, str]
    pair_seconds: float | None = None
    peak_bytes: int | None = None
    warning: str = ""

    @property
    def num_missing(self) -> int:
        """Pairs to compute."""
        return self.facts.num_pairs - len(self.there)


@dataclass(frozen=True, eq=False)
class Plan:
    """A sweep as far as it is known beforehand."""

    config: SweepConfig
    runs: tuple[PlannedRun, ...]

    @property
    def num_missing(self) -> int:
        """Estimates to compute."""
        return sum(run.num_missing for run in self.runs)

    @property
    def num_pairs(self) -> int:
        """Estimates in all, those of the store included."""
        return sum(run.facts.num_pairs for run in self.runs)

    @property
    def seconds(self) -> tuple[float, int]:
        """What the missing estimates are expected to take, and of how many nothing is known."""
        known = [run for run in self.runs if run.pair_seconds is not None]
        total = sum(run.num_missing * (run.pair_seconds or 0.0) for run in known)
        return total, self.num_missing - sum(run.num_missing for run in known)

    @property
    def peak_bytes(self) -> int:
        """The most memory that one of the missing estimates is expected to take."""
        return max((run.peak_bytes or 0 for run in self.runs if run.num_missing), default=0)

    @property
    def time_in_words(self) -> str:
        """The same as a sentence."""
        seconds, num_unknown = self.seconds
        if self.num_missing and num_unknown == self.num_missing:
            return "Time: not known, as none of these lanes was timed on this machine yet."
        words = (
            f"Time: about {seconds:,.0f} s of estimates alone; to read and measure comes on top."
        )
        more = f" Of {num_unknown:,} estimates it is not known." if num_unknown else ""
        return words + more

    def tasks(self) -> Iterator[Task]:
        """What is missing: all lanes of a pair, then the next pair."""
        token = secrets.token_hex(8)
        numbered = list(enumerate(self.runs))
        for _, group in groupby(numbered, lambda item: id(item[1].dataset)):
            runs = list(group)
            seen: dict[str, int] = {}
            for position, files in enumerate(runs[0][1].dataset.pairs):
                index = seen[files.dataset] = seen.get(files.dataset, 0) + 1
                for number, run in runs:
                    if position not in run.there:
                        yield Task(
                            token, number, position, files, run.lane,
                            threads=self.config.threads, device=self.config.device,
                            runs=self.config.runs,
                            is_checked=run is runs[0][1] and index <= NUM_CHECKED,
                        )  # fmt: skip


def make_plan(
    config: SweepConfig,
    datasets: Sequence[Dataset],
    lanes: Sequence[SweepLane],
    store: RunStore,
    *,
    progress: Callable[[int], object] = lambda pairs: None,
) -> Plan:
    """The runs of a sweep, and which of their pairs are missing.

    Where the store has any score, every pair is read: its content decides. ``progress`` is told
    how many pairs were.

    Raises
    ------
    ModelError, StoreError
    """
    lanes = sorted(lanes, key=lambda lane: lane.corruption)  # a pair is corrupted once
    paces = _paces(store)
    runs: dict[RunFacts, PlannedRun] = {}
    for dataset in datasets:
        facts = [_facts(config, dataset, lane) for lane in lanes]
        there, sizes = _found(config, dataset, lanes, store, progress)
        for lane, fact, keys in zip(lanes, facts, there, strict=True):
            if fact not in runs:
                record = store.latest(fact)
                if record is not None and record.status == "running":
                    record = None  # another process is at it
                planned = PlannedRun(dataset, lane, fact, record, keys, paces.get(_pace_key(fact)))
                runs[fact] = _with_memory(planned, sizes)
    return Plan(config, tuple(runs.values()))


def _facts(config: SweepConfig, dataset: Dataset, lane: SweepLane) -> RunFacts:
    facts = facts_of(dataset, lane.config, threads=config.threads, device=config.device)
    return replace(facts, kind="sweep", sweep=config.title, corruption=lane.corruption)


def _found(
    config: SweepConfig,
    dataset: Dataset,
    lanes: Sequence[SweepLane],
    store: RunStore,
    progress: Callable[[int], object],
) -> tuple[list[dict[int, str]], set[tuple[int, int]]]:
    """For each lane the content keys that the store has, by position; the sizes that were seen."""
    there: list[dict[int, str]] = [{} for _ in lanes]
    sizes: set[tuple[int, int]] = set()
    pairs = dataset.pairs[:1] if store.is_empty else dataset.pairs
    for position, files in enumerate(pairs):
        for corruption, group in groupby(enumerate(lanes), lambda item: item[1].corruption):
            try:
                pair = prepared(files, corruption)
            except FlowcoreError:  # it is listed when its turn comes
                break
            sizes.add(pair.size)
            for number, lane in group:
                key = score_key(pair, lane.config, threads=config.threads, device=config.device)
                if store.has(key):
                    there[number][position] = key
        progress(position + 1)
    return there, sizes


def _pace_key(facts: RunFacts) -> tuple[object, ...]:
    return facts.config, facts.weights, facts.threads, facts.device


def _paces(store: RunStore) -> dict[tuple[object, ...], float]:
    """Mean seconds of an estimate, by lane, as the latest run on this machine had them."""
    here = machine()["name"]
    return {
        _pace_key(record.facts): record.metrics["seconds"]
        for record in reversed(store.runs())
        if record.machine["name"] == here and "seconds" in record.metrics
    }


def _with_memory(run: PlannedRun, sizes: set[tuple[int, int]]) -> PlannedRun:
    try:
        model = load_model(run.lane.config.model)
        needed = [memory_needed(model, size, run.lane.config) for size in sizes]
    except ConfigError as error:
        return replace(run, warning=str(error))
    return replace(run, peak_bytes=max(needed, default=None))
