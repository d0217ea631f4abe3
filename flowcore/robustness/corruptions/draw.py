"""The random numbers of a corruption, and how those of the two frames hang together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from flowcore.errors import ConfigError
from flowcore.types import FloatArray, FlowField

__all__ = ["Draw", "Mode", "draws"]

_WEAKEST = 0.25  # share of the severity of an independent frame

Mode: TypeAlias = Literal["same", "independent", "moving"]


@dataclass(frozen=True)
class Draw:
    """What one frame draws.

    Parameters
    ----------
    rng : numpy Generator
        Of this frame; in the modes "same" and "moving" both frames have one seed.
    mode : str
    motion : FlowField, optional
        Of the second frame when the corruption moves with the scene; None otherwise.
    """

    rng: np.random.Generator
    mode: Mode
    motion: FlowField | None = None

    def field(self, make: Callable[[np.random.Generator], FloatArray]) -> FloatArray:
        """Random values of every pixel, ``(H, W, ...)``, carried along where they move.

        A value goes to the pixel nearest to where its own lands. Pixels that nothing reaches, and
        those whose motion is not known, keep what they had.
        """
        values = make(self.rng)
        return values if self.motion is None else _carried(values, self.motion)

    def strength(self) -> float:
        """The share of the severity that this frame has: 1, or 0.25..1 where it is independent.

        For corruptions whose only randomness is how strong they are: a flickering lamp, a lens
        that hunts for focus.
        """
        return float(self.rng.uniform(_WEAKEST, 1)) if self.mode == "independent" else 1.0

    @property
    def time(self) -> float:
        """Frames that have gone by, for particles that move by themselves: 0 or 1."""
        return 0.0 if self.motion is None else 1.0


def draws(mode: Mode, seed: int, motion: FlowField | None) -> tuple[Draw, Draw]:
    """The draws of the first and of the second frame.

    Raises
    ------
    ConfigError
        Something is to move with the scene, whose motion is not known.
    """
    if mode == "moving" and motion is None:
        raise ConfigError(
            "What moves with the scene needs its motion: give a true flow, or an estimated one."
        )
    first = Draw(np.random.default_rng([seed, 0]), mode)
    if mode == "moving":
        return first, Draw(np.random.default_rng([seed, 0]), mode, motion)
    return first, Draw(np.random.default_rng([seed, int(mode == "independent")]), mode)


def _carried(values: FloatArray, motion: FlowField) -> FloatArray:
    height, width = motion.size
    y, x = np.nonzero(motion.valid)
    u, v = motion.uv[y, x].T
    to_y, to_x = np.rint(y + v).astype(int), np.rint(x + u).astype(int)
    is_inside = (to_y >= 0) & (to_y < height) & (to_x >= 0) & (to_x < width)
    moved = values.copy()
    moved[to_y[is_inside], to_x[is_inside]] = values[y[is_inside], x[is_inside]]
    return moved
