"""Gaps of a flow filled as KITTI's evaluation fills them: leaving pixels out never helps."""

import numpy as np
import numpy.typing as npt

from flowcore.errors import InputError
from flowcore.types import BoolArray, FlowField

__all__ = ["fill_gaps"]


def fill_gaps(flow: FlowField) -> FlowField:
    """The flow with a vector at every pixel.

    Along each row a gap between two known pixels takes the smaller u and the smaller v of the two;
    a gap at an end of the row takes the nearest known vector. A row without any takes the nearest
    row's above, or else below. As the development kit of KITTI 2015 does (Menze and Geiger, CVPR
    2015), which leaves rows between known rows empty.

    Raises
    ------
    InputError
        No pixel of the flow is known.

    Examples
    --------
    >>> uv = np.float32([[[9, 9], [1, 4], [9, 9], [3, 2], [9, 9]]])
    >>> known = np.array([[False, True, False, True, False]])
    >>> fill_gaps(FlowField(uv, known)).uv[0].tolist()
    [[1.0, 4.0], [1.0, 4.0], [1.0, 2.0], [3.0, 2.0], [3.0, 2.0]]
    """
    if flow.valid.all():
        return flow
    rows = np.flatnonzero(flow.valid.any(1))
    if not rows.size:
        raise InputError("No pixel of this flow is known, so its gaps cannot be filled.")
    before, after = _neighbors(flow.valid[rows])
    uv = flow.uv[rows]
    filled = np.minimum(_take(uv, before), _take(uv, after))
    nearest = np.searchsorted(rows, np.arange(flow.size[0]), side="right") - 1
    return FlowField(filled[np.maximum(nearest, 0)])


def _neighbors(known: BoolArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Of each pixel the column of the nearest known one at its left, and at its right.

    A known pixel is its own; where one side has none it is the other side's.
    """
    width = known.shape[1]
    columns = np.arange(width)
    before = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, columns, width)[:, ::-1], axis=1)[:, ::-1]
    return np.where(before < 0, after, before), np.where(after == width, before, after)


def _take(uv: npt.NDArray[np.float32], columns: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    return np.take_along_axis(uv, columns[..., None], axis=1)
