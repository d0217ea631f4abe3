"""Dense maps of the matching, by hand where that is possible."""

import numpy as np
import pytest
import torch

from flowcore.data.synthetic import make_pair
from flowcore.errors import ConfigError
from flowcore.features.dense import dense_matching
from flowcore.features.matching import MatchedView, Matching, look_inside
from flowcore.features.place import Place
from flowcore.features.reading import read_pixel
from flowcore.ops.matching import MatchingLevel
from flowcore.types import ChunkGrid, PipelineConfig

MODEL = "scope_035.scenes"
WHOLE = Place((1.0, 1.0), (0.0, 0.0), (0.0, 0.0))


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(1)
    texture = rng.integers(0, 256, (24, 32, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    return make_pair(np.ascontiguousarray(texture), dx=32, dy=16)


def one_hot(*numbers):
    """Features of a row of cells, each unlike all others but those of its own number."""
    return torch.eye(6)[list(numbers)].T[:, None] * 9.0  # (6, 1, len)


def matching(level, size):
    return Matching(size, (MatchedView(WHOLE, (level,)),))


def test_cells_go_to_their_match_and_know_whether_it_is_mutual():
    # 0 stays, 1 moves on by two cells, 2 is seen twice, 3 vanishes and goes to the first of equals
    level = MatchingLevel("x", one_hot(0, 1, 2, 3), one_hot(0, 2, 2, 1), 4, 4)
    maps = dense_matching(matching(level, (4, 16)), temperature=1)
    assert maps.cell == 4
    assert maps.flow.uv[2, [1, 6, 9, 14], 0].tolist() == [0, 8, -4, -12]
    assert (maps.flow.uv[..., 1] == 0).all()
    assert maps.most_bits == 2
    assert maps.entropy[0, [0, 5, 9, 13]] == pytest.approx([0, 0, 1, 2], abs=1e-3)
    # the neighbor of the best is a slope: the second peak of cell 2 is not the other half of it
    assert maps.second_ratio[0, 9] == pytest.approx(0, abs=1e-6)
    assert maps.second_ratio[0, 13] == 1
    assert maps.mutual[0, [0, 5, 9, 13]].tolist() == [True, True, True, False]


def test_a_window_has_no_mutual_map():
    """As FlowNetC compares: the first match of cell 0 within a window of two cells to each side."""
    level = MatchingLevel("x", one_hot(0, 1, 2, 3), one_hot(4, 4, 0, 1), 8, 8, reach=2)
    maps = dense_matching(matching(level, (8, 32)))
    assert maps.flow.uv[0, [0, 8], 0].tolist() == [16, 16]
    assert maps.mutual is None
    assert maps.most_bits == pytest.approx(np.log2(25))


@pytest.mark.parametrize("settings", [{}, {"scale": 0.5}, {"chunks": ChunkGrid(2, 2, 48)}])
def test_maps_are_of_the_pairs_size_and_agree_with_the_probe(pair, settings):
    inside = look_inside(pair, PipelineConfig(MODEL, **settings))
    maps = dense_matching(inside, temperature=0.5)
    assert maps.flow.size == maps.entropy.shape == maps.mutual.shape == pair.size
    for x, y in ((0, 0), (100, 60), (200, 150), (255, 191)):
        reading = read_pixel(inside, x, y, temperature=0.5)[0]
        u, v = reading.vector(reading.best)
        assert maps.flow.uv[y, x].tolist() == pytest.approx([u, v], abs=1e-3)
        assert maps.entropy[y, x] == pytest.approx(reading.entropy, abs=1e-3)
        assert maps.second_ratio[y, x] == pytest.approx(reading.second_ratio, abs=1e-3)


def test_small_blocks_give_the_same(pair, monkeypatch):
    inside = look_inside(pair, PipelineConfig(MODEL))
    whole = dense_matching(inside)
    monkeypatch.setattr("flowcore.features.dense._BLOCK_BYTES", 5000)
    parts = dense_matching(inside)
    assert np.array_equal(whole.flow.uv, parts.flow.uv)
    assert np.array_equal(whole.mutual, parts.mutual)


def test_classical_methods_have_none(pair):
    with pytest.raises(ConfigError, match="only single pixels"):
        dense_matching(look_inside(pair, PipelineConfig("dis_fast")))
