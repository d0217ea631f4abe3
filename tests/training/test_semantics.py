"""Runs that learn of classes: parts of the loss, the log, resuming, validation."""

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from flowcore import models
from flowcore.data.classes import CLASS_SETS
from flowcore.data.scenes import Scenes
from flowcore.errors import ConfigError
from flowcore.features.heads import names_with_heads, read_heads
from flowcore.models.scope_semantic import SemanticScopeNet
from flowcore.models.weights import read_state
from flowcore.training import source
from flowcore.training.config import LossConfig
from flowcore.training.log import read_log
from flowcore.training.loop import Trainer, train
from flowcore.training.objective import measure_gradients, objective
from flowcore.training.semantic_config import SemanticConfig
from flowcore.training.ship import ship
from flowcore.training.validation import validate
from flowcore.types import FeatureMap, FramePair, PipelineConfig, Prediction
from tests.training.semantic_runs import with_semantics

NOTHING = LossConfig()


@pytest.fixture
def scenes():
    """One row of four pixels that moves right by one; a car, class 2, leaves its place at x = 1."""
    flow = torch.zeros(1, 2, 1, 4)
    flow[0, 0, 0, 1] = 1.0
    classes = torch.tensor([[[1, 2, 1, 1]]])
    second = torch.tensor([[[1, 1, 2, 1]]])
    occluded = torch.tensor([[[False, False, True, False]]])
    frames = torch.zeros(1, 3, 1, 4)
    return Scenes(frames, frames, flow, occluded, classes, None, classes, second)


def prediction(flow, **maps):
    kept = {name: FeatureMap(values, 1, "") for name, values in maps.items()}
    return Prediction(flow, (flow, flow), kept)


def test_parts_by_hand(scenes):
    """0 0 3 5: the flow jumps by 2 px within class 1, at x = 2, which is occluded."""
    u = torch.tensor([0.0, 0.0, 3.0, 5.0])
    flow = torch.stack([u, 0 * u]).view(1, 2, 1, 4)
    counted = {"v1": 0.0, "corrected": 0.0}  # x = 2 is of another class here, and hidden
    for kind, value in counted.items():
        found = objective(prediction(flow), scenes, NOTHING, SemanticConfig(kind=kind))
        assert [loss.item() for loss in found.steps["semantic"]] == [value] * 2
    config = SemanticConfig(kind="corrected", visible="all", weight=0.5, step_weights=(1, 0))
    scenes = dataclasses.replace(scenes, second_classes=scenes.classes, flow=0 * scenes.flow)
    found = objective(prediction(flow), scenes, NOTHING, config)
    assert [loss.item() for loss in found.steps["semantic"]] == [pytest.approx(2 / 4)] * 2
    assert found.parts["semantic"].item() == pytest.approx(0.5 * 2 / 4)
    assert found.total.item() == pytest.approx(sum(part.item() for part in found.parts.values()))


def test_truth_where_it_is_visible(scenes):
    """The only error, 4 px, lies where the scene is occluded."""
    flow = scenes.flow.clone()
    flow[0, 0, 0, 2] = 4.0
    told = {
        truth: objective(prediction(flow), scenes, NOTHING, SemanticConfig(truth=truth))
        for truth in ("all", "visible")
    }
    assert told["all"].steps["flow"][0].item() == pytest.approx(1.01, abs=1e-3)
    assert told["visible"].steps["flow"][0].item() == pytest.approx(0.01, abs=1e-3)


def test_the_consistency_of_the_true_flow_is_perfect(scenes):
    config = SemanticConfig(kind="consistency")
    right = objective(prediction(scenes.flow), scenes, NOTHING, config)
    still = objective(prediction(0 * scenes.flow), scenes, NOTHING, config)
    assert right.parts["semantic"].item() == pytest.approx(0, abs=1e-6)
    assert still.steps["semantic"][0].item() == pytest.approx(-math.log(0.01) / 3)  # the car


def test_heads_that_are_right_have_no_loss(scenes):
    def scores(classes):
        return 50 * torch.nn.functional.one_hot(classes - 1, 32).permute(0, 3, 1, 2).float()

    config = SemanticConfig(decoder=1, temporal=1, occlusion=1, visible="predicted")
    found = objective(
        prediction(
            scenes.flow,
            classes=scores(scenes.classes),
            second_classes=scores(scenes.second_classes),
            occlusion=100 * scenes.occluded[:, None].float() - 50,
        ),
        scenes,
        NOTHING,
        config,
    )
    losses = {name: part.item() for name, part in found.parts.items() if name != "flow"}
    assert losses == {name: pytest.approx(0, abs=1e-5) for name in config.parts}


