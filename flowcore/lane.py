"""A lane: everything that is known about one config on one pair."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flowcore.cost import available_memory, format_bytes, release_memory
from flowcore.errors import ConfigError
from flowcore.metrics.round_trip import round_trip
from flowcore.metrics.summary import Measurement, measure
from flowcore.pipeline import external_estimate, run
from flowcore.types import BoolArray, Estimate, FlowField, FramePair, PipelineConfig

__all__ = ["Lane", "external_lane", "run_lane"]

_MEASURE_BYTES_PER_PIXEL = 80  # 50 measured at 33 Mpx; occlusions take some more


@dataclass(frozen=True, eq=False)
class Lane:
    """An estimate and what was measured of it.

    Parameters
    ----------
    estimate : Estimate
    consistent : (H, W) bool, optional
        Where forward and backward flow agree; None for an external flow, which has no backward.
    metrics : mapping of key to Measurement
        See ``flowcore.metrics.summary.METRICS``.
    """

    estimate: Estimate
    consistent: BoolArray | None
    metrics: Mapping[str, Measurement]


def run_lane(
    pair: FramePair,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> Lane:
    """Flow, backward flow and metrics of one config on one pair.

    ``progress`` is told the finished share, 0..1, and what is being done. Errors: as of
    ``flowcore.pipeline.run``.
    """
    _require_memory_to_measure(pair)
    progress(0.0, "estimating the flow")
    estimate = run(
        pair,
        config,
        threads=threads,
        warm_up=True,
        progress=lambda done: progress(0.5 * done, "estimating the flow"),
    )
    release_memory()
    progress(0.5, "estimating the backward flow")
    backward = run(
        pair.reversed(),
        config,
        threads=threads,
        progress=lambda done: progress(0.5 + 0.45 * done, "estimating the backward flow"),
    )
    release_memory()
    progress(0.95, "measuring")
    metrics = measure(estimate.flow, pair, backward=backward.flow)
    return Lane(estimate, round_trip(estimate.flow, backward.flow).consistent, metrics)


def external_lane(pair: FramePair, flow: FlowField, *, name: str = "external") -> Lane:
    """The lane of a flow that another tool made."""
    return Lane(external_estimate(pair, flow, name=name), None, measure(flow, pair))


def _require_memory_to_measure(pair: FramePair) -> None:
    height, width = pair.size
    needed, free = _MEASURE_BYTES_PER_PIXEL * height * width, available_memory()
    if needed > free:
        raise ConfigError(
            f"Measuring a flow of {width}x{height} px takes about {format_bytes(needed)}, "
            f"{format_bytes(free)} are free. Use smaller frames."
        )
