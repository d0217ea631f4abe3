"""Each mistake of convention is recognized, and a right flow is left alone."""

import numpy as np
import pytest

from flowcore.data import samples
from flowcore.data.synthetic import make_pair
from flowcore.metrics.convention import CONVENTIONS, suspect_convention
from flowcore.types import FlowField, FramePair

WRONG = {
    "backward": lambda uv: -uv,
    "swapped": lambda uv: uv[..., ::-1],
    "up": lambda uv: uv * np.float32((1, -1)),
    "half": lambda uv: uv * 2,
    "double": lambda uv: uv / 2,
    "normalized": lambda uv: uv / np.float32((uv.shape[1], uv.shape[0])),
    "grid": lambda uv: uv / np.float32((uv.shape[1], uv.shape[0])) * 2,
}


@pytest.fixture(scope="module")
def pair():
    return make_pair(samples.load("large").first, dx=11, dy=5)


@pytest.mark.parametrize("key", CONVENTIONS)
def test_each_mistake_is_recognized(pair, key):
    assert suspect_convention(FlowField(WRONG[key](pair.truth.uv)), pair) == key


@pytest.mark.parametrize("name", samples.names())
def test_a_right_flow_is_left_alone(name):
    pair = samples.load(name)
    assert suspect_convention(pair.truth, pair) is None


def test_nothing_can_be_said_of_frames_without_texture():
    gray = np.full((40, 60, 3), 128, np.uint8)
    flow = FlowField(np.full((40, 60, 2), 3, np.float32))
    assert suspect_convention(flow, FramePair(gray, gray)) is None
