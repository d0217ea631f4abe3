"""Does an uncertainty know where the error is? Sparsification, as Ilg et al. (ECCV 2018)."""

import numpy as np

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.types import FloatArray

__all__ = ["SHARES", "ause", "sparsification"]

SHARES = tuple(step / 20 for step in range(20))  # of the pixels left out: 0 to 95 %


def sparsification(errors: FloatArray, uncertainty: FloatArray) -> FloatArray:
    """Mean error of what is left once the most uncertain pixels are left out.

    For each of ``SHARES``, as a part of the mean error of all pixels, so the first value is 1. With
    the errors as uncertainty it is the oracle, the lowest curve there is. Where uncertainties are
    equal the pixels' order decides; all values are 0 where there is no error at all.

    Parameters
    ----------
    errors : (N,)
        Endpoint errors, px.
    uncertainty : (N,)
        Of any unit; more is less certain.

    Raises
    ------
    InputError, ShapeMismatchError
        No pixel, values that are not finite; arrays of different shapes.

    Examples
    --------
    Half of the pixels are left out, the right ones first, then the wrong ones:

    >>> errors = np.array([1.0, 1.0, 3.0, 3.0])
    >>> sparsification(errors, errors)[10].item(), sparsification(errors, -errors)[10].item()
    (0.5, 1.5)
    """
    if errors.shape != uncertainty.shape or errors.ndim != 1:
        raise ShapeMismatchError(
            f"Errors and uncertainties are two rows of one length, got {errors.shape} and "
            f"{uncertainty.shape}."
        )
    if not errors.size or not (np.isfinite(errors).all() and np.isfinite(uncertainty).all()):
        raise InputError("A sparsification curve needs pixels, and values that are finite.")
    by_certainty = errors[np.argsort(uncertainty, kind="stable")].astype(np.float64)
    sums = np.cumsum(by_certainty)
    kept = np.maximum(1, np.rint(errors.size * (1 - np.array(SHARES)))).astype(np.int64)
    means = sums[kept - 1] / kept
    return np.asarray(means / means[0] if means[0] > 0 else 0 * means, np.float32)


def ause(errors: FloatArray, uncertainty: FloatArray) -> float:
    """Area between the sparsification curve and the oracle's; 0 is perfect, lower is better.

    Over the shares from 0 to 95 %, by the trapezoid rule. It raises what ``sparsification`` does.
    """
    gap = sparsification(errors, uncertainty) - sparsification(errors, errors)
    return float(np.trapezoid(gap.astype(np.float64), SHARES))
