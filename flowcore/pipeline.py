"""One pair and one config in, one estimate out.

``predict`` is the differentiable tensor part: blur, resize, chunk, pad, model, and all the way
back. ``run`` adds what a person needs around it: models by name, threads, memory, timing, arrays.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from functools import lru_cache

import cv2
import numpy as np
import torch

from flowcore import models
from flowcore.chunking import estimate_chunked, plan_chunks
from flowcore.cost import available_memory, format_bytes
from flowcore.errors import ConfigError, DivergedError, ShapeMismatchError
from flowcore.models import FlowModel
from flowcore.ops.blur import gaussian_blur
from flowcore.ops.convert import flow_to_array, frame_to_tensor
from flowcore.ops.pad import crop, pad, padding_to_stride
from flowcore.ops.resize import resize_flow, resize_frame
from flowcore.types import ChunkGrid, Estimate, FlowField, FramePair, PipelineConfig, Prediction

__all__ = [
    "DEFAULT_MODEL",
    "default_device",
    "external_estimate",
    "load_model",
    "memory_needed",
    "predict",
    "require_memory",
    "run",
    "use_threads",
]

DEFAULT_MODEL = "dis_medium"

_LARGEST_ENLARGEMENT = 8  # times the side; smaller frames than min_size / 8 are padded as well
_TENSORS_PER_FRAME = 8  # float32 planes held per pixel outside the model: frames, flow, weights


def predict(
    model: FlowModel,
    first: torch.Tensor,
    second: torch.Tensor,
    config: PipelineConfig,
    *,
    keep_iterates: bool = False,
    report: Callable[[float], None] = lambda fraction: None,
) -> Prediction:
    """The flow of a pair of any size, on the frames' own grid. Differentiable where the model is.

    Parameters
    ----------
    model : FlowModel
        What ``config.model`` names; passed in so that training and attacks can bring their own.
    first, second : (B, 3, H, W) float32
        RGB in [0, 1].
    config : PipelineConfig
        Order of work: blur (px of the frames given), resize, chunk, model, and back.
    keep_iterates : bool
        Keep the flow after each refinement step.
    report : callable
        Is told the finished share, 0..1.

    Raises
    ------
    ConfigError
        Chunks that do not fit, or iterations for a model that does not refine.
    """
    if config.iterations is not None and model.default_iterations is None:
        raise ConfigError(f"{config.model} does not refine in steps, so it takes no iterations.")
    size = (first.shape[-2], first.shape[-1])
    working = _scaled(size, config.scale)
    first, second = (
        resize_frame(gaussian_blur(frame, config.blur_sigma), working) for frame in (first, second)
    )

    def estimate(first: torch.Tensor, second: torch.Tensor) -> Prediction:
        return _estimate_any_size(model, first, second, config.iterations, keep_iterates)

    with torch.autocast(first.device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
        if config.chunks is None:
            prediction = estimate(first, second)
        else:
            prediction = estimate_chunked(estimate, first, second, config.chunks, report=report)
    return _map_flows(prediction, lambda flow: resize_flow(flow.float(), size))


def run(
    pair: FramePair,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
    keep_iterates: bool = False,
    warm_up: bool = False,
    report: Callable[[float], None] = lambda fraction: None,
) -> Estimate:
    """The estimate of one lane on one pair.

    Parameters
    ----------
    pair : FramePair
    config : PipelineConfig
    threads : int, optional
        Processor threads to use; as torch is set if left out.
    device : str, optional
        A torch device; the GPU where there is one if left out.
    keep_iterates : bool
        Keep the flow after each refinement step.
    warm_up : bool
        Run once on a corner of the pair before the clock starts.
    report : callable
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
    model = load_model(config.model, device)
    require_memory(model, pair.size, config)
    target = device or default_device()
    first, second = (frame_to_tensor(frame).to(target) for frame in (pair.first, pair.second))
    with use_threads(threads) as used, torch.inference_mode():
        if warm_up:
            corner = (..., slice(None, 128), slice(None, 128))
            plain = PipelineConfig(config.model, precision=config.precision)
            predict(model, first[corner], second[corner], plain)
        start = time.perf_counter()
        prediction = predict(
            model, first, second, config, keep_iterates=keep_iterates, report=report
        )
        uv = flow_to_array(prediction.flow)
        seconds = time.perf_counter() - start
    if not np.isfinite(uv).all():
        raise DivergedError(f"{config.model} gave a flow that is not finite on this pair.")
    iterates = tuple(flow_to_array(flow) for flow in prediction.iterates)
    maps = {name: tensor.float().cpu().numpy() for name, tensor in prediction.maps.items()}
    return Estimate(FlowField(uv), config, seconds, used, iterates, maps)


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
    return Estimate(flow, PipelineConfig(name), seconds=0.0, threads=0)


