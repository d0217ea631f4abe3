"""How much of a flow is turning and zooming: the affine motion that fits it best."""

import math
from typing import NamedTuple

import numpy as np

from flowcore.errors import InputError
from flowcore.types import BoolArray, FloatArray

__all__ = ["AffineFit", "affine_fit"]

_MOST_ROWS = 20_000  # pixels that the fit looks at; more change nothing that can be read


class AffineFit(NamedTuple):
    """The best affine motion of a flow.

    ``turn`` is in degrees, clockwise on the screen; ``zoom`` is 1 where nothing grows;
    ``explained`` is the percent of the flow's variance about its mean that turning, zooming and
    shearing account for (0 for a flow that is one translation).
    """

    turn: float
    zoom: float
    explained: float


def affine_fit(uv: FloatArray, valid: BoolArray) -> AffineFit:
    """The least-squares affine motion of a flow.

    Parameters
    ----------
    uv : (H, W, 2)
        px.
    valid : (H, W) bool

    Raises
    ------
    InputError
        Fewer than three known pixels, or all on one line.

    Examples
    --------
    Everything moves away from the corner by a tenth of its distance:

    >>> y, x = np.mgrid[:4, :4].astype(np.float32)
    >>> fit = affine_fit(0.1 * np.stack([x, y], -1), np.ones((4, 4), bool))
    >>> [round(value, 3) + 0.0 for value in fit]
    [0.0, 1.1, 100.0]
    """
    y, x = np.nonzero(valid)
    step = max(1, len(x) // _MOST_ROWS)
    x, y = x[::step], y[::step]
    places = np.stack([x, y, np.ones(len(x))], 1)
    if len(x) < 3 or np.linalg.matrix_rank(places) < 3:
        raise InputError("An affine motion needs three known pixels that are not on one line.")
    vectors = uv[y, x].astype(np.float64)
    solution, *_ = np.linalg.lstsq(places, vectors, rcond=None)
    matrix = np.eye(2) + solution[:2].T  # position in the second frame by that in the first
    spread = np.square(vectors - vectors.mean(0)).sum()
    left = np.square(vectors - places @ solution).sum()
    return AffineFit(
        turn=math.degrees(math.atan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1])),
        zoom=math.sqrt(abs(float(np.linalg.det(matrix)))),
        explained=float(100 * (1 - left / spread)) if spread > 1e-9 else 0.0,
    )