def test_rare_classes_count_as_much_as_the_balance_says(scenes):
    """Three of four pixels of both frames are class 1; the decoder is wrong about the car alone."""
    scores = torch.zeros(1, 32, 1, 4)
    scores[:, 0] = 50.0
    shares = {0.0: 1 / 4, 0.5: 1 / (1 + 3**0.5), 1.0: 1 / 2}
    for balance, share in shares.items():
        told = prediction(scenes.flow, classes=scores, second_classes=scores)
        found = objective(told, scenes, NOTHING, SemanticConfig(decoder=1, balance=balance))
        assert found.parts["decoder"].item() == pytest.approx(50 * share, rel=1e-4)


def test_a_pair_without_labels_or_truth_teaches_nothing(scenes):
    blank = dataclasses.replace(
        scenes,
        classes=0 * scenes.classes,
        second_classes=0 * scenes.classes,
        valid=torch.zeros_like(scenes.occluded),
    )
    for kind in ("v1", "new", "corrected", "consistency"):
        flow = torch.ones(1, 2, 1, 4, requires_grad=True)
        found = objective(prediction(flow), blank, NOTHING, SemanticConfig(kind=kind))
        assert found.total.item() == 0.0
        found.total.backward()
        assert torch.equal(flow.grad, torch.zeros_like(flow))


def test_gradients_of_parts_by_hand():
    net = torch.nn.Linear(2, 1, bias=False)
    weight = net.weight
    parts = {"flow": 3 * weight[0, 0], "semantic": 4 * weight[0, 1], "scale": weight.sum() * 0}
    found = measure_gradients(parts, net)
    assert found == {
        "flow_gradient": 3.0, "semantic_gradient": 4.0, "scale_gradient": 0.0,
        "angle": pytest.approx(90),
    }  # fmt: skip


RUNS = {
    "corrected": {"kind": "corrected", "visible": "forward_backward", "measure_every": 2},
    "heads": {"decoder": 1.0, "temporal": 0.1, "occlusion": 0.5, "scale": 0.1, "kind": "v1"},
}


@pytest.mark.parametrize("name", RUNS)
def test_resuming_is_going_on(config, tmp_path, name):
    config = with_semantics(config, **RUNS[name])
    straight = train(config, tmp_path / "straight")
    train(config, tmp_path / "stopped", stop_after=2)
    resumed = train(config, tmp_path / "stopped", resume=True)
    one, other = straight.net.state_dict(), resumed.net.state_dict()
    assert all(torch.equal(one[key], other[key]) for key in one)
    logs = [read_log(tmp_path / run / "log.csv") for run in ("straight", "stopped")]
    assert logs[0].drop(columns="seconds").equals(logs[1].drop(columns="seconds"))
    parts = ["flow", *config.semantic.parts]
    total = logs[0][[f"{part}_loss" for part in parts]].sum(axis=1)
    assert total.to_numpy() == pytest.approx(logs[0]["loss"].to_numpy(), rel=1e-3)
    if config.semantic.measure_every:
        assert logs[0]["angle"].notna().tolist() == [True, False, True, False]
        assert logs[0]["semantic_gradient"].notna().sum() == 2


def test_a_net_that_ships_labels_pairs(config, tmp_path):
    """Of any size, in both frames; a net without a decoder says that it has none."""
    trainer = train(with_semantics(config, decoder=1.0), tmp_path, stop_after=1)
    weights = ship(trainer, command="")
    assert weights.training["classes"] == "scenes"
    name = weights.file.removesuffix(".safetensors")
    frames = np.random.default_rng(0).integers(0, 256, (2, 70, 90, 3), np.uint8)
    assert name in names_with_heads()
    heads = read_heads(FramePair(*frames), PipelineConfig(name))
    for labels in (heads.labels, heads.second_labels):
        assert labels.shape == (70, 90)
        assert 1 <= labels.min() <= labels.max() <= len(CLASS_SETS["scenes"].classes)
    assert heads.occlusion.shape == (70, 90)
    assert 0 < heads.occlusion.min() <= heads.occlusion.max() < 1
    with pytest.raises(ConfigError, match="has no map"):
        read_heads(FramePair(*frames), PipelineConfig("dis_ultrafast"))


