"""Looking inside lanes: coordinates map back through blur, resize, chunks and padding."""

import pickle

import numpy as np
import pytest

from flowcore import models, pipeline
from flowcore.data.synthetic import make_pair
from flowcore.errors import ConfigError, InputError
from flowcore.features import matching as module
from flowcore.features.matching import look_inside
from flowcore.features.reading import read_pixel
from flowcore.types import ChunkGrid, FramePair, PipelineConfig

MODEL = "scope_070.scenes"
DX, DY = 32, 16


@pytest.fixture(scope="module")
def pair():
    """A rough texture that moves by two cells of 16 px and by one."""
    rng = np.random.default_rng(1)
    texture = rng.integers(0, 256, (24, 32, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    return make_pair(np.ascontiguousarray(texture), dx=DX, dy=DY)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"blur_sigma": 0.5},
        {"scale": 2.0},
        {"chunks": ChunkGrid(2, 2, 48)},
        {"chunks": ChunkGrid(1, 2, 32, motion_aware=True, halo=16)},
        {"scale": 2.0, "chunks": ChunkGrid(2, 1, 64, blend="none")},
    ],
    ids=str,
)
def test_the_best_match_is_the_true_one_whatever_is_done_to_the_frames(pair, settings):
    inside = look_inside(pair, PipelineConfig(MODEL, **settings))
    cell = 16 / settings.get("scale", 1)
    is_right = []
    for x in range(40, 200, 30):
        for y in range(40, 160, 30):
            reading, *_ = read_pixel(inside, x, y)
            u, v = reading.vector(reading.best)
            is_right.append(max(abs(u - DX), abs(v - DY)) <= 8)
            assert reading.cell == (cell, cell)
            assert abs(reading.asked_at[0] - x) <= cell / 2 + 0.5
            assert abs(reading.asked_at[1] - y) <= cell / 2 + 0.5
            assert reading.shares.sum() == pytest.approx(1, abs=1e-4)
            assert 0 <= reading.second_ratio <= 1
    assert np.mean(is_right) > 0.6  # chance would be 1 %


def test_every_level_is_read_and_windows_follow_the_flow(pair):
    readings = read_pixel(look_inside(pair, PipelineConfig(MODEL)), 100, 60)
    assert [reading.shares.shape for reading in readings] == [
        (12, 16), (6, 8), (3, 4), (9, 9), (9, 9), (9, 9), (5, 5), (5, 5),
    ]  # fmt: skip
    assert [reading.cell[0] for reading in readings[3:]] == [8, 16, 32, 4, 2]
    for reading in readings[3:]:
        cell = reading.cell[0]
        middle = reading.positions[len(reading.positions) // 2, len(reading.positions) // 2]
        point, tolerance = (reading.expected, 4) if cell <= 8 else (middle, cell / 2)
        u, v = reading.vector(point)
        assert abs(u - DX) <= tolerance
        assert abs(v - DY) <= tolerance


@pytest.mark.parametrize("settings", [{}, {"scale": 0.5}, {"chunks": ChunkGrid(1, 2, 64)}])
def test_classical_methods_show_their_squared_differences(pair, settings):
    inside = look_inside(pair, PipelineConfig("dis_fast", **settings))
    (reading,) = read_pixel(inside, 100, 60)
    u, v = reading.vector(reading.best)
    assert abs(u - DX) <= 2
    assert abs(v - DY) <= 2
    again = read_pixel(inside, 0, 0)[0]
    assert np.isfinite(again.shares).all()


def test_a_perfect_match_costs_nothing():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (40, 50, 3), np.uint8)
    level = look_inside(FramePair(frame, frame), PipelineConfig("dis_fast")).views[0].levels[0]
    scores = level.surface(20, 30).scores
    assert scores[20, 30].item() == pytest.approx(0, abs=1e-3)
    assert scores.argmax().item() == 20 * 50 + 30


def test_a_tiny_frame_is_enlarged_and_still_read():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (20, 24, 3), np.uint8)
    inside = look_inside(FramePair(frame, frame), PipelineConfig(MODEL))
    reading = read_pixel(inside, 23, 19)[0]
    assert reading.cell == pytest.approx((16 * 24 / 77, 16 * 20 / 64))
    assert abs(reading.asked_at[0] - 23) <= reading.cell[0] / 2
    assert reading.best == pytest.approx(reading.asked_at)


def test_pixels_outside_and_too_many_features_are_a_sentence(pair, monkeypatch):
    inside = look_inside(pair, PipelineConfig(MODEL))
    for x, y in ((-1, 0), (0, 192), (256, 0)):
        with pytest.raises(InputError, match=f"x {x}, y {y} lies outside the frame of 256x192"):
            read_pixel(inside, x, y)
    with pytest.raises(ConfigError, match="temperature must be above 0"):
        read_pixel(inside, 0, 0, temperature=0)
    monkeypatch.setattr(module, "MAX_KEPT_BYTES", 1000)
    with pytest.raises(ConfigError, match="keeps more than"):
        look_inside(pair, PipelineConfig(MODEL))


def test_a_model_without_a_volume_says_so(pair, monkeypatch):
    class Blind:
        stride, min_size, default_iterations = 8, 64, None

    monkeypatch.setattr(module, "load_model", lambda name: Blind())
    with pytest.raises(ConfigError, match="has no cost volume to look into"):
        look_inside(pair, PipelineConfig(MODEL))


def test_views_cover_every_pixel_once_and_agree_with_the_probe(pair):
    inside = look_inside(pair, PipelineConfig(MODEL, chunks=ChunkGrid(2, 2, 33)))
    seen = np.zeros(pair.size, int)
    for rows, cols, view in inside.regions():
        seen[rows, cols] += 1
        assert inside.view_at(cols.start, rows.start) is view
        assert inside.view_at(cols.stop - 1, rows.stop - 1) is view
    assert (seen == 1).all()


def test_what_is_sent_is_no_larger_than_it_must_be(pair):
    inside = look_inside(pair, PipelineConfig(MODEL))
    height, width = pair.size
    sizes = pipeline.load_model(MODEL).sizes
    cells = height * width / 256
    far = 1 + 3  # queries, and keys of three spacings
    grids = 2 + 1 / 4 + 1 / 16 + far * 4 + 2 * 16  # in maps of the coarsest grid
    closer = 2 * 64 * sizes.closer[1]
    flows = 2 * (3 * 4 + 16 + 64)
    numbers = cells * (sizes.matching * grids + closer + flows)
    assert len(pickle.dumps(inside)) < 1.05 * 4 * numbers + 20_000
    assert models.describe(MODEL).is_learnt
