"""Distributions behind the means: what the charts show."""

import numpy as np

from flowcore.errors import InputError
from flowcore.types import FloatArray

__all__ = ["cumulative_share", "mean_per_bin", "share_per_bin"]


def share_per_bin(values: FloatArray, edges: FloatArray) -> FloatArray:
    """Percent of the values in each bin; those beyond the edges count but are not shown.

    Examples
    --------
    >>> share_per_bin(np.array([0.5, 0.6, 1.5, 9.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [50.0, 25.0]
    """
    _require_values(values)
    return (100 * np.histogram(values, edges)[0] / values.size).astype(np.float32)


def cumulative_share(values: FloatArray, limits: FloatArray) -> FloatArray:
    """Percent of the values that do not exceed each limit.

    Examples
    --------
    >>> cumulative_share(np.array([0.5, 1.0, 3.0, 9.0]), np.array([0.0, 1.0, 5.0])).tolist()
    [0.0, 50.0, 75.0]
    """
    _require_values(values)
    counts = np.searchsorted(np.sort(values, axis=None), limits, side="right")
    return (100 * counts / values.size).astype(np.float32)


def mean_per_bin(errors: FloatArray, by: FloatArray, edges: FloatArray) -> FloatArray:
    """Mean error of the pixels in each bin of another quantity, px; NaN where a bin is empty.

    Examples
    --------
    >>> errors, speeds = np.array([1.0, 3.0]), np.array([0.5, 0.7])
    >>> mean_per_bin(errors, speeds, np.array([0.0, 1.0, 2.0])).tolist()
    [2.0, nan]
    """
    _require_values(errors)
    counts = np.histogram(by, edges)[0]
    sums = np.histogram(by, edges, weights=errors)[0]
    means = np.full(counts.shape, np.nan, np.float32)
    np.divide(sums, counts, out=means, where=counts > 0, casting="unsafe")
    return means


def _require_values(values: FloatArray) -> None:
    if not values.size:
        raise InputError("A distribution needs at least one pixel, got none.")
