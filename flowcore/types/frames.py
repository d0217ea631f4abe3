"""What is looked at, and what is known of its motion: a flow, a pair, a burst."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.types.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    UInt8Array,
    digest_of,
    read_only,
    require_size,
    size_text,
)

__all__ = ["Burst", "FlowField", "FramePair"]


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
        is_finite = np.isfinite(
            uv
        )  # (H, W, 2); reduced over the last axis it takes ten times as long
        if not (is_finite[..., 0] & is_finite[..., 1] | ~valid).all():
            raise InputError("The flow holds values that are not finite where it claims validity.")
        if not valid.all():
            uv = np.where(valid[..., None], uv, np.float32(0))
        object.__setattr__(self, "uv", read_only(uv))
        object.__setattr__(self, "valid", read_only(valid))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.uv.shape[0], self.uv.shape[1]

    @cached_property
    def digest(self) -> str:
        """sha256 of the vectors and of where they are known, in hex."""
        return digest_of(self.size, self.uv, self.valid)

    @property
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
    foreground : (H, W) bool, optional
        True on objects that move by themselves, such as KITTI's object map has them.
    name : str
        For people, as all that follows; not part of the digest.
    frame_names : (str, str), optional
        Where the first and the second frame come from.
    notes : tuple of str
        What was assumed when their files were read, in sentences.
    """

    first: UInt8Array
    second: UInt8Array
    truth: FlowField | None = None
    labels: IntArray | None = None
    occluded: BoolArray | None = None
    name: str = ""
    second_labels: IntArray | None = field(default=None, kw_only=True)
    foreground: BoolArray | None = field(default=None, kw_only=True)
    frame_names: tuple[str, str] = field(default=("", ""), kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            frame = getattr(self, name)
            if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
                raise InputError(
                    f"The {name} frame must be (H, W, 3) uint8, got {frame.shape} {frame.dtype}."
                )
            object.__setattr__(self, name, read_only(frame))
        if self.first.shape != self.second.shape:
            raise ShapeMismatchError(
                f"The frames differ in size: the first is {size_text(self.first.shape)}, "
                f"the second {size_text(self.second.shape)}."
            )
        if self.truth is not None:
            require_size("The true flow", self.truth.uv, self.size)
        for name in ("labels", "second_labels", "occluded", "foreground"):
            mask, dtype = getattr(self, name), np.int32 if name.endswith("labels") else np.bool_
            if mask is not None:
                label = f"The {name.replace('_', ' ')} mask"
                require_size(label, mask, self.size)
                if mask.ndim != 2:
                    raise InputError(f"{label} must be (H, W), got {mask.shape}.")
                object.__setattr__(self, name, read_only(mask.astype(dtype, copy=False)))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.first.shape[0], self.first.shape[1]

    def reversed(self) -> "FramePair":
        """The pair from second to first, whose flow is the backward flow; nothing known of it."""
        first, second = self.frame_names
        return FramePair(
            self.second,
            self.first,
            name=self.name,
            frame_names=(second, first),
            notes=self.notes,
        )

    @cached_property
    def frames_digest(self) -> str:
        """sha256 of the two frames, in hex: all that an estimate depends on."""
        return digest_of(self.size, self.first, self.second)

    @cached_property
    def truth_digest(self) -> str:
        """sha256 of what is known of the motion, in hex: truth, labels, occlusions, objects."""
        truth = (self.truth.uv, self.truth.valid) if self.truth else (None, None)
        known = (self.labels, self.second_labels, self.occluded, self.foreground)
        return digest_of(self.size, *truth, *known)

    @cached_property
    def digest(self) -> str:
        """sha256 of the frames and of all that is known of their motion, in hex."""
        return hashlib.sha256(f"{self.frames_digest}{self.truth_digest}".encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Burst:
    """Frames of one size, an odd number of them; the middle one is the reference.

    Parameters
    ----------
    frames : tuple of (H, W, 3) uint8
        RGB.
    clean : (H, W, 3) uint8, optional
        The middle frame without noise, where it is known.
    motion : (N, 2) float32, optional
        The true displacement of the content in each frame, px right and down from the middle one.
    name : str
        For people; not part of the digest.

    Raises
    ------
    InputError
        An even number of frames, fewer than three, or something that is not a frame.
    ShapeMismatchError
        Frames of different sizes.
    """

    frames: tuple[UInt8Array, ...]
    clean: UInt8Array | None = None
    motion: FloatArray | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if len(self.frames) < 3 or len(self.frames) % 2 == 0:
            raise InputError(
                "A burst has an odd number of frames, 3 or more, so that one is in the middle; "
                f"got {len(self.frames)}."
            )
        for number, frame in enumerate(self.frames, 1):
            if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
                raise InputError(
                    f"Frame {number} must be (H, W, 3) uint8, got {frame.shape} {frame.dtype}."
                )
            if frame.shape != self.frames[0].shape:
                (h, w), (h0, w0) = frame.shape[:2], self.frames[0].shape[:2]
                raise ShapeMismatchError(
                    "The frames of a burst have one size, width x height; the first is "
                    f"{w0}x{h0} px, number {number} is {w}x{h} px."
                )
        for array in (*self.frames, self.clean, self.motion):
            if array is not None:
                array.flags.writeable = False

    @property
    def reference(self) -> int:
        """Index of the middle frame."""
        return len(self.frames) // 2

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.frames[0].shape[0], self.frames[0].shape[1]

    @cached_property
    def digest(self) -> str:
        """sha256 of the frames and of what is known about them, in hex."""
        return digest_of(self.size, *self.frames, self.clean, self.motion)

    def pair(self, number: int) -> FramePair:
        """The middle frame and frame ``number``, with the true flow where the motion is known."""
        height, width = self.size
        truth = None
        if self.motion is not None:
            truth = FlowField(np.broadcast_to(self.motion[number], (height, width, 2)))
        middle, other = self.frames[self.reference], self.frames[number]
        return FramePair(middle, other, truth, name=f"{self.name}, frame {number}")
