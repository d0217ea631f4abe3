"""What the command `sweep` says: a plan, and what the runs came to, for people and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from flowcore.cost import format_bytes
from flowcore.knobs import values_of
from flowcore.scores import Failure
from flowcore.store import RunRecord
from flowcore.sweeps.plan import Plan, PlannedRun

__all__ = ["Row", "plan_document", "plan_lines", "table_document", "table_lines"]

_COLUMNS = (  # key of a mean, title, width, decimals
    ("epe", "EPE px", 9, 3),
    ("fl_all", "Fl-all %", 9, 2),
    ("seconds", "s/pair", 8, 3),
    ("peak_mb", "MB", 7, 1),
)


class Row(NamedTuple):
    """A run of a plan as the store has it now, and how many of its pairs are done and failed."""

    run: PlannedRun
    record: RunRecord
    num_done: int
    num_failed: int


def plan_lines(plan: Plan) -> Iterator[str]:
    """A plan for people."""
    yield f"{'lane':48} {'pairs':>7} {'missing':>7} {'s/pair':>8} {'memory':>8}"
    for run in plan.runs:
        pace = "?" if run.pair_seconds is None else f"{run.pair_seconds:.3f}"
        memory = "?" if run.peak_bytes is None else format_bytes(run.peak_bytes)
        counts = f"{run.facts.num_pairs:7,} {run.num_missing:7,}"
        yield f"{run.lane.title:48} {counts} {pace:>8} {memory:>8}"
        if run.warning:
            yield f"  {run.warning}"
    yield (
        f"{len(plan.runs):,} runs, {plan.num_pairs:,} estimates: "
        f"{plan.num_pairs - plan.num_missing:,} are in the store, {plan.num_missing:,} are missing."
    )
    yield plan.time_in_words
    yield f"Memory: up to {format_bytes(plan.peak_bytes)} beside the program, for each at once."


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as JSON has it."""
    seconds, num_unknown = plan.seconds
    return {
        "sweep": plan.config.title,
        "estimates": plan.num_pairs,
        "missing": plan.num_missing,
        "seconds": seconds,
        "estimates_of_unknown_time": num_unknown,
        "peak_bytes": plan.peak_bytes,
        "runs": [
            {
                **_settings(run),
                "missing": run.num_missing,
                "pair_seconds": run.pair_seconds,
                "peak_bytes": run.peak_bytes,
                "warning": run.warning,
            }
            for run in plan.runs
        ],
    }


def table_lines(rows: Sequence[Row]) -> Iterator[str]:
    """What the runs came to, for people."""
    titles = " ".join(f"{title:>{width}}" for _, title, width, _ in _COLUMNS)
    yield f"{'lane':48} {'pairs':>7} {titles}   (mean of pair means)"
    for run, record, num_done, num_failed in rows:
        numbers = " ".join(
            f"{record.metrics[key]:{width}.{decimals}f}" if key in record.metrics else " " * width
            for key, _, width, decimals in _COLUMNS
        )
        yield f"{run.lane.title:48} {num_done - num_failed:7,} {numbers}"


def table_document(
    plan: Plan, rows: Sequence[Row], failed: Sequence[tuple[PlannedRun, Failure]]
) -> dict[str, Any]:
    """The same as JSON has it; ``failed`` are the pairs that could not be measured this time."""
    return {
        "sweep": plan.config.title,
        "runs": [
            {
                **_settings(run),
                "run": record.id,
                "status": record.status,
                "done": num_done,
                "failed": num_failed,
                **{key: record.metrics.get(key) for key, *_ in _COLUMNS},
                "metrics": record.metrics,
            }
            for run, record, num_done, num_failed in rows
        ],
        "failed": [{"lane": run.lane.title, **asdict(failure)} for run, failure in failed],
    }


def _settings(run: PlannedRun) -> dict[str, Any]:
    return {
        "lane": run.lane.title,
        "settings": values_of(run.lane.config),
        "corruption": run.lane.corruption,
        "place": run.facts.place,
        "split": run.facts.split,
        "pairs": run.facts.num_pairs,
    }
