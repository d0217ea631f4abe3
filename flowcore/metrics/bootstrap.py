"""Is one estimate really better than another on this pair?"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowcore.errors import ConfigError, InputError, ShapeMismatchError
from flowcore.types import BoolArray, FloatArray

__all__ = ["Difference", "paired_difference"]


class Difference(NamedTuple):
    """The mean error of one estimate minus that of another, px: negative if the first is better.

    ``low`` and ``high`` bound it with 95 % confidence; ``share_better`` is the percent of pixels on
    which the first has the smaller error.
    """

    mean: float
    low: float
    high: float
    share_better: float

    @property
    def is_certain(self) -> bool:
        """Whether the interval leaves no doubt about the sign."""
        return self.low > 0 or self.high < 0


def paired_difference(
    first: FloatArray,
    second: FloatArray,
    valid: BoolArray,
    *,
    block: int = 32,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Difference:
    """The difference of two error maps with a block-bootstrap interval.

    Neighboring pixels err alike, so blocks of ``block`` x ``block`` px are drawn, not pixels, and
    both maps are looked at in the same blocks (Kuensch, Annals of Statistics 1989).

    Parameters
    ----------
    first, second : (H, W)
        End-point errors, px.
    valid : (H, W) bool
        Pixels that count.
    block : int
        Side of a block in px.
    num_resamples, seed : int
        Of the bootstrap.

    Raises
    ------
    ShapeMismatchError, InputError, ConfigError
        Maps of different sizes; no pixel that counts; a block or a count below one.
    """
    if not first.shape == second.shape == valid.shape:
        raise ShapeMismatchError(
            f"The error maps and the mask differ in shape: {first.shape}, {second.shape}, "
            f"{valid.shape}."
        )
    if block < 1 or num_resamples < 1:
        raise ConfigError(f"Block and resamples must be 1 or more, got {block}, {num_resamples}.")
    if not valid.any():
        raise InputError("No pixel counts in both estimates.")
    gap = np.where(valid, first.astype(np.float64) - second, 0)
    sums, counts = _per_block(gap, block), _per_block(valid.astype(np.float64), block)
    sums, counts = sums[counts > 0], counts[counts > 0]
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(sums), (num_resamples, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    better = 100 * np.mean(gap[valid] < 0)
    return Difference(float(sums.sum() / counts.sum()), float(low), float(high), float(better))


def _per_block(values: npt.NDArray[np.float64], block: int) -> npt.NDArray[np.float64]:
    """Sums over blocks, those at the border included, flat."""
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], block), axis=0)
    return np.add.reduceat(rows, np.arange(0, values.shape[1], block), axis=1).ravel()
