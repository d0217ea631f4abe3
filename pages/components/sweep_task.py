"""What worker processes do for sweeps; free of streamlit, so that they start quickly.

The engine is imported where it is needed: most workers never are asked for a sweep.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from flowcore.data.datasets import Dataset
from flowcore.scores import Failure
from flowcore.store import RunStore
from flowcore.sweeps.config import SweepConfig, lanes_of

__all__ = ["PlannedLane", "SweepCourse", "SweepPlan", "plan_sweep", "run_sweep"]

Report = Callable[[float, str], bool]
ADDRESS = "FLOWSCOPE_SCHEDULER"


class PlannedLane(NamedTuple):
    """One lane of a plan; ``seconds`` of an estimate and ``peak_bytes`` are None if not known."""

    title: str
    pairs: int
    missing: int
    seconds: float | None
    peak_bytes: int | None
    warning: str


class SweepPlan(NamedTuple):
    """What a sweep comes to: its lanes, how long it is expected to take, and the most memory."""

    lanes: list[PlannedLane]
    time_in_words: str
    peak_bytes: int


class SweepCourse(NamedTuple):
    """Whether a sweep came to its end, and how many of its pairs could not be measured."""

    is_complete: bool
    num_failed: int
    reason: str


def plan_sweep(progress: Report, config: SweepConfig, dataset: Dataset, path: Path) -> SweepPlan:
    """What a sweep comes to; nothing is computed, but pairs are read where the store has any."""
    from flowcore.sweeps.plan import make_plan

    total = len(dataset.pairs)
    progress(0.0, "reading pairs")
    with RunStore(path if path.is_file() else None) as store:
        plan = make_plan(
            config, [dataset], lanes_of(config.grid), store,
            progress=lambda done: progress(done / total, f"reading pair {done} of {total}"),
        )  # fmt: skip
    lanes = [
        PlannedLane(
            run.lane.title, run.facts.num_pairs, run.num_missing, run.pair_seconds, run.peak_bytes,
            run.warning,
        )
        for run in plan.runs
    ]  # fmt: skip
    return SweepPlan(lanes, plan.time_in_words, plan.peak_bytes)


def run_sweep(progress: Report, config: SweepConfig, dataset: Dataset, path: Path) -> SweepCourse:
    """Compute what the store at ``path`` lacks, here or where ``FLOWSCOPE_SCHEDULER`` says.

    Comes to its end early when it is asked to finish; what was done is kept.
    """
    from flowcore.sweeps.child import end_children
    from flowcore.sweeps.plan import make_plan
    from flowcore.sweeps.run import run_plan

    path.parent.mkdir(parents=True, exist_ok=True)
    progress(0.0, "reading pairs")
    num_failed, reason = 0, ""
    with RunStore(path) as store:
        plan = make_plan(config, [dataset], lanes_of(config.grid), store)
        have, total = plan.num_pairs - plan.num_missing, plan.num_pairs
        course = run_plan(plan, store, scheduler=os.environ.get(ADDRESS))
        try:
            for done, (run, outcome) in enumerate(course, have + 1):
                if isinstance(outcome, Failure):
                    num_failed += 1
                    reason = reason or f"{outcome.sequence}, {run.lane.title}: {outcome.reason}"
                if progress(done / total, f"estimate {done:,} of {total:,}") and done < total:
                    return SweepCourse(False, num_failed, reason)
        finally:
            course.close()
            end_children()
    return SweepCourse(True, num_failed, reason)
