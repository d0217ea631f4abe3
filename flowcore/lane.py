"""A lane: everything that is known about one config on one pair.

What it takes comes in two parts, each with a key of what it depends on and of nothing else:
the flows hang on the frames, the config and the weights; their measurements on the flows and on
what is known of the motion. So a truth that is added later runs no model again, and weights that
are imported anew under one name give a new flow.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from flowcore import models
from flowcore.budget import enlarged_size, scaled_size
from flowcore.cost import available_memory, format_bytes, release_memory
from flowcore.errors import ConfigError, UnknownModelError
from flowcore.metrics.masks import visible_pixels
from flowcore.metrics.round_trip import round_trip, round_trip_distance
from flowcore.metrics.summary import Measurement, measure
from flowcore.pipeline import external_estimate, load_model, run
from flowcore.types import (
    BoolArray,
    Box,
    Estimate,
    FloatArray,
    FlowField,
    FramePair,
    PipelineConfig,
)

__all__ = [
    "Lane",
    "common_pixels",
    "estimate_key",
    "external_lane",
    "have_own_pixels",
    "measure_again",
    "measure_key",
    "measure_region",
    "run_lane",
    "weights_sha256",
    "with_model",
]

TIMED_RUNS = 3  # at most, of a quick estimate; the shortest counts
_HEAD = "log_scale"  # the map of a net that says how far off it expects to be
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
    backward : FlowField, optional
        From the second frame to the first; kept so that the lane can be measured again.
    measured_against : str
        The ``truth_digest`` of the pair that the metrics were measured on.
    """

    estimate: Estimate
    consistent: BoolArray | None
    metrics: Mapping[str, Measurement]
    backward: FlowField | None = None
    measured_against: str = ""

    @property
    def uncertainty_kind(self) -> str | None:
        """Who says how far off the flow may be: "head" or "round trip"; None if nobody does."""
        if _HEAD in self.estimate.maps:
            return "head"
        return None if self.backward is None else "round trip"

    @property
    def uncertainty(self) -> FloatArray | None:
        """How far off the flow may be at every pixel, px, (H, W) float32; more is less certain.

        The error that the net itself expects, where it has a head for that; else the distance by
        which forward and backward flow in turn miss the start.
        """
        if _HEAD in self.estimate.maps:
            return np.exp(self.estimate.maps[_HEAD][..., -1])
        if self.backward is None:
            return None
        return round_trip_distance(self.estimate.flow, self.backward)


def estimate_key(
    pair: FramePair,
    config: PipelineConfig | FlowField,
    *,
    threads: int | None = None,
    device: str | None = None,
) -> str:
    """What the flows of a lane depend on, as sha256 in hex.

    Parameters
    ----------
    pair : FramePair
        Its frames alone count.
    config : PipelineConfig or FlowField
        With the hash of the weights that its model has now; or the flow of another tool.
    threads, device : optional
        What the time was taken on.
    """
    if isinstance(config, FlowField):
        parts: tuple[object, ...] = (pair.frames_digest, config.digest)
    else:
        weights = weights_sha256(config.model)
        parts = (pair.frames_digest, config, weights, threads, device)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def measure_key(estimate: str, pair: FramePair) -> str:
    """What the measurements of a lane depend on: its ``estimate_key``, and what is known."""
    return hashlib.sha256(f"{estimate}{pair.truth_digest}".encode()).hexdigest()


def weights_sha256(model: str) -> str | None:
    """The hash of the weights that a model has now; None where it has none, or is none of ours."""
    try:
        return models.describe(model).sha256
    except UnknownModelError:
        return None


def with_model(config: PipelineConfig, model: str) -> PipelineConfig:
    """The same lane with another model; without what that does not take, iterations or passes.

    Raises
    ------
    UnknownModelError
        There is no such model.
    """
    card = models.describe(model)
    iterations = config.iterations if card.default_iterations else None
    passes = config.passes if card.default_passes else None
    return replace(config, model=card.name, iterations=iterations, passes=passes)


def run_lane(
    pair: FramePair,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> Lane:
    """Flow, backward flow and metrics of one config on one pair.

    ``progress`` is told the finished share, 0..1, and what is being done. Errors: as of
    ``flowcore.pipeline.run``.
    """
    _require_memory_to_measure(pair)
    progress(0.0, "estimating the flow")
    model = load_model(config.model, device)
    estimate = run(
        pair,
        config,
        threads=threads,
        device=device,
        keep=frozenset({_HEAD}.intersection(getattr(model, "maps", ()))),
        warm_up=True,
        runs=TIMED_RUNS,
        progress=lambda done: progress(0.5 * done, "estimating the flow"),
    )
    release_memory()
    progress(0.5, "estimating the backward flow")
    backward = run(
        pair.reversed(),
        config,
        threads=threads,
        device=device,
        progress=lambda done: progress(0.5 + 0.45 * done, "estimating the backward flow"),
    )
    release_memory()
    progress(0.95, "measuring")
    consistent = round_trip(estimate.flow, backward.flow).consistent
    if _HEAD in estimate.maps:  # in px of the frames that the net saw
        working = enlarged_size(model, *scaled_size(pair.size, config.scale))
        log_scale = estimate.maps[_HEAD] + np.float32(np.log(pair.size[0] / working[0]))
        estimate = replace(estimate, maps={_HEAD: log_scale})
    return measure_again(pair, Lane(estimate, consistent, {}, backward.flow))


def measure_again(pair: FramePair, lane: Lane) -> Lane:
    """The lane with its metrics on this pair: the same frames, of which more or less is known."""
    metrics = measure(lane.estimate.flow, pair, backward=lane.backward)
    return replace(lane, metrics=metrics, measured_against=pair.truth_digest)


def measure_region(pair: FramePair, lane: Lane, box: Box) -> Mapping[str, Measurement]:
    """The lane's metrics over the pixels of a rectangle.

    Raises
    ------
    ConfigError
        The rectangle is not inside the frame.
    """
    flow, backward = lane.estimate.flow, lane.backward
    return measure(flow, pair, backward=backward, within=box.mask(pair.size))


def common_pixels(pair: FramePair, lanes: Iterable[Lane]) -> BoolArray:
    """The pixels over which the warp numbers of all the lanes are taken, (H, W) bool."""
    seen = (visible_pixels(lane.estimate.flow, pair, lane.consistent) for lane in lanes)
    return functools.reduce(np.logical_and, seen)


def have_own_pixels(lanes: Iterable[Lane]) -> bool:
    """Whether the warp numbers of the lanes are taken over different pixels.

    So it is where nothing says what is occluded: each lane then has pixels of its own, and leaving
    difficult ones out helps. Over ``common_pixels`` the lanes can be compared.
    """
    return len({lane.metrics["psnr"].num_pixels for lane in lanes if "psnr" in lane.metrics}) > 1


def external_lane(pair: FramePair, flow: FlowField, *, name: str = "external") -> Lane:
    """The lane of a flow that another tool made."""
    return measure_again(pair, Lane(external_estimate(pair, flow, name=name), None, {}))


def _require_memory_to_measure(pair: FramePair) -> None:
    height, width = pair.size
    needed, free = _MEASURE_BYTES_PER_PIXEL * height * width, available_memory()
    if needed > free:
        raise ConfigError(
            f"Measuring a flow of {width}x{height} px takes about {format_bytes(needed)}, "
            f"{format_bytes(free)} are free. Use smaller frames."
        )
