"""The stages of a lane: names, numbers over all pixels, bounded memory."""

import numpy as np
import pytest

from flowcore import refinement
from flowcore.data.synthetic import make_pair
from flowcore.errors import ConfigError
from flowcore.metrics.flow import mean_epe
from flowcore.pipeline import run
from flowcore.refinement import is_learnt, refine
from flowcore.types import FramePair, PipelineConfig

CONFIG = PipelineConfig("scope_035.scenes", iterations=5)


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (12, 16, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    return make_pair(np.ascontiguousarray(texture), dx=3, dy=1)


@pytest.fixture(scope="module")
def refined(pair):
    return refine(pair, CONFIG)


def test_the_last_stage_is_the_lane_itself(pair, refined):
    flow = run(pair, CONFIG).flow
    assert refined.names == tuple(f"iteration {number}" for number in range(1, 6))
    assert np.array_equal(refined.iterates[-1], flow.uv)
    assert refined.epe[-1] == mean_epe(flow.uv, pair.truth.uv, pair.truth.valid)
    assert len(refined.epe) == len(refined.update) == 5
    assert refined.settled_share(0.1)[-1] == 100
    assert refined.stopping_point(0.1).max() <= 4


def test_numbers_are_of_all_pixels_where_few_are_kept(pair, refined):
    few = refine(pair, CONFIG, max_bytes=5 * 8 * 96 * 128 // 4)
    assert few.thin == 2
    assert np.array_equal(few.iterates[2], refined.iterates[2][::2, ::2])
    assert np.array_equal(few.truth(pair).uv, pair.truth.uv[::2, ::2])
    assert (few.epe, few.update) == (refined.epe, refined.update)


def test_without_truth_there_is_no_error(pair):
    few = refine(FramePair(pair.first, pair.second), CONFIG)
    assert few.epe == ()
    assert len(few.update) == 5
    assert few.truth(FramePair(pair.first, pair.second)) is None


def test_only_learnt_models_keep_stages(pair):
    assert is_learnt(CONFIG)
    assert not is_learnt(PipelineConfig("dis_fast"))
    assert not is_learnt(PipelineConfig("external"))
    assert refine(pair, PipelineConfig("dis_fast")).names == ()


def test_too_little_memory_is_said_before_it_is_taken(pair, monkeypatch):
    monkeypatch.setattr(refinement, "available_memory", lambda: 1000)
    with pytest.raises(ConfigError, match="Keeping 5 stages of 128x96 px takes about"):
        refine(pair, CONFIG)
