"""The values that flow through the library: a pair, a config, an estimate.

Arrays held by these values are read-only, so that one value can be shared by threads, lanes and
caches. Frames are RGB ``(H, W, 3) uint8``; flow is ``(H, W, 2) float32``, channel 0 = u (right),
channel 1 = v (down), in pixels of its own grid, pointing from the first frame to the second.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import torch

from flowcore.errors import ConfigError, InputError, ShapeMismatchError

__all__ = [
    "Blend",
    "BoolArray",
    "ChunkGrid",
    "Estimate",
    "FeatureMap",
    "FloatArray",
    "FlowField",
    "FramePair",
    "IntArray",
    "PipelineConfig",
    "Precision",
    "Prediction",
    "UInt8Array",
    "Weights",
]

UInt8Array: TypeAlias = npt.NDArray[np.uint8]
FloatArray: TypeAlias = npt.NDArray[np.float32]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
IntArray: TypeAlias = npt.NDArray[np.int32]

Blend = Literal["none", "linear", "hann", "gaussian", "winner"]
Precision = Literal["float32", "bfloat16"]


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, C-contiguous and read-only; a copy where the caller could still write to it."""
    if array.flags.writeable or not array.flags.c_contiguous:
        array = array.copy(order="C")
        array.flags.writeable = False
    return array


def _require_size(name: str, array: npt.NDArray[Any], size: tuple[int, int]) -> None:
    if array.shape[:2] != size:
        raise ShapeMismatchError(
            f"{name} is {_size_text(array.shape[:2])}, expected {_size_text(size)}, as the frames."
        )


def _require_stages(stages: tuple[str, ...], iterates: tuple[Any, ...]) -> None:
    if stages and len(stages) != len(iterates):
        raise InputError(
            f"There are {len(stages)} names of stages for {len(iterates)} iterates; each iterate "
            "needs one."
        )


def _digest(size: tuple[int, int], *arrays: npt.NDArray[Any] | None) -> str:
    sha = hashlib.sha256(repr(size).encode())
    for array in arrays:
        sha.update(b"-" if array is None else array.data)
    return sha.hexdigest()


def _size_text(size: tuple[int, ...]) -> str:
    return f"{size[1]}x{size[0]} (width x height)"


@dataclass(frozen=True, eq=False)
class FlowField:
    """A flow and where it is known.

    Parameters
    ----------
    uv : (H, W, 2) float32
        Pixels, first -> second. Where ``valid`` is false the value is zero.
    valid : (H, W) bool, optional
        True where the flow is known; all true if left out.

    Raises
    ------
    InputError
        Another shape, or a value that is not finite at a valid pixel.
    """

    uv: FloatArray
    valid: BoolArray = field(default=None)  # type: ignore[arg-type]  # filled in below

    def __post_init__(self) -> None:
        uv = np.asarray(self.uv, dtype=np.float32)
        if uv.ndim != 3 or uv.shape[2] != 2 or 0 in uv.shape:
            raise InputError(f"A flow has shape (H, W, 2), got {uv.shape}.")
        valid = np.ones(uv.shape[:2], bool) if self.valid is None else np.asarray(self.valid, bool)
        if valid.shape != uv.shape[:2]:
            raise ShapeMismatchError(
                f"The valid mask has shape {valid.shape}, the flow {uv.shape[:2]}."
            )
        if not (np.isfinite(uv).all(2) | ~valid).all():
            raise InputError("The flow holds values that are not finite where it claims validity.")
        if not valid.all():
            uv = np.where(valid[..., None], uv, np.float32(0))
        object.__setattr__(self, "uv", _read_only(uv))
        object.__setattr__(self, "valid", _read_only(valid))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.uv.shape[0], self.uv.shape[1]

    @cached_property
    def digest(self) -> str:
        """sha256 of the vectors and of where they are known, in hex."""
        return _digest(self.size, self.uv, self.valid)

    @cached_property
    def magnitude(self) -> FloatArray:
        """Speed per pixel, (H, W) float32, in pixels."""
        return np.hypot(self.uv[..., 0], self.uv[..., 1])


