"""One pair and one config in, one estimate out.

``predict`` is the differentiable tensor part: blur, resize, chunk, pad, model, and all the way
back. ``run`` adds what a person needs around it: models by name, threads, memory, timing, arrays.
"""

import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import torch

from flowcore import models
from flowcore.budget import (
    chunks_at_once,
    default_passes,
    enlarged_size,
    grid_for,
    require_memory,
    scaled_size,
)
from flowcore.chunking.stitch import estimate_chunked
from flowcore.errors import ConfigError, DivergedError, ShapeMismatchError
from flowcore.hardware import chosen_device, clock, share_of_others, use_threads
from flowcore.models import FlowModel
from flowcore.ops.blur import gaussian_blur
from flowcore.ops.convert import as_float, flow_to_array, frame_to_levels
from flowcore.ops.pad import Padding, crop, pad, padding_to_stride
from flowcore.ops.resize import resize_flow, resize_frame
from flowcore.types import (
    Estimate,
    FeatureMap,
    FlowField,
    FramePair,
    PipelineConfig,
    Prediction,
    Timing,
)

__all__ = [
    "DEFAULT_MODEL",
    "external_estimate",
    "fitted",
    "load_model",
    "predict",
    "prepared",
    "run",
]

DEFAULT_MODEL = "scope_070.scenes"

_BYTES_PER_PIXEL = 4 * (3 + 3 + 2)  # two frames and a flow
_MAX_BATCH = 8  # chunks stacked on a GPU
_ENOUGH_SECONDS = 2.0  # of runs that are repeated for their time


