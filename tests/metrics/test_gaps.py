"""Gaps filled as KITTI's evaluation fills them."""

import numpy as np
import pytest

from flowcore.errors import InputError
from flowcore.metrics.gaps import fill_gaps
from flowcore.types import FlowField


def flow_of(*rows):
    """A flow from rows of (u, v) or None."""
    known = np.array([[vector is not None for vector in row] for row in rows])
    return FlowField(np.float32([[vector or (9, 9) for vector in row] for row in rows]), known)


def test_a_gap_takes_the_smaller_component_of_both_neighbors():
    filled = fill_gaps(flow_of([None, (1, 4), None, None, (3, 2), None]))
    assert filled.valid.all()
    assert filled.uv[0].tolist() == [[1, 4], [1, 4], [1, 2], [1, 2], [3, 2], [3, 2]]


def test_a_row_without_any_takes_the_nearest_above_and_the_first_ones_the_first_below():
    filled = fill_gaps(flow_of([None, None], [(1, 1), None], [None, None], [None, (2, 2)]))
    assert filled.uv[:, 0].tolist() == [[1, 1], [1, 1], [1, 1], [2, 2]]
    assert filled.uv[:, 1].tolist() == [[1, 1], [1, 1], [1, 1], [2, 2]]


def test_without_gaps_it_is_the_flow_itself():
    flow = flow_of([(1, 2), (3, 4)])
    assert fill_gaps(flow) is flow


def test_nothing_known_is_refused():
    with pytest.raises(InputError, match="No pixel of this flow is known"):
        fill_gaps(flow_of([None, None]))
