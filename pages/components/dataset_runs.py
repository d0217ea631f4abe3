"""Lanes over a data set: begun, watched, giving way to others, and what the store has of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from flowcore.evaluation import facts_of
from flowcore.scores import Failure, PairScore
from flowcore.store import RunFacts, RunRecord, RunStore, default_path
from pages.components.dataset_picker import Choice
from pages.components.dataset_roots import SAMPLES
from pages.components.dataset_task import evaluate_lane
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run
from pages.components.turns import gave_way, give_way
from pages.components.work import ask, look, shared_queue

__all__ = ["GRACE_SECONDS", "LaneScores", "job_key", "run_lanes", "stored_scores"]

GRACE_SECONDS = 600  # for which work goes on once its page is left
TURN_SECONDS = 10  # after which others, if any wait, get a turn


@dataclass(frozen=True, eq=False)
class LaneScores:
    """What the store has of a lane on a data set."""

    record: RunRecord
    scores: Sequence[PairScore]
    failures: Sequence[Failure]


def run_lanes(
    choice: Choice, lanes: Sequence[LaneChoice], *, threads: int, pressed: bool
) -> list[Run]:
    """The runs that are on their way or have just ended, begun where Run was pressed.

    The samples are few, so that they are measured at once, as on the other pages.
    """
    runs, is_opening = [], choice.name == SAMPLES
    for lane in lanes:
        facts = facts_of(choice.dataset, lane.config, threads=threads)
        key = job_key(facts)
        job = look(key)
        is_new = is_opening and job is None and _latest(facts) is None
        if pressed or gave_way(job) or is_new:
            continued = job.result.run if job is not None and gave_way(job) else None
            if job is not None and job.state == "done":
                shared_queue("lanes").drop(key)
            work = choice.dataset, lane.config, threads, default_path(), continued
            job = ask(key, evaluate_lane, *work, again=pressed, grace=GRACE_SECONDS)
        if job is not None:
            runs.append(Run(lane, job))
    if any(not run.job.is_over for run in runs):
        give_way(runs, TURN_SECONDS)
    return runs


def job_key(facts: RunFacts) -> str:
    """What the queue calls the evaluation of a lane."""
    return f"evaluate:{hashlib.sha256(repr(facts).encode()).hexdigest()}"


def stored_scores(
    choice: Choice, lanes: Sequence[LaneChoice], *, threads: int
) -> dict[str, LaneScores]:
    """What the store has of each lane, by title, as far as it is done; errors as of `RunStore`."""
    found = {}
    for lane in lanes:
        record = _latest(facts_of(choice.dataset, lane.config, threads=threads))
        if record is None:
            continue
        path = default_path()
        with RunStore(path) as store:
            count = store.count(record.id)
        found[lane.title] = LaneScores(record, *_outcomes(path, record.id, count))
    return found


def _latest(facts: RunFacts) -> RunRecord | None:
    path = default_path()
    if not path.is_file():
        return None
    with RunStore(path) as store:
        return store.latest(facts)


@st.cache_resource(max_entries=32, show_spinner=False)
def _outcomes(path: Path, run: int, count: int) -> tuple[list[PairScore], list[Failure]]:
    """The scores and the failures of a run; kept while no pair is added."""
    with RunStore(path) as store:
        outcomes = store.outcomes(run).values()
    return (
        [one for one in outcomes if isinstance(one, PairScore)],
        [one for one in outcomes if isinstance(one, Failure)],
    )
