"""What worker processes are asked to do; free of streamlit, so that they start quickly."""

from collections.abc import Callable
from typing import Any

from flowcore import models
from flowcore.comparison import Lane, external_lane, run_lane
from flowcore.types import FlowField, FramePair, PipelineConfig

__all__ = ["call", "estimate_lane", "import_checkpoint", "measure_external"]

Report = Callable[[float, str], None]


def call(_report: Report, work: Callable[[], Any]) -> Any:
    """What ``work`` returns: any library call that reads a file of a user."""
    return work()


def estimate_lane(
    report: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> Lane:
    """One lane, with progress."""
    return run_lane(pair, config, threads=threads, report=report)


def measure_external(_report: Report, pair: FramePair, flow: FlowField, name: str) -> Lane:
    """The lane of an uploaded flow."""
    return external_lane(pair, flow, name=name)


def import_checkpoint(data: bytes, name: str | None) -> models.ModelCard:
    """The card of uploaded weights, kept from now on."""
    return models.import_weights(data, name=name)
