"""A lane's keys hold what it depends on, and nothing else; a truth added later runs no model."""

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import save

from flowcore import lane as lanes
from flowcore import models
from flowcore.data import samples
from flowcore.lane import (
    common_pixels,
    estimate_key,
    external_lane,
    have_own_pixels,
    measure_again,
    measure_key,
    run_lane,
)
from flowcore.metrics.round_trip import round_trip_distance
from flowcore.metrics.summary import measure_warp
from flowcore.models.scope import scope_035
from flowcore.models.scope_semantic import scope_035_semantic
from flowcore.pipeline import run
from flowcore.types import FlowField, FramePair, PipelineConfig

DIS = PipelineConfig("dis_fast")


@pytest.fixture(scope="module")
def pair():
    return samples.load("subpixel")


@pytest.fixture(scope="module")
def bare(pair):
    return FramePair(pair.first, pair.second)


def test_a_truth_changes_the_measurements_and_not_the_estimate(pair, bare):
    assert estimate_key(pair, DIS) == estimate_key(bare, DIS)
    key = estimate_key(pair, DIS)
    assert measure_key(key, pair) != measure_key(key, bare)


def test_everything_that_changes_a_flow_or_its_time_changes_the_key(pair):
    keys = {
        estimate_key(pair, DIS),
        estimate_key(pair.reversed(), DIS),
        estimate_key(pair, dataclasses.replace(DIS, blur_sigma=1.0)),
        estimate_key(pair, dataclasses.replace(DIS, precision="bfloat16")),
        estimate_key(pair, DIS, threads=1),
        estimate_key(pair, DIS, device="cuda:1"),
    }
    assert len(keys) == 6


def test_weights_imported_anew_under_one_name_give_a_new_key(pair, tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWCORE_WEIGHTS", str(tmp_path))
    config, keys = PipelineConfig("scope_035.mine"), set()
    for seed in (0, 1):
        torch.manual_seed(seed)
        models.import_weights(save(scope_035().state_dict()), name=config.model)
        keys.add(estimate_key(pair, config))
    assert len(keys) == 2


def test_a_net_says_itself_how_sure_it_is_others_by_their_round_trip(tmp_path, monkeypatch):
    """In px of the pair, whatever size the net sees it in."""
    monkeypatch.setenv("FLOWCORE_WEIGHTS", str(tmp_path))
    torch.manual_seed(0)
    models.import_weights(save(scope_035_semantic().state_dict()), name="scope_035_semantic.mine")
    frames = np.random.default_rng(0).integers(0, 256, (2, 80, 96, 3), np.uint8)
    config = PipelineConfig("scope_035_semantic.mine", scale=0.5)  # 40x48 px, enlarged to 64x77
    lane = run_lane(FramePair(*frames), config)
    said = run(FramePair(*frames), config, keep=frozenset({"log_scale"})).maps["log_scale"]
    assert lane.uncertainty_kind == "head"
    assert lane.uncertainty == pytest.approx(np.exp(said[..., 0]) * 80 / 64, rel=1e-4)
    lane = run_lane(FramePair(*frames), DIS)
    assert lane.uncertainty_kind == "round trip"
    assert np.array_equal(lane.uncertainty, round_trip_distance(lane.estimate.flow, lane.backward))
    lane = external_lane(FramePair(*frames), lane.estimate.flow)
    assert (lane.uncertainty, lane.uncertainty_kind) == (None, None)


def test_the_gaps_of_an_external_flow_are_part_of_its_key(pair):
    uv, valid = np.ones((*pair.size, 2), np.float32), np.ones(pair.size, bool)
    valid[0] = False
    assert estimate_key(pair, FlowField(uv)) != estimate_key(pair, FlowField(uv, valid))


@pytest.mark.parametrize("is_external", [False, True])
def test_a_truth_added_later_gives_the_numbers_of_a_full_run(pair, bare, monkeypatch, is_external):
    def lane_of(some):
        flow = FlowField(np.ones((*pair.size, 2), np.float32))
        return external_lane(some, flow) if is_external else run_lane(some, DIS)

    whole, before = lane_of(pair), lane_of(bare)
    monkeypatch.setattr(lanes, "run", None)
    later = measure_again(pair, before)
    assert "epe" not in before.metrics
    assert later.metrics == whole.metrics
    assert later.measured_against == pair.truth_digest != before.measured_against
    assert measure_again(bare, later).metrics == before.metrics


def test_lanes_have_common_pixels_where_nothing_says_what_is_occluded(bare):
    """A flow with gaps is judged on what it knows; both are, on what both know."""
    height, width = bare.size
    half = np.zeros(bare.size, bool)
    half[:, : width // 2] = True
    still = np.zeros((height, width, 2))
    dense, sparse = (external_lane(bare, FlowField(still, seen)) for seen in (~half | half, half))
    assert have_own_pixels([dense, sparse])
    assert not have_own_pixels([dense, dense])
    common = common_pixels(bare, [dense, sparse])
    assert (common == half).all()
    measured = [measure_warp(lane.estimate.flow, bare, common) for lane in (dense, sparse)]
    assert measured[0] == measured[1]
    assert measured[1]["psnr_common"] == sparse.metrics["psnr"]


def test_a_quick_lane_is_timed_several_times(pair):
    timing = run_lane(pair, DIS).estimate.timing
    assert timing.runs == 3
    assert timing.seconds <= timing.seconds_median
    assert external_lane(pair, pair.truth).estimate.timing is None