@dataclass(frozen=True, eq=False)
class FramePair:
    """Two frames, and what is known about their motion.

    Parameters
    ----------
    first, second : (H, W, 3) uint8
        RGB.
    truth : FlowField, optional
        The true flow, first -> second.
    labels, second_labels : (H, W) int, optional
        Class of each pixel of the first and of the second frame; 0 = unlabelled.
    occluded : (H, W) bool, optional
        True where a pixel of the first frame is not visible in the second one.
    name : str
        For people; not part of the digest.
    """

    first: UInt8Array
    second: UInt8Array
    truth: FlowField | None = None
    labels: IntArray | None = None
    occluded: BoolArray | None = None
    name: str = ""
    second_labels: IntArray | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            frame = getattr(self, name)
            if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
                raise InputError(
                    f"The {name} frame must be (H, W, 3) uint8, got {frame.shape} {frame.dtype}."
                )
            object.__setattr__(self, name, _read_only(frame))
        if self.first.shape != self.second.shape:
            raise ShapeMismatchError(
                f"The frames differ in size: the first is {_size_text(self.first.shape)}, "
                f"the second {_size_text(self.second.shape)}."
            )
        if self.truth is not None:
            _require_size("The true flow", self.truth.uv, self.size)
        for name in ("labels", "second_labels", "occluded"):
            mask, dtype = getattr(self, name), np.bool_ if name == "occluded" else np.int32
            if mask is not None:
                label = f"The {name.replace('_', ' ')} mask"
                _require_size(label, mask, self.size)
                if mask.ndim != 2:
                    raise InputError(f"{label} must be (H, W), got {mask.shape}.")
                object.__setattr__(self, name, _read_only(mask.astype(dtype, copy=False)))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.first.shape[0], self.first.shape[1]

    def reversed(self) -> "FramePair":
        """The pair from second to first, whose flow is the backward flow; nothing known of it."""
        return FramePair(self.second, self.first, name=self.name)

    @cached_property
    def frames_digest(self) -> str:
        """sha256 of the two frames, in hex: all that an estimate depends on."""
        return _digest(self.size, self.first, self.second)

    @cached_property
    def truth_digest(self) -> str:
        """sha256 of what is known of the motion, in hex: truth, labels and occlusions."""
        truth = (self.truth.uv, self.truth.valid) if self.truth else (None, None)
        return _digest(self.size, *truth, self.labels, self.second_labels, self.occluded)

    @cached_property
    def digest(self) -> str:
        """sha256 of the frames and of all that is known of their motion, in hex."""
        return hashlib.sha256(f"{self.frames_digest}{self.truth_digest}".encode()).hexdigest()


@dataclass(frozen=True)
class ChunkGrid:
    """How an image is cut into chunks and the flows are stitched.

    The number of chunks is given as ``rows`` and ``cols``, or follows for each frame from the
    largest ``chunk_size``, or from the most memory that the work may take.

    Parameters
    ----------
    rows, cols : int
        Number of chunks down and across.
    overlap : int or float
        What two neighbours share, to be blended: px, or below 1 a share of the chunk's side.
    blend : str
        How neighbours are weighted where they overlap: "none" takes the later chunk, as a plain
        loop would; "linear" and "hann" are ramps, "gaussian" falls off from the chunks' centers;
        "winner" cuts in the middle, so that no two motions are averaged.
    motion_aware : bool
        Let a quick pass over the whole frame at low resolution say where each chunk moves, and
        crop the second frame there, so that matches stay inside.
    halo : int
        Px of context around a chunk that are computed and cropped away.
    chunk_size : (height, width), optional
        The largest chunk in px, without halo.
    max_bytes : int, optional
        The most working memory; the fewest chunks that keep to it are used.
    seam_blur : float
        Sigma in px of a Gaussian blur of the stitched flow near the seams; 0 = none.
    refine_share : float
        Propose and refine: below 1 only this share of the chunks, those in which the quick pass
        is most doubtful, are computed at full resolution; the rest keep the quick pass's flow.
    """

    rows: int = 1
    cols: int = 1
    overlap: int | float = 32
    blend: Blend = "hann"
    motion_aware: bool = False
    halo: int = field(default=0, kw_only=True)
    chunk_size: tuple[int, int] | None = field(default=None, kw_only=True)
    max_bytes: int | None = field(default=None, kw_only=True)
    seam_blur: float = field(default=0.0, kw_only=True)
    refine_share: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        if self.rows < 1 or self.cols < 1:
            raise ConfigError(
                f"Chunks must be at least 1x1 (rows x cols), got {self.rows}x{self.cols}."
            )
        if isinstance(self.overlap, float) and not 0 <= self.overlap < 1:
            raise ConfigError(f"Overlap must be a share of 0..1 of a chunk, got {self.overlap}.")
        if self.overlap < 0 or self.halo < 0:
            raise ConfigError(
                f"Overlap and halo must be 0 px or more, got {self.overlap} and {self.halo}."
            )
        if self.blend not in get_args(Blend):
            raise ConfigError(f"Unknown blend {self.blend!r}; choose from {get_args(Blend)}.")
        if self.chunk_size is not None and min(self.chunk_size) < 1:
            raise ConfigError(f"Chunks must be at least 1x1 px, got {self.chunk_size}.")
        if self.max_bytes is not None and self.max_bytes < 1:
            raise ConfigError(f"Memory must be at least one byte, got {self.max_bytes}.")
        ways = [self.rows * self.cols > 1, self.chunk_size is not None, self.max_bytes is not None]
        if sum(ways) > 1:
            raise ConfigError("Give rows and columns, or a chunk size, or memory; not two of them.")
        if not (math.isfinite(self.seam_blur) and 0 <= self.seam_blur <= 100):
            raise ConfigError(f"Blur of the seams must lie in 0..100 px, got {self.seam_blur}.")
        if not 0 <= self.refine_share <= 1:
            raise ConfigError(f"The share to refine must lie in 0..1, got {self.refine_share}.")


