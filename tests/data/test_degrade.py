"""Harder pairs: what is lost, what stays, and what is refused."""

import numpy as np
import pytest

from flowcore.data.degrade import compress, flatten
from flowcore.data.samples import load
from flowcore.errors import ConfigError
from flowcore.types import FramePair


@pytest.fixture(scope="module")
def pair():
    return load("opening")


def roughness(frame):
    return np.abs(np.diff(frame.astype(float), axis=1)).mean()


def test_lower_quality_loses_more(pair):
    losses = [
        np.abs(compress(pair, quality).first - pair.first.astype(float)).mean()
        for quality in (100, 50, 10)
    ]
    assert losses[0] < 2 < losses[1] < losses[2]


def test_texture_goes_and_edges_stay():
    """A step of 200 levels between two noisy halves: the noise goes, the step stays."""
    noise = np.random.default_rng(0).integers(-8, 9, (32, 32, 1))
    step = np.where(np.arange(32) < 16, 20, 220)[None, :, None] + noise
    frame = np.repeat(step, 3, 2).astype(np.uint8)
    plain = flatten(FramePair(frame, frame), 0.0).first.astype(float)
    assert plain[:, :14].std() < 0.4 * frame[:, :14].astype(float).std()
    assert plain[:, 17].mean() - plain[:, 14].mean() > 180


def test_what_is_left_is_a_share(pair):
    whole, half, none = (roughness(flatten(pair, share).first) for share in (1.0, 0.5, 0.0))
    assert whole == roughness(pair.first)
    assert none < half < whole


def test_the_truth_stays_and_the_digest_changes(pair):
    for harder in (compress(pair, 30), flatten(pair, 0.3)):
        assert harder.truth is pair.truth
        assert harder.size == pair.size
        assert harder.digest != pair.digest
        assert harder.name.startswith(pair.name)


@pytest.mark.parametrize("quality", [0, 101])
def test_no_such_quality(pair, quality):
    with pytest.raises(ConfigError, match=rf"in 1\.\.100, got {quality}"):
        compress(pair, quality)


@pytest.mark.parametrize("texture", [-0.1, 1.1, float("nan")])
def test_no_such_texture(pair, texture):
    with pytest.raises(ConfigError, match=r"in 0\.\.1, got"):
        flatten(pair, texture)
