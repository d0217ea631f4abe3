"""Comparisons to make figures of."""

import numpy as np
import pytest

from flowcore.data.synthetic import make_pair
from flowcore.lane import external_lane
from flowcore.types import FlowField


@pytest.fixture(scope="module")
def shown():
    """A frame that is red but for a green box at x 40..79, y 20..39."""
    frame = np.full((60, 100, 3), (255, 0, 0), np.uint8)
    frame[20:40, 40:80] = (0, 255, 0)
    pair = make_pair(frame, dx=6, name="boxes")
    return pair, {"ours": external_lane(pair, pair.truth, name="ours_model")}


@pytest.fixture(scope="module")
def wide():
    """Two lanes on a frame as wide as KITTI's."""
    frame = np.random.default_rng(0).integers(0, 256, (37, 124, 3), np.uint8)
    pair = make_pair(frame, dx=3, name="street")
    off = FlowField(pair.truth.uv + np.float32(1.5))
    return pair, {
        "dis_medium": external_lane(pair, pair.truth, name="dis_medium"),
        "scope_070.scenes, 2x2, overlap 16": external_lane(pair, off),
    }