@dataclass(frozen=True)
class PipelineConfig:
    """One lane: a model and what is done around it. Hashable, so it serves as a cache key.

    Parameters
    ----------
    model : str
        A name of ``models.available()``.
    scale : float
        Both frames are resized by this factor before the model; the flow is brought back.
    blur_sigma : float
        Gaussian blur of both frames, in px of the original size; 0 = none.
    chunks : ChunkGrid, optional
        Chunked inference; whole frame if left out.
    iterations : int, optional
        Refinement steps of a recurrent model; its own default if left out.
    precision : "float32" or "bfloat16"
        Arithmetic of learnt models.
    """

    model: str
    scale: float = 1.0
    blur_sigma: float = 0.0
    chunks: ChunkGrid | None = None
    iterations: int | None = None
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and 0.01 <= self.scale <= 8):
            raise ConfigError(f"Scale must lie in 0.01..8, got {self.scale}.")
        if not (math.isfinite(self.blur_sigma) and 0 <= self.blur_sigma <= 100):
            raise ConfigError(f"Blur sigma must lie in 0..100 px, got {self.blur_sigma}.")
        if self.iterations is not None and not 1 <= self.iterations <= 200:
            raise ConfigError(f"Iterations must lie in 1..200, got {self.iterations}.")
        if self.precision not in get_args(Precision):
            raise ConfigError(
                f"Unknown precision {self.precision!r}; choose from {get_args(Precision)}."
            )


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """Something that a model computed on its way, pixel by pixel of a grid.

    Parameters
    ----------
    values : (B, C, h, w)
    stride : int
        Side of a cell of the grid, in px of the frames that the model was given; 1 is their grid.
    meaning : str
        What the channels hold, with unit and range, for people.
    """

    values: torch.Tensor
    stride: int
    meaning: str


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a net returns, as tensors.

    Parameters
    ----------
    flow : (B, 2, H, W) float32
        Pixels, first -> second.
    iterates : tuple of (B, 2, H, W)
        The flow after each refinement step, the last equal to ``flow``; empty unless asked for.
    maps : mapping of name to FeatureMap
        Those of the model's ``maps`` that were asked for.
    stages : tuple of str
        Names of the iterates, as many; empty for "iteration 1", "iteration 2" and so on.

    Raises
    ------
    InputError
        Names that are not as many as the iterates.
    """

    flow: torch.Tensor
    iterates: tuple[torch.Tensor, ...] = ()
    maps: Mapping[str, FeatureMap] = field(default_factory=dict)
    stages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_stages(self.stages, self.iterates)


@dataclass(frozen=True, eq=False)
class Estimate:
    """The flow of one lane, and what it cost.

    Parameters
    ----------
    flow : FlowField
        Of the pair's own size, valid everywhere (an external flow may have gaps).
    config : PipelineConfig
        The lane.
    seconds : float
        The estimate alone: model loaded and warm, without decoding and metrics.
    threads : int
        Processor threads that were allowed.
    iterates : tuple of (H, W, 2) float32
        The flow after each refinement step, if kept.
    maps : mapping of name to (H, W, C) float32
        What was kept of the model's ``maps``, brought to the pixels of the pair.
    stages : tuple of str
        Names of the iterates, as many; empty for "iteration 1", "iteration 2" and so on.
    bytes_moved : int
        Of the frames given to the model and of the flow taken from it, float32: 32 per px of every
        crop, with what chunks share, what motion-aware ones grow by, and quick passes; 0 of an
        external flow.
    """

    flow: FlowField
    config: PipelineConfig
    seconds: float
    threads: int
    iterates: tuple[FloatArray, ...] = ()
    maps: Mapping[str, FloatArray] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    bytes_moved: int = 0

    def __post_init__(self) -> None:
        _require_stages(self.stages, self.iterates)


@dataclass(frozen=True)
class Weights:
    """One set of weights, and where it came from.

    Parameters
    ----------
    file : str
        File name within the weights folder.
    sha256 : str
        Of the file, in hex; checked before loading.
    num_params, num_bytes : int
        Learnt numbers; size of the file.
    recipe, data, licence : str
        How it was trained, on what, and under what terms it may be used.
    scores : mapping
        ``{"middlebury": {"epe": 0.36}}``: measured, with the command in docs/results.md.
    training : mapping
        What a run of this project's own adds: command, seed, steps, hours, hardware, energy,
        known failures.
    """

    file: str
    sha256: str
    num_params: int
    num_bytes: int
    recipe: str = ""
    data: str = ""
    licence: str = ""
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
