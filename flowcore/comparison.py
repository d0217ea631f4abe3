"""A lane: everything that is known about one config on one pair."""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from flowcore import models
from flowcore.cost import available_memory, format_bytes, release_memory
from flowcore.errors import ConfigError, UnknownModelError
from flowcore.metrics.round_trip import round_trip
from flowcore.metrics.summary import Measurement, measure
from flowcore.pipeline import external_estimate, run
from flowcore.types import BoolArray, Estimate, FlowField, FramePair, PipelineConfig

__all__ = ["Lane", "external_lane", "run_lane", "settings_document"]

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
    report: Callable[[float, str], None] = lambda fraction, message: None,
) -> Lane:
    """Flow, backward flow and metrics of one config on one pair.

    ``report`` is told the finished share, 0..1, and what is being done. Errors: as of
    ``flowcore.pipeline.run``.
    """
    _require_memory_to_measure(pair)
    report(0.0, "estimating the flow")
    estimate = run(
        pair,
        config,
        threads=threads,
        warm_up=True,
        report=lambda done: report(0.5 * done, "estimating the flow"),
    )
    release_memory()
    report(0.5, "estimating the backward flow")
    backward = run(
        pair.reversed(),
        config,
        threads=threads,
        report=lambda done: report(0.5 + 0.45 * done, "estimating the backward flow"),
    )
    release_memory()
    report(0.95, "measuring")
    metrics = measure(estimate.flow, pair, backward=backward.flow)
    return Lane(estimate, round_trip(estimate.flow, backward.flow).consistent, metrics)


def external_lane(pair: FramePair, flow: FlowField, *, name: str = "external") -> Lane:
    """The lane of a flow that another tool made."""
    return Lane(external_estimate(pair, flow, name=name), None, measure(flow, pair))


def settings_document(pair: FramePair, lanes: Mapping[str, Lane]) -> str:
    """What is needed to repeat a comparison, as JSON: pair, configs, versions, weights' hashes."""
    document: dict[str, Any] = {
        "pair": {"name": pair.name, "height": pair.size[0], "width": pair.size[1]},
        "digest": pair.digest,
        "lanes": {
            name: {
                "config": asdict(lane.estimate.config),
                "seconds": lane.estimate.seconds,
                "threads": lane.estimate.threads,
                "weights_sha256": _weights_hash(lane.estimate.config.model),
                "metrics": {
                    key: {"value": item.value, "num_pixels": item.num_pixels}
                    for key, item in lane.metrics.items()
                },
            }
            for name, lane in lanes.items()
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy", "opencv-python-headless")},
        },
    }
    return json.dumps(document, indent=2)


def _require_memory_to_measure(pair: FramePair) -> None:
    height, width = pair.size
    needed, free = _MEASURE_BYTES_PER_PIXEL * height * width, available_memory()
    if needed > free:
        raise ConfigError(
            f"Measuring a flow of {width}x{height} px takes about {format_bytes(needed)}, "
            f"{format_bytes(free)} are free. Use smaller frames."
        )


def _weights_hash(model: str) -> str | None:
    try:
        return models.describe(model).sha256
    except UnknownModelError:  # an external flow
        return None