def default_device() -> str:
    """The GPU where there is one, else the processor."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def load_model(name: str, device: str | None = None) -> FlowModel:
    """The model of that name, ready to use; kept, so that asking again is free."""
    return _load(name, models.describe(name).sha256, device or default_device())


@lru_cache(maxsize=8)
def _load(name: str, sha256: str | None, device: str) -> FlowModel:
    """Keyed by the weights' hash as well: weights imported anew under one name are loaded anew."""
    model = models.create(name)
    return model.to(device) if isinstance(model, torch.nn.Module) else model


@contextlib.contextmanager
def use_threads(count: int | None) -> Iterator[int]:
    """Let torch and OpenCV use ``count`` processor threads within; gives the number in force."""
    before, cv2_before = torch.get_num_threads(), cv2.getNumThreads()
    if count is not None:
        if count < 1:
            raise ConfigError(f"Threads must be 1 or more, got {count}.")
        torch.set_num_threads(count)
        cv2.setNumThreads(count)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
        cv2.setNumThreads(cv2_before)


def memory_needed(model: FlowModel, size: tuple[int, int], config: PipelineConfig) -> int:
    """Peak bytes that a pair of this (height, width) takes, beside the program itself."""
    height, width = _scaled(size, config.scale)
    frames = 4 * _TENSORS_PER_FRAME * (math.prod(size) + height * width)
    if config.chunks is not None:
        chunk = plan_chunks(height, width, config.chunks)[0]
        height, width = chunk.bottom - chunk.top, chunk.right - chunk.left
    height, width = _accepted(model, *_enlarged(model, height, width))
    return frames + model.memory_bytes(height, width)


def require_memory(model: FlowModel, size: tuple[int, int], config: PipelineConfig) -> None:
    """Check that a run fits into the free memory of this machine, before anything is allocated.

    Raises
    ------
    ConfigError
        It does not; the message has both numbers and the smallest grid of chunks that fits.
    """
    needed, free = memory_needed(model, size, config), available_memory()
    if needed <= free:
        return
    raise ConfigError(
        f"{config.model} needs about {format_bytes(needed)} for {size[1]}x{size[0]} px with these "
        f"settings, {format_bytes(free)} are free. {_advice(model, size, config, free)}"
    )


def _advice(model: FlowModel, size: tuple[int, int], config: PipelineConfig, free: int) -> str:
    """What to do instead, in one sentence."""
    for count in range(2, 17):
        grid = ChunkGrid(count, count, overlap=min(32, min(size) // (2 * count)))
        try:
            needed = memory_needed(model, size, PipelineConfig(config.model, config.scale, 0, grid))
        except ConfigError:
            break
        if needed <= free:
            return f"Chunks of {count}x{count} need about {format_bytes(needed)}."
    return "Choose a smaller scale or a smaller model."


def _estimate_any_size(
    model: FlowModel,
    first: torch.Tensor,
    second: torch.Tensor,
    iterations: int | None,
    keep_iterates: bool,
) -> Prediction:
    """The model on a pair of any size: tiny frames are enlarged, all are padded to its stride."""
    size = (first.shape[-2], first.shape[-1])
    enlarged = _enlarged(model, *size)
    padding = padding_to_stride(*enlarged, stride=model.stride, min_size=model.min_size)
    first, second = (pad(resize_frame(frame, enlarged), padding) for frame in (first, second))
    prediction = model(first, second, iterations=iterations, keep_iterates=keep_iterates)
    return _map_flows(prediction, lambda flow: resize_flow(crop(flow, padding), size))


def _enlarged(model: FlowModel, height: int, width: int) -> tuple[int, int]:
    """The size at which a frame enters the model: its own, or larger if it is below min_size.

    A net of stride 8 sees nothing in 16x16 px; enlarged, it finds the motion of a tiny texture.
    Padding alone would be enough to be accepted.
    """
    factor = min(max(1.0, model.min_size / min(height, width)), _LARGEST_ENLARGEMENT)
    if math.ceil(height * factor) * math.ceil(width * factor) > 2**22:  # slivers are only padded
        factor = 1.0
    return math.ceil(height * factor), math.ceil(width * factor)


def _accepted(model: FlowModel, height: int, width: int) -> tuple[int, int]:
    padding = padding_to_stride(height, width, stride=model.stride, min_size=model.min_size)
    return height + padding.top + padding.bottom, width + padding.left + padding.right


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _map_flows(
    prediction: Prediction, change: Callable[[torch.Tensor], torch.Tensor]
) -> Prediction:
    """The prediction with every flow changed alike; the last iterate stays the flow itself."""
    flow = change(prediction.flow)
    if not prediction.iterates:
        return Prediction(flow, (), prediction.maps)
    return Prediction(flow, (*map(change, prediction.iterates[:-1]), flow), prediction.maps)
