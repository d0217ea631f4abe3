"""Argmax features of a channel, by hand."""

import numpy as np
import pytest
import torch

from flowcore.errors import InputError
from flowcore.features.channels import channel_features, encoder_levels
from flowcore.ops.matching import MatchingLevel, pyramid_levels, window_level
from flowcore.viz.channels import EXTREMES, channel_picture


def level_of(*rows):
    values = torch.tensor(rows, dtype=torch.float32)[None]
    return MatchingLevel("x", values, values, 8, 8)


def test_extremes_and_pools():
    found = channel_features(level_of([1, 5, 2], [7, 0, -3]), 0, pool=2)
    assert found.row_argmax.tolist() == [1, 0]
    assert found.row_argmin.tolist() == [0, 2]
    assert found.column_argmax.tolist() == [1, 0, 0]
    assert found.column_argmin.tolist() == [0, 1, 1]
    assert found.max_pooled.tolist() == [[7, 2]]
    assert found.min_pooled.tolist() == [[0, -3]]


def test_of_equals_the_first_counts():
    found = channel_features(level_of([4, 4, 4]), 0)
    assert found.row_argmax.tolist() == found.row_argmin.tolist() == [0]


def test_nonsense_is_a_sentence():
    with pytest.raises(InputError, match="no channel 1; there are 1"):
        channel_features(level_of([1]), 1)
    with pytest.raises(InputError, match="no channel -1"):
        channel_features(level_of([1]), -1)
    with pytest.raises(InputError, match="1 cell"):
        channel_features(level_of([1]), 0, pool=0)


def test_each_grid_of_the_encoder_is_listed_once():
    features = torch.rand(1, 4, 8, 8)
    pyramid = pyramid_levels(features, features, num_levels=3, stride=16)
    window = window_level(features, features, torch.zeros(1, 2, 8, 8), radius=1, stride=8)
    assert encoder_levels((*pyramid, window)) == (pyramid[0], window)
    assert encoder_levels(("patches",)) == ()


def test_the_picture_is_gray_around_zero_and_marks_the_extremes():
    values = np.float32([[-2, 0], [1, 2]])
    bare = channel_picture(values, most=2)
    assert bare.shape == (480, 480, 3)
    assert [bare[y, x, 0] for y, x in ((60, 60), (60, 300), (300, 300))] == [0, 128, 255]
    marked = channel_picture(values, most=2, rows={"argmax": np.array([1, 1])},
                             columns={"argmin": np.array([0, 0])})  # fmt: skip
    assert (marked[360, 360] == EXTREMES["argmax"]).all()
    assert (marked[120, 120] == EXTREMES["argmin"]).all()