def predict(
    model: FlowModel,
    first: torch.Tensor,
    second: torch.Tensor,
    config: PipelineConfig,
    *,
    keep: frozenset[str] = frozenset(),
    workers: int = 1,
    batch: int = 1,
    progress: Callable[[float], None] = lambda fraction: None,
    on_crop: Callable[[int], None] = lambda pixels: None,
) -> Prediction:
    """The flow of a pair of any size, on the frames' own grid. Differentiable where the model is.

    Parameters
    ----------
    model : FlowModel
        What ``config.model`` names; passed in so that training and attacks can bring their own.
    first, second : (B, 3, H, W)
        RGB, float32 in [0, 1] or 8 bit.
    config : PipelineConfig
        Order of work: blur (px of the frames given), resize, chunk, model, and back.
    keep : set of str
        What to keep beside the flow: "iterates", the flow after each refinement step, and any of
        ``model.maps``, brought to the pixels of the frames given.
    workers, batch : int
        Chunks computed at once, each by a thread of its own; and stacked for each.
    progress : callable
        Is told the finished share, 0..1.
    on_crop : callable
        Is told how many px each crop has that the model is given; by several workers in any order.

    Raises
    ------
    ConfigError
        Chunks that do not fit or are too small for the model, iterations or passes for a model
        that does not take them, or maps that it has not.
    """
    offered = getattr(model, "maps", {})
    if unknown := keep - {"iterates"} - offered.keys():
        raise ConfigError(
            f"{config.model} has no map {min(unknown)!r}; it has {', '.join(offered) or 'none'}."
        )
    if config.iterations is not None and model.default_iterations is None:
        raise ConfigError(f"{config.model} does not refine in steps, so it takes no iterations.")
    if config.passes is not None and default_passes(model) is None:
        raise ConfigError(f"{config.model} goes over a pair only once, so it takes no passes.")
    size = (first.shape[-2], first.shape[-1])
    working = scaled_size(size, config.scale)
    if config.blur_sigma or working != size:
        first, second = prepared(first, config), prepared(second, config)

    def estimate(first: torch.Tensor, second: torch.Tensor) -> Prediction:
        on_crop(first[:, 0].numel())
        return _estimate_any_size(model, first, second, config, keep)

    with torch.autocast(first.device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
        grid = grid_for(model, size, config)
        if grid is None:
            prediction = estimate(first, second)
        else:
            prediction = estimate_chunked(
                estimate, first, second, grid, workers=workers, batch=batch, progress=progress
            )
    return _each(
        prediction,
        lambda flow: resize_flow(flow.float(), size),
        lambda values: resize_frame(values, size),
    )


def run(
    pair: FramePair,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
    keep: frozenset[str] = frozenset(),
    warm_up: bool = False,
    runs: int = 1,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Estimate:
    """The estimate of one lane on one pair.

    Parameters
    ----------
    pair : FramePair
    config : PipelineConfig
    threads : int, optional
        Processor threads to use; as torch is set if left out.
    device : str, optional
        "cpu" or "cuda[:N]"; the GPU where there is one if left out.
    keep : set of str
        As of ``predict``.
    warm_up : bool
        Run once on a corner of the pair before the clock starts.
    runs : int
        Run up to so often, as long as all runs together take no more than two seconds; the
        shortest counts.
    progress : callable
        Is told the finished share, 0..1.

    Raises
    ------
    ConfigError
        The config contradicts the pair, the model, or the memory of this machine.
    ModelError
        The model cannot be had.
    DivergedError
        The flow is not finite.
    """
    target = chosen_device(device)
    model = load_model(config.model, target)
    fixed = replace(config, chunks=grid_for(model, pair.size, config))
    require_memory(model, pair.size, fixed, device=target)
    first, second = (frame_to_levels(frame).to(target) for frame in (pair.first, pair.second))
    with use_threads(threads) as used, torch.inference_mode():
        if warm_up:
            corner = (..., slice(None, 128), slice(None, 128))
            plain = PipelineConfig(config.model, precision=config.precision)
            predict(model, first[corner], second[corner], plain)
        at_most = used if target == "cpu" else _MAX_BATCH
        at_once = chunks_at_once(model, pair.size, config, at_most, device=target)
        crops: list[int] = []
        times: list[float] = []
        others = share_of_others()
        while not times or (len(times) < runs and sum(times) + times[-1] <= _ENOUGH_SECONDS):
            crops.clear()
            start = clock(target)
            prediction = predict(
                model,
                first,
                second,
                fixed,
                keep=keep,
                workers=at_once if target == "cpu" else 1,
                batch=1 if target == "cpu" else at_once,
                progress=progress if not times else lambda fraction: None,
                on_crop=crops.append,
            )
            uv = flow_to_array(prediction.flow)
            times.append(clock(target) - start)
        timing = Timing(min(times), statistics.median(times), len(times), used, others())
    uv.flags.writeable = False  # so that the flow field need not copy it
    if not np.isfinite(uv).all():
        raise DivergedError(f"{config.model} gave a flow that is not finite on this pair.")
    iterates = tuple(flow_to_array(flow) for flow in prediction.iterates)
    maps = {name: flow_to_array(found.values) for name, found in prediction.maps.items()}
    moved = _BYTES_PER_PIXEL * sum(crops)
    return Estimate(FlowField(uv), config, timing, iterates, maps, prediction.stages, moved)


def prepared(frame: torch.Tensor, config: PipelineConfig) -> torch.Tensor:
    """A frame ``(B, 3, H, W)`` blurred and resized as a lane asks, float32 in [0, 1]."""
    size = (frame.shape[-2], frame.shape[-1])
    blurred = gaussian_blur(as_float(frame), config.blur_sigma)
    return resize_frame(blurred, scaled_size(size, config.scale))


def fitted(model: FlowModel, frame: torch.Tensor) -> tuple[torch.Tensor, Padding]:
    """A frame ``(B, 3, H, W)`` as the model takes it, and the padding that this took.

    Tiny frames are enlarged, all are padded to the model's stride. 8-bit frames stay so for a model
    that takes levels, where nothing had to be done to them.
    """
    size = (frame.shape[-2], frame.shape[-1])
    enlarged = enlarged_size(model, *size)
    padding = padding_to_stride(*enlarged, stride=model.stride, min_size=model.min_size)
    if size != enlarged or any(padding) or not getattr(model, "takes_levels", False):
        frame = pad(resize_frame(as_float(frame), enlarged), padding)
    return frame, padding


def external_estimate(pair: FramePair, flow: FlowField, *, name: str = "external") -> Estimate:
    """A flow that another tool made, as a lane beside ours.

    Raises
    ------
    ShapeMismatchError
        The flow is not of the frames' size.
    """
    if flow.size != pair.size:
        raise ShapeMismatchError(
            f"The external flow is {flow.size[1]}x{flow.size[0]}, the frames are "
            f"{pair.size[1]}x{pair.size[0]} (width x height)."
        )
    return Estimate(flow, PipelineConfig(name))


def load_model(name: str, device: str | None = None) -> FlowModel:
    """The model of that name, ready to use; kept, so that asking again is free."""
    return _load(name, models.describe(name).sha256, chosen_device(device))


@lru_cache(maxsize=8)
def _load(name: str, sha256: str | None, device: str) -> FlowModel:
    """Keyed by the weights' hash as well: weights imported anew under one name are loaded anew."""
    model = models.create(name)
    return model.to(device) if isinstance(model, torch.nn.Module) else model


def _estimate_any_size(
    model: FlowModel,
    first: torch.Tensor,
    second: torch.Tensor,
    config: PipelineConfig,
    keep: frozenset[str],
) -> Prediction:
    """The model on a pair of any size: tiny frames are enlarged, all are padded to its stride.

    Its maps come on the pixels of these frames.
    """
    size = (first.shape[-2], first.shape[-1])
    (first, padding), (second, _) = fitted(model, first), fitted(model, second)
    padded = (first.shape[-2], first.shape[-1])
    prediction = model(first, second, keep=keep, **config.asked)
    return _each(
        prediction,
        lambda flow: resize_flow(crop(flow, padding), size),
        lambda values: resize_frame(crop(resize_frame(values, padded), padding), size),
    )


_Change: TypeAlias = Callable[[torch.Tensor], torch.Tensor]


def _each(prediction: Prediction, flows: _Change, maps: _Change) -> Prediction:
    """The prediction with its flows changed, and its maps; the last iterate stays the flow."""
    flow = flows(prediction.flow)
    changed = {
        name: FeatureMap(maps(found.values.float()), 1, found.meaning)
        for name, found in prediction.maps.items()
    }
    iterates = (*map(flows, prediction.iterates[:-1]), flow) if prediction.iterates else ()
    return Prediction(flow, iterates, changed, prediction.stages)
