"""A walk through FlowNet2: its table by hand, and what it refuses."""

import numpy as np
import pytest
import torch

from flowcore import models
from flowcore.errors import ConfigError
from flowcore.metrics.flow import epe, mean_epe
from flowcore.models.store import save_weights
from flowcore.ops.convert import flow_to_tensor, frame_to_array, frame_to_tensor
from flowcore.ops.warp import warp
from flowcore.stack_walk import names_of_stacks, walk
from flowcore.types import ChunkGrid, FlowField, FramePair, PipelineConfig

NAME = "flownet2_small.test"
NETWORKS = ["FlowNetC", "FlowNetS 1", "FlowNetS 2", "FlowNetSD", "Fusion"]


@pytest.fixture(scope="module", autouse=True)
def random_weights(tmp_path_factory):
    """Five networks that have learnt nothing, whose flow is not tiny."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOWCORE_WEIGHTS", str(tmp_path_factory.mktemp("weights")))
        torch.manual_seed(0)
        net = models.build_untrained("flownet2_small")
        save_weights(NAME, net.state_dict(), num_params=1)
        yield


@pytest.fixture(scope="module")
def pair():
    """Slow left half, fast right half, one unknown column."""
    frames = np.random.default_rng(0).integers(0, 256, (2, 70, 130, 3), np.uint8)
    uv = np.zeros((70, 130, 2), np.float32)
    uv[:, :65, 0], uv[:, 65:, 0] = 0.5, 12.0
    valid = np.ones((70, 130), bool)
    valid[:, 0] = False
    return FramePair(*frames, FlowField(uv, valid))


@pytest.fixture(scope="module")
def walked(pair, random_weights):
    return walk(pair, PipelineConfig(NAME))


def test_errors_by_network_and_speed(pair, walked):
    assert list(walked.table.index) == NETWORKS
    truth = pair.truth
    for name, flow in walked.flows.items():
        row = walked.table.loc[name]
        assert row["epe"] == pytest.approx(mean_epe(flow, truth.uv, truth.valid), rel=1e-5)
        errors = epe(flow, truth.uv)
        assert row["epe below 1 px"] == pytest.approx(errors[:, 1:65].mean(), rel=1e-5)
        assert row["epe 10 px and more"] == pytest.approx(errors[:, 65:].mean(), rel=1e-5)
    assert walked.table["epe 1 to 10 px"].isna().all()


def test_each_network_moves_the_flow_it_started_from(walked):
    flows, moved = walked.flows, walked.table["moved"]
    starts = {"FlowNetS 1": "FlowNetC", "FlowNetS 2": "FlowNetS 1", "Fusion": "FlowNetS 2"}
    for name, flow in flows.items():
        start = flows[starts[name]] if name in starts else np.zeros_like(flow)
        assert moved[name] == pytest.approx(epe(flow, start).mean(), rel=1e-5)


def test_the_difference_is_that_of_the_fetched_frame(pair, walked):
    assert walked.still == pytest.approx(np.abs(pair.first - pair.second.astype(float)).mean())
    fetched = frame_to_array(
        warp(frame_to_tensor(pair.second), flow_to_tensor(walked.flows["FlowNetC"]))
    )
    assert np.abs(fetched.astype(int) - walked.warped["FlowNetC"]).mean() < 2
    brightness = walked.table["brightness"]
    assert np.isnan(brightness["Fusion"])
    expected = np.abs(pair.first - walked.warped["FlowNetC"].astype(float)).mean()
    assert brightness["FlowNetC"] == pytest.approx(expected)


def test_the_choice_and_the_stack(walked):
    assert walked.choice.shape == (70, 130)
    assert walked.stack == "FlowNetS 2"


def test_without_truth(pair):
    table = walk(FramePair(pair.first, pair.second), PipelineConfig(NAME)).table
    assert table[["epe", "epe below 1 px", "smaller"]].isna().all(axis=None)
    assert (table["moved"] > 0).all()


def test_only_whole_frames_in_flownet2(pair):
    for config in (PipelineConfig("dis_fast"), PipelineConfig(NAME, chunks=ChunkGrid(1, 2))):
        with pytest.raises(ConfigError, match="Only a whole frame in FlowNet2"):
            walk(pair, config)


def test_models_that_can_be_walked_through():
    assert NAME in names_of_stacks()
    assert "scope_070.scenes" not in names_of_stacks()
