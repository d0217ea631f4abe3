"""Attribution by hand on a model whose gradient is known, and on a trained one."""

import numpy as np
import pytest
import torch
from torch import nn

from flowcore import gradient, pipeline
from flowcore.errors import ConfigError, InputError
from flowcore.features.attribution import attribute, rank_correlation, reach, shuffled
from flowcore.types import FramePair, PipelineConfig, Prediction

CONFIG = PipelineConfig("any")


class Product(nn.Module):
    """u = 6 times red of the first frame times green of the second, two px to the right; v = 0."""

    stride, min_size, default_iterations = 1, 1, None

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(6.0))

    def forward(self, first, second, *, iterations=None, keep=frozenset()):
        u = self.weight * first[:, 0] * second[:, 1].roll(-2, -1)
        return Prediction(torch.stack([u, 0 * u], 1))

    def memory_bytes(self, height, width):
        return height * width


@pytest.fixture
def pair():
    first, second = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)
    first[1, 2, 0] = 255
    second[1, 4, 1] = 51
    return FramePair(first, second)


def test_the_gradient_is_that_of_the_formula(pair):
    found = attribute(pair, CONFIG, 2, 1, model=Product())
    assert found.value == pytest.approx(6 * 0.2)
    assert found.first[1, 2] == pytest.approx(6 * 0.2)
    assert found.second[1, 4] == pytest.approx(6)
    assert np.count_nonzero(found.first) == np.count_nonzero(found.second) == 1
    flat = attribute(pair, CONFIG, 2, 1, component="v", model=Product())
    assert not flat.first.any()
    assert flat.value == 0


def test_integrated_gradients_sum_to_what_the_pair_adds(pair):
    found = attribute(pair, CONFIG, 2, 1, method="integrated gradients", steps=4, model=Product())
    assert found.missing == pytest.approx(0, abs=1e-5)  # exact: the formula is quadratic
    assert found.first[1, 2] > 0
    assert found.second[1, 4] > 0


def test_a_trained_net_depends_on_both_frames_and_on_its_weights():
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (12, 14, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    pair = FramePair(texture[:, 8:104], texture[:, 4:100])
    config = PipelineConfig("scope_035.scenes", iterations=3)
    found = attribute(pair, config, 40, 50)
    assert found.first.shape == found.second.shape == pair.size
    assert 0 < reach(found.first, (40, 50), share=0.5) < reach(found.first, (40, 50)) < 96
    other = shuffled(pipeline.load_model(config.model))
    random = attribute(pair, config, 40, 50, model=other)
    assert rank_correlation(found.first, random.first) < 0.9
    again = attribute(pair, config, 40, 50, model=shuffled(pipeline.load_model(config.model)))
    assert np.array_equal(random.first, again.first)


def test_ranks_and_reach():
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1)
    spot = np.zeros((9, 9), np.float32)
    spot[4, 4], spot[4, 8] = -3, 1
    assert reach(spot, (4, 4), share=0.75) == 0
    assert reach(spot, (4, 4)) == 4
    assert np.isnan(reach(np.zeros((3, 3), np.float32), (0, 0)))


def test_refusals_are_sentences(pair, monkeypatch):
    with pytest.raises(InputError, match="x 6, y 0 lies outside the frame of 6x4"):
        attribute(pair, CONFIG, 6, 0, model=Product())
    with pytest.raises(ConfigError, match="no gradient"):
        attribute(pair, PipelineConfig("dis_fast"), 0, 0)
    with pytest.raises(ConfigError, match="Unknown method 'magic'"):
        attribute(pair, CONFIG, 0, 0, method="magic", model=Product())
    with pytest.raises(ConfigError, match="1 or more"):
        attribute(pair, CONFIG, 0, 0, steps=0, model=Product())
    monkeypatch.setattr(gradient, "available_memory", lambda device: 10)
    with pytest.raises(ConfigError, match="A gradient through any takes about"):
        attribute(pair, CONFIG, 0, 0, model=Product())
