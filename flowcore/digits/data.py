"""Handwritten digits, placed at random on a canvas.

A digit is turned, scaled and shifted by fractions of a pixel; ink is where the canvas exceeds half
of its maximum. Scikit-learn's digits ship with it: 1797 pictures of 8x8 px (test part of the UCI
set "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak). MNIST is read from its
idx files.
"""

import gzip
import io
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from flowcore.errors import InputError
from flowcore.io.guard import read_bytes
from flowcore.types import UInt8Array

__all__ = [
    "CANVAS",
    "NUM_DIGITS",
    "DigitSet",
    "Placement",
    "Split",
    "canvas_from",
    "decode_idx",
    "ink_of",
    "load_mnist",
    "mnist_from",
    "place",
    "shipped_digits",
]

Split = Literal["train", "test"]

CANVAS = 64  # px, both sides
NUM_DIGITS = 10
SIDES = (24.0, 44.0)  # px that the side of a digit's picture gets on the canvas
MAX_ANGLE = 15.0  # degrees, either way
_LEAST_CONTRAST = 16  # gray levels of 255 between ink and background
_SHIPPED_TEST = 360  # of 1797, chosen at random once
_SHIPPED_SIDE = 40  # 8x8 px and a margin of 1 px are enlarged once, smoothly
_MAX_IDX_BYTES = 2**28
_MNIST_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Pictures of single digits and what they show.

    Parameters
    ----------
    name : str
    images : (N, S, S) float32
        In 0..1, ink bright.
    labels : (N,) int64
        0 to 9.
    """

    name: str
    images: torch.Tensor
    labels: torch.Tensor

    def __post_init__(self) -> None:
        if not len(self.images):
            raise InputError(f"{self.name}: no digit that is asked for, expected at least one.")
        if len(self.images) != len(self.labels):
            raise InputError(
                f"{self.name}: {len(self.images)} pictures and {len(self.labels)} labels, "
                "expected as many of the one as of the other."
            )
        if not bool(((self.labels >= 0) & (self.labels <= 9)).all()):
            raise InputError(f"{self.name}: labels outside 0..9.")

    def parted(self) -> "dict[Split, DigitSet]":
        """The first five sixths to train on, the rest to test with."""
        end = max(1, 5 * len(self.labels) // 6)
        parts: dict[Split, slice] = {"train": slice(end), "test": slice(end, None)}
        return {
            split: DigitSet(self.name, self.images[part], self.labels[part])
            for split, part in parts.items()
        }

    def only(self, digits: tuple[int, ...]) -> "DigitSet":
        """Those of the given digits."""
        kept = torch.isin(self.labels, torch.tensor(digits))
        return DigitSet(self.name, self.images[kept], self.labels[kept])


class Placement(NamedTuple):
    """Where digits were put: centers ``(B, 2)`` and sides ``(B,)`` in px, angles in radians."""

    centers: torch.Tensor
    sides: torch.Tensor
    angles: torch.Tensor


def shipped_digits(split: Split) -> DigitSet:
    """Scikit-learn's digits, enlarged from 8x8 to 40x40 px: 1437 to train on, 360 to test."""
    from sklearn.datasets import load_digits  # slow to import

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    chosen = order[:_SHIPPED_TEST] if split == "test" else order[_SHIPPED_TEST:]
    small = torch.from_numpy(digits.images[chosen] / 16).float()[:, None]
    small = F.pad(small, (1, 1, 1, 1))
    images = F.interpolate(small, (_SHIPPED_SIDE, _SHIPPED_SIDE), mode="bicubic").clamp(0, 1)
    return DigitSet("shipped", images[:, 0], torch.from_numpy(digits.target[chosen]).long())


def load_mnist(folder: str | Path, split: Split) -> DigitSet:
    """MNIST from a folder with its idx files, gzipped or not.

    Raises
    ------
    InputError
        A file is missing, or is not the idx file that it should be.
    """
    data = []
    for name in _MNIST_FILES[split]:
        found = [path for ending in ("", ".gz") if (path := Path(folder, name + ending)).is_file()]
        if not found:
            raise InputError(f"No file {name} or {name}.gz in {folder}.")
        data.append(read_bytes(found[0], InputError))
    return mnist_from(*data)


def mnist_from(images: bytes, labels: bytes, *, name: str = "mnist") -> DigitSet:
    """Digits from the bytes of an idx file of pictures and one of labels.

    Raises
    ------
    InputError
        Not such files, or they do not belong together.
    """
    pictures = decode_idx(images, name="The file of pictures")
    digits = decode_idx(labels, name="The file of labels")
    if pictures.ndim != 3 or digits.ndim != 1 or pictures.shape[1] != pictures.shape[2]:
        raise InputError(
            f"Got arrays of {pictures.shape} and {digits.shape}, expected square pictures "
            "(N, S, S) and labels (N,)."
        )
    return DigitSet(name, torch.from_numpy(pictures).float() / 255, torch.from_numpy(digits).long())


