"""How much two frames look alike.

Every function takes frames as arrays ``(H, W, 3)`` of gray levels 0..255 with masks ``(H, W)``, or
as tensors ``(B, 3, H, W)`` in [0, 1] with masks ``(B, H, W)``. ``mask`` selects the pixels that
count; all of them if left out. A number over no pixel at all is nan.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.ops.bands import row_bands
from flowcore.ops.blur import gaussian_blur
from flowcore.ops.color import luma
from flowcore.ops.convert import as_float
from flowcore.ops.warp import warp

__all__ = ["compare_frames", "photometric_error", "psnr", "ssim", "warp_quality"]

Image: TypeAlias = npt.NDArray[Any] | torch.Tensor
_Map: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

_SIGMA, _REACH = 1.5, 5  # px, of the window of SSIM


def psnr(a: Image, b: Image, mask: Image | None = None, *, peak: float) -> float:
    """Peak signal-to-noise ratio in dB; higher is better, infinite for equal frames.

    ``10 log10(peak^2 / mean squared difference)`` over pixels and channels. ``peak`` is the
    largest value a pixel can have: 255 for arrays, 1 for tensors.

    Raises
    ------
    ShapeMismatchError
        The frames or the mask differ in size.
    InputError
        Not frames, one array and one tensor, or a peak that is not positive.

    Examples
    --------
    Off by a tenth of the peak everywhere:

    >>> a = torch.full((1, 3, 2, 2), 0.5)
    >>> round(psnr(a, a + 0.1, peak=1), 3)
    20.0
    """
    if not peak > 0:
        raise InputError(f"The peak of a PSNR is above 0, got {peak}.")
    white = 1 if isinstance(a, torch.Tensor) else 255
    return _decibels(_mean(_squared, a, b, mask)) + 20 * math.log10(peak / white)


def ssim(a: Image, b: Image, mask: Image | None = None) -> float:
    """Mean structural similarity, -1..1; higher is better, 1 for equal frames.

    On luma (ITU-R BT.601), in a Gaussian window of 11x11 px and sigma 1.5, with K1 = 0.01 and
    K2 = 0.03 (Wang et al., IEEE TIP 2004). Borders repeat outwards, so frames of any size have a
    number. The mask selects windows by their center; a window still sees its masked neighbors.

    Raises
    ------
    ShapeMismatchError, InputError
        As `psnr`.
    """
    return _mean(_similarity, a, b, mask)


def photometric_error(a: Image, b: Image, mask: Image | None = None) -> float:
    """Mean absolute difference over pixels and channels, gray levels 0..255; lower is better.

    Raises
    ------
    ShapeMismatchError, InputError
        As `psnr`.

    Examples
    --------
    >>> frame = np.zeros((2, 2, 3), np.uint8)
    >>> round(photometric_error(frame, frame + 3), 3)
    3.0
    """
    return 255 * _mean(_absolute, a, b, mask)


def compare_frames(a: Image, b: Image, mask: Image | None = None) -> dict[str, float]:
    """``psnr`` (peak: white), ``ssim`` and ``photometric_error`` of two frames."""
    a, b, mask = _prepare(a, b, mask)
    return _likeness(lambda rows: (a[..., rows, :], b[..., rows, :]), mask)


def warp_quality(
    first: torch.Tensor, second: torch.Tensor, flow: torch.Tensor, visible: torch.Tensor
) -> dict[str, float]:
    """How much the second frame, warped by the flow, looks like the first one.

    Parameters
    ----------
    first, second : (B, 3, H, W)
        In [0, 1], or 8 bit.
    flow : (B, 2, H, W)
        Pixels, first -> second.
    visible : (B, H, W) bool
        Pixels of the first frame that count.

    Returns
    -------
    dict
        ``psnr``, ``ssim``, ``photometric_error``; and the same with ``_identity`` appended for
        the second frame as it is, over the same pixels: what no motion at all would score.
    """
    sampled = as_float(second)

    def warped(rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        return first[..., rows, :], warp(sampled, flow[..., rows, :], top=rows.start)

    def unmoved(rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        return first[..., rows, :], second[..., rows, :]

    identity = _likeness(unmoved, visible)
    return _likeness(warped, visible) | {f"{key}_identity": identity[key] for key in identity}


def _likeness(
    crop: Callable[[slice], tuple[torch.Tensor, torch.Tensor]], mask: torch.Tensor
) -> dict[str, float]:
    """What `compare_frames` gives, of two frames whose rows ``crop`` fetches."""
    squared, similarity, absolute = _means((_squared, _similarity, _absolute), crop, mask)
    return {
        "psnr": _decibels(squared),
        "ssim": similarity,
        "photometric_error": 255 * absolute,
    }


def _mean(values: _Map, a: Image, b: Image, mask: Image | None) -> float:
    a, b, mask = _prepare(a, b, mask)
    return _means((values,), lambda rows: (a[..., rows, :], b[..., rows, :]), mask)[0]


def _means(
    maps: Sequence[_Map],
    crop: Callable[[slice], tuple[torch.Tensor, torch.Tensor]],
    mask: torch.Tensor,
) -> list[float]:
    """The mean over the selected pixels of each map of the two frames; nan of none."""
    sums = torch.zeros(len(maps), dtype=torch.float64)
    for band in row_bands(*mask.shape[-2:], reach=_REACH):
        a, b = (as_float(frame) for frame in crop(band.seen))
        for index, values in enumerate(maps):
            own = values(a, b)[:, band.inner][mask[:, band.rows]]
            sums[index] += own.double().sum().item()
    return [float(value) for value in sums / mask.sum().item()]


def _squared(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Squared difference, (B, H, W), the mean of the channels."""
    return (a - b).square().mean(1)