def test_a_run_without_a_loss_of_classes_is_the_plain_one(config, tmp_path):
    """Bit for bit: classes cost no random number, and the scale learns beside the flow."""
    config = dataclasses.replace(config, model="scope_035_4px")  # the net that has the heads
    plain = train(config, tmp_path / "plain", stop_after=2).net.state_dict()
    told = train(with_semantics(config), tmp_path / "told", stop_after=2).net.state_dict()
    assert all(torch.equal(plain[key], told[key]) for key in plain)
    scaled = with_semantics(config, scale=1.0)
    scaled = dataclasses.replace(scaled, clip=1e9)
    wide = dataclasses.replace(config, clip=1e9)
    plain = train(wide, tmp_path / "wide", stop_after=2).net.state_dict()
    told = train(scaled, tmp_path / "scaled", stop_after=2).net.state_dict()
    assert all(torch.equal(plain[key], told[key]) for key in plain)


HEADS = {"heads_alone": True, "decoder": 1.0, "temporal": 0.1, "occlusion": 1.0, "scale": 1.0}


@pytest.fixture
def learnt(tmp_path):
    """Weights of a plain net, in a file."""
    path = tmp_path / "learnt.safetensors"
    save_file(models.build_untrained("scope_035_4px").state_dict(), path)
    return str(path)


def test_heads_alone_learn(config, tmp_path, learnt):
    """The rest stays bit for bit, in the averaged net too, and so does the flow."""
    config = with_semantics(config, measure_every=1, **HEADS)
    config = dataclasses.replace(config, init=learnt, init_model="scope_035_4px", weight_decay=0.5)
    begun = Trainer(config, tmp_path / "begun").net.state_dict()
    run = train(config, tmp_path / "run")
    plain = models.build_untrained("scope_035_4px")
    plain.load_state_dict(read_state(learnt, "scope_035_4px"))
    for net in (run.net, run.averaged.module):
        state = net.state_dict()
        assert all(torch.equal(weight, state[name]) for name, weight in plain.state_dict().items())
        for head in SemanticScopeNet.heads:
            learning = [name for name in state if name.startswith(head)]
            assert not all(torch.equal(begun[name], state[name]) for name in learning)
    log = read_log(tmp_path / "run" / "log.csv")
    assert (log["flow_gradient"] == 0).all()
    assert (log["decoder_gradient"] > 0).all()


def test_a_log_has_what_validation_finds_of_heads(config, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "_HELD_OUT_BATCHES", ((5.0, 10.0),))
    config = dataclasses.replace(with_semantics(config, decoder=1, scale=1), validate_every=2)
    found = train(config, tmp_path, stop_after=2).validate()
    assert found.keys() == {"epe", "miou", "ause"}
    log = read_log(tmp_path / "log.csv")
    assert list(log)[-2:] == ["validation_miou", "validation_ause"]
    assert log["validation_miou"].isna().tolist() == [True, False]
    assert log["validation_ause"][1] == pytest.approx(found["ause"], rel=1e-3)


def test_validation_by_hand(scenes):
    """The car is found in the wrong place; occlusion and expected error are right."""
    flow = scenes.flow.clone()
    flow[0, 0, 0, 3] = 2.0  # the only error
    said = torch.nn.functional.one_hot(torch.tensor([[[0, 1, 1, 0]]]), 32).permute(0, 3, 1, 2)
    maps = {
        "classes": said.float(),
        "occlusion": scenes.occluded[:, None].float() - 0.5,
        "log_scale": torch.tensor([-3.0, -2.0, -3.0, 0.5]).view(1, 1, 1, 4),
    }

    class Net(torch.nn.Module):
        def forward(self, _first, _second, keep):
            assert keep == maps.keys()
            return prediction(flow, **maps)

    found = validate(Net(), [scenes], SimpleNamespace(watched=()), SemanticConfig(**HEADS))
    assert found == {
        "epe": 0.5,
        "miou": pytest.approx((100 * 2 / 3 + 100 / 2) / 2),
        "occlusion_f1": 100.0,
        "ause": pytest.approx(0),
    }