def decode_idx(data: bytes, *, name: str = "file") -> npt.NDArray[np.uint8]:
    """The array in an idx file of bytes, gzipped or not.

    The format: two zeros, 8 for unsigned bytes, the number of dimensions, each dimension as a
    big-endian 32-bit number, the values (http://yann.lecun.com/exdb/mnist).

    Raises
    ------
    InputError
        Something else, damaged, cut short or too large.
    """
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_MAX_IDX_BYTES + 1)
        except (OSError, EOFError, ValueError) as caught:
            raise InputError(f"{name} is a damaged gzip file: {caught}.") from caught
    if len(data) < 4 or data[:3] != b"\x00\x00\x08" or not 1 <= data[3] <= 3:
        raise InputError(
            f"{name} starts with {data[:4]!r}, expected an idx file of bytes in 1 to 3 dimensions."
        )
    num_dims = data[3]
    start = 4 + 4 * num_dims
    if len(data) < start:
        raise InputError(f"{name} ends within its header.")
    shape = struct.unpack(f">{num_dims}I", data[4:start])
    if math.prod(shape) != len(data) - start:
        raise InputError(
            f"{name} claims {' x '.join(map(str, shape))} values and holds {len(data) - start}."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()


def place(images: torch.Tensor, *, generator: torch.Generator) -> tuple[torch.Tensor, Placement]:
    """The digits on canvases ``(B, 1, 64, 64)``, in 0..1, each wholly inside, and where they are.

    Parameters
    ----------
    images : (B, S, S)
    generator : torch.Generator
        Of all that is random: equal seeds give equal canvases.
    """
    sides, turns, *shifts = torch.rand(4, len(images), generator=generator)
    sides = SIDES[0] + (SIDES[1] - SIDES[0]) * sides
    angles = math.radians(MAX_ANGLE) * (2 * turns - 1)
    margin = 0.55 * sides  # a turned digit reaches a little beyond its side
    centers = torch.stack([margin + (CANVAS - 1 - 2 * margin) * shift for shift in shifts], -1)
    placement = Placement(centers, sides, angles)
    return _drawn(images, placement), placement


def canvas_from(frame: UInt8Array) -> torch.Tensor:
    """A picture of a digit as a canvas ``(1, 1, 64, 64)``: gray, ink bright, background 0.

    The ink is what differs most from the median, and its brightest pixel becomes 1. A picture that
    is not square gets a margin.

    Parameters
    ----------
    frame : (H, W, 3) uint8

    Raises
    ------
    InputError
        The picture is of one color: nothing is drawn on it.
    """
    gray = frame.astype(np.float32).mean(-1)
    gray = gray - np.median(gray)
    if gray.max() < -gray.min():
        gray = -gray
    ink = gray.clip(0)
    if ink.max() < _LEAST_CONTRAST:
        raise InputError("The picture is blank: no digit stands out from its background.")
    height, width = ink.shape
    top, left = ((max(height, width) - side) // 2 for side in (height, width))
    square = np.zeros((max(height, width),) * 2, np.float32)
    square[top : top + height, left : left + width] = ink
    small = F.interpolate(torch.from_numpy(square)[None, None], (CANVAS, CANVAS), mode="area")
    return small / small.max()


def ink_of(canvas: torch.Tensor) -> torch.Tensor:
    """Where a canvas exceeds half of its maximum, ``(B, H, W) bool``.

    Parameters
    ----------
    canvas : (B, 1, H, W)

    Raises
    ------
    InputError
        A canvas is blank.
    """
    flat = canvas[:, 0]
    most = flat.amax((-2, -1), keepdim=True)
    if not bool((most > 0).all()):
        raise InputError("A canvas is blank: there is no ink to look at.")
    return flat > most / 2


def _drawn(images: torch.Tensor, placement: Placement) -> torch.Tensor:
    """Bilinear samples of the digits at every pixel of their canvases."""
    centers, sides, angles = placement
    scale = (CANVAS - 1) / sides
    shift = (2 * centers - (CANVAS - 1)) / (CANVAS - 1)  # in the canvas' own -1..1
    cos, sin = scale * angles.cos(), scale * angles.sin()
    rows = torch.stack([torch.stack([cos, sin], -1), torch.stack([-sin, cos], -1)], -2)
    theta = torch.cat([rows, -rows @ shift[..., None]], -1)  # (B, 2, 3): canvas -> picture
    grid = F.affine_grid(theta, [len(images), 1, CANVAS, CANVAS], align_corners=True)
    return F.grid_sample(images[:, None], grid, align_corners=False)
