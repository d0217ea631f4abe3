"""A run as the store has it: what was asked, on what machine, and what came of it."""

import json
import platform
import socket
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import psutil

from flowcore.knobs import config_from, values_of
from flowcore.metrics.summary import Measurement
from flowcore.scores import PairScore
from flowcore.types import PipelineConfig, Timing

__all__ = [
    "FACT_NAMES",
    "RunFacts",
    "RunRecord",
    "config_text",
    "machine",
    "record_of",
    "score_of",
    "versions",
]


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What a run is asked to do.

    Parameters
    ----------
    kind : str
        "evaluate" or "sweep".
    sweep : str
        The name of the sweep that it belongs to; empty where it belongs to none.
    corruption : str
        What was done to every pair first, such as "fog:3"; empty where nothing was.
    place, layout, split : str
        Of the data set; ``split`` is empty for all of it.
    config : PipelineConfig
    weights : str, optional
        sha256 of the model's weights, in hex.
    threads, device : optional
        As they were asked for.
    num_pairs : int
    """

    kind: str = "evaluate"
    sweep: str = ""
    corruption: str = ""
    place: str
    layout: str
    split: str = ""
    config: PipelineConfig
    weights: str | None = None
    threads: int | None = None
    device: str | None = None
    num_pairs: int = 0


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run as the store has it.

    Parameters
    ----------
    id : int
    facts : RunFacts
    status : "running", "done", "stopped" or "failed"
        A run whose process is gone is "stopped".
    started : str
        UTC, ``2026-11-27 15:00:00``.
    seconds : float, optional
        Until it ended.
    versions, machine : dict
        Of Python and of the libraries; processor, cores, memory and name of the machine.
    metrics : dict
        Means over its pairs, "seconds" among them, and "peak_mb": see ``flowcore.scores.Tally``.
        Empty until it has ended, unless it tells on its way.
    error : str
        Why it failed.
    """

    id: int
    facts: RunFacts
    status: str
    started: str
    seconds: float | None
    versions: dict[str, str]
    machine: dict[str, Any]
    metrics: dict[str, float]
    error: str


FACT_NAMES = (
    "kind", "sweep", "corruption", "place", "layout", "split", "weights", "threads", "device",
    "num_pairs",
)  # fmt: skip
"""The columns that hold the fields of `RunFacts` as they are."""


def config_text(config: PipelineConfig) -> str:
    """What a lane sets, as JSON: the same text for the same lane."""
    return json.dumps(values_of(config))


def _config(text: str) -> PipelineConfig:
    values = json.loads(text)
    return config_from({k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def score_of(
    dataset: str, sequence: str, metrics: str, timing: str | None, suspicions: str
) -> PairScore:
    """A score from the texts that a row has."""
    return PairScore(
        dataset,
        sequence,
        {key: Measurement(*number) for key, number in json.loads(metrics).items()},
        Timing(**json.loads(timing)) if timing else None,
        tuple(json.loads(suspicions)),
    )


def record_of(row: dict[str, Any]) -> RunRecord:
    """A run from its row; one whose process is gone is stopped."""
    where = json.loads(row["machine"])
    is_here = where["name"] == socket.gethostname()
    is_gone = row["status"] == "running" and is_here and not psutil.pid_exists(row["process"])
    return RunRecord(
        id=row["id"],
        facts=RunFacts(config=_config(row["config"]), **{name: row[name] for name in FACT_NAMES}),
        status="stopped" if is_gone else row["status"],
        started=row["started"],
        seconds=row["seconds"],
        versions=json.loads(row["versions"]),
        machine=where,
        metrics=json.loads(row["metrics"] or "{}"),
        error=row["error"] or "",
    )


def versions() -> dict[str, str]:
    """Of Python and of the libraries on which numbers hang."""
    libraries = ("torch", "numpy", "opencv-python-headless", "scikit-image")
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}


def machine() -> dict[str, Any]:
    """What is known of this machine; ``memory`` in bytes."""
    return {
        "name": socket.gethostname(),
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": psutil.cpu_count(),
        "memory": psutil.virtual_memory().total,
    }