def _absolute(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a - b).abs().mean(1)


def _similarity(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Structural similarity of the windows around each pixel, (B, H, W)."""
    a, b = luma(a), luma(b)
    moments = gaussian_blur(torch.cat([a, b, a * a, b * b, a * b], 1), _SIGMA)
    mean_a, mean_b, square_a, square_b, product = moments.unbind(1)
    var_a, var_b = square_a - mean_a.square(), square_b - mean_b.square()
    covariance = product - mean_a * mean_b
    brightness = (2 * mean_a * mean_b + 0.01**2) / (mean_a.square() + mean_b.square() + 0.01**2)
    return brightness * (2 * covariance + 0.03**2) / (var_a + var_b + 0.03**2)


def _decibels(mean_square: float) -> float:
    return math.inf if mean_square == 0 else -10 * math.log10(mean_square)


def _prepare(a: Image, b: Image, mask: Image | None) -> tuple[torch.Tensor, ...]:
    """Both frames as (B, 3, H, W) in [0, 1], the mask as (B, H, W) bool."""
    if isinstance(a, torch.Tensor) != isinstance(b, torch.Tensor):
        raise InputError("Both frames must be arrays or both tensors, got one of each.")
    a, b = _to_tensor(a), _to_tensor(b)
    if a.shape != b.shape:
        raise ShapeMismatchError(f"The frames differ in shape: {_shape(a)} and {_shape(b)}.")
    size = (len(a), *a.shape[2:])
    if mask is None:
        mask = torch.ones(size, device=a.device)
    elif isinstance(mask, np.ndarray):
        mask = torch.from_numpy(np.array(mask))  # read-only arrays are copied
    if mask.ndim == 2:
        mask = mask[None]
    if mask.shape != size:
        raise ShapeMismatchError(f"The mask has shape {_shape(mask)}, expected {size}.")
    return a, b, mask.bool()


def _to_tensor(frame: Image) -> torch.Tensor:
    """A frame of either kind as (B, 3, H, W) in [0, 1]."""
    if isinstance(frame, np.ndarray) and frame.ndim == 3:
        frame = torch.from_numpy(frame.astype(np.float32) / 255).permute(2, 0, 1)[None]
    if not isinstance(frame, torch.Tensor) or frame.ndim != 4 or frame.shape[1] != 3:
        raise InputError(
            "A frame is an (H, W, 3) array or a (B, 3, H, W) tensor, "
            f"got shape {tuple(np.shape(frame))}."
        )
    return frame


def _shape(array: torch.Tensor) -> tuple[int, ...]:
    return tuple(array.shape)
