"""Errors as colors: heat, KITTI's log steps, and who wins where."""

import numpy as np

from flowcore.errors import ConfigError
from flowcore.metrics.flow import epe
from flowcore.types import BoolArray, FloatArray, FlowField, UInt8Array
from flowcore.viz.palette import (
    BETTER,
    EVEN,
    KITTI_BOUNDS,
    KITTI_COLORS,
    KITTI_PX,
    KITTI_SHARE,
    UNKNOWN,
    WORSE,
)
from flowcore.viz.ramp import Ramp, heat, ramp_bar

__all__ = [
    "choice_bar",
    "choice_to_color",
    "color_bar",
    "error_ramp",
    "error_to_color",
    "kitti_bar",
    "kitti_error_color",
    "kitti_ramp",
    "map_bar",
    "who_wins",
    "wins_bar",
    "wins_ramp",
]

_KITTI_COLORS = np.array(KITTI_COLORS, np.uint8)
_BETTER, _WORSE, _EVEN = (np.array(color, np.float32) for color in (BETTER, WORSE, EVEN))


def error_to_color(
    errors: FloatArray, *, max_error: float, valid: BoolArray | None = None
) -> UInt8Array:
    """End-point errors as heat, (H, W, 3) uint8 RGB: black is right, bright is wrong.

    Parameters
    ----------
    errors : (H, W)
        px.
    max_error : float
        px that have the brightest color; what is worse has it too. Shared by panels compared.
    valid : (H, W) bool, optional
        Unknown pixels are neutral gray.

    Examples
    --------
    >>> error_to_color(np.array([[0.0, 9.0]]), max_error=3)[0].tolist()
    [[0, 0, 4], [252, 255, 164]]
    """
    _require_positive(max_error)
    share = np.clip(errors / max_error, 0, 1)
    picture = heat(np.rint(255 * share).astype(np.uint8))
    if valid is not None:
        picture[~valid] = UNKNOWN
    return picture


def kitti_error_color(estimate: FlowField, truth: FlowField) -> UInt8Array:
    """Errors in KITTI's colors, (H, W, 3) uint8 RGB: blue is right, yellow to red is an outlier.

    The steps are logarithmic in min(EPE / 3 px, EPE / 5 % of the true speed), so that 1 is where
    Fl-all begins to count. Unknown pixels are neutral gray.
    """
    errors = epe(estimate.uv, truth.uv)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = errors / (KITTI_SHARE * truth.magnitude)
    absolute = errors / KITTI_PX
    units = np.where(truth.magnitude > 0, np.minimum(absolute, relative), absolute)
    picture = _KITTI_COLORS[np.searchsorted(KITTI_BOUNDS, units, side="right")]
    picture[~(truth.valid & estimate.valid)] = UNKNOWN
    return picture


def who_wins(
    first: FloatArray, second: FloatArray, *, max_difference: float, valid: BoolArray | None = None
) -> UInt8Array:
    """Which of two error maps is smaller, (H, W, 3) uint8 RGB: blue the first, red the second.

    Parameters
    ----------
    first, second : (H, W)
        End-point errors, px.
    max_difference : float
        px of difference that have the full color; white is a draw.
    valid : (H, W) bool, optional
        Unknown pixels are neutral gray.
    """
    _require_positive(max_difference)
    lead = np.clip((second - first) / max_difference, -1, 1)[..., None]
    picture = _EVEN + np.abs(lead) * (np.where(lead > 0, _BETTER, _WORSE) - _EVEN)
    picture = np.rint(picture).astype(np.uint8)
    if valid is not None:
        picture[~valid] = UNKNOWN
    return np.asarray(picture)


def choice_to_color(choice: FloatArray) -> UInt8Array:
    """Whom a flow follows of two, (H, W, 3) uint8 RGB: red where 0, blue where 1, white between.

    Examples
    --------
    >>> choice_to_color(np.array([[0.0, 0.5, 1.0]]))[0].tolist()
    [[178, 24, 43], [255, 255, 255], [33, 102, 172]]
    """
    return who_wins(1 - choice, choice, max_difference=1)


def choice_bar(one: str, other: str, *, width: int = 320) -> UInt8Array:
    """The legend of ``choice_to_color``; ``one`` is what 1 stands for."""
    ramp = choice_to_color(np.linspace(1, 0, width, dtype=np.float32)[None])[0]
    return ramp_bar(ramp, [(0, one), (1, other)], "whom the flow follows")


def color_bar(max_error: float, *, width: int = 320) -> UInt8Array:
    """The legend of ``error_to_color``, with its scale in px."""
    return ramp_bar(*error_ramp(max_error, width=width))


def error_ramp(max_error: float, *, width: int = 320) -> Ramp:
    """The colors of ``error_to_color`` from 0 to ``max_error`` px."""
    colors = heat(np.linspace(0, 255, width).astype(np.uint8)[None])[0]
    ticks = [(share, f"{share * max_error:g}") for share in (0, 0.5, 1)]
    return Ramp(colors, ticks, "end-point error, px")


def map_bar(title: str, most: float, unit: str, *, width: int = 320) -> UInt8Array:
    """The legend of numbers from 0 to ``most`` as heat."""
    ramp = heat(np.linspace(0, 255, width).astype(np.uint8)[None])[0]
    ticks = [(0, "0"), (1, f"{most:.3g} {unit}".strip())]
    return ramp_bar(ramp, ticks, title)


def kitti_bar(*, width: int = 320) -> UInt8Array:
    """The legend of ``kitti_error_color``, in px where 3 px is the threshold."""
    return ramp_bar(*kitti_ramp(width=width))


def kitti_ramp(*, width: int = 320) -> Ramp:
    """The steps of ``kitti_error_color``."""
    colors = _KITTI_COLORS[np.arange(width) * 10 // width]
    ticks = [(step / 10, f"{KITTI_PX * KITTI_BOUNDS[step - 1]:.2g}") for step in (1, 3, 5, 7, 9)]
    return Ramp(colors, ticks, "error, px (or as share of 5 % of the speed)")


def wins_bar(max_difference: float, one: str, other: str, *, width: int = 320) -> UInt8Array:
    """The legend of ``who_wins``."""
    return ramp_bar(*wins_ramp(max_difference, one, other, width=width))


def wins_ramp(max_difference: float, one: str, other: str, *, width: int = 320) -> Ramp:
    """The colors of ``who_wins``, from all for the first to all for the second."""
    lead = np.linspace(max_difference, -max_difference, width, dtype=np.float32)[None]
    colors = who_wins(np.zeros_like(lead), lead, max_difference=max_difference)[0]
    ticks = [(0, f"{max_difference:g}"), (0.5, "0"), (1, f"{max_difference:g}")]
    return Ramp(colors, ticks, f"px better: {one} (blue), {other} (red)")


def _require_positive(value: float) -> None:
    if not value > 0:
        raise ConfigError(f"A color scale must end above 0 px, got {value}.")
