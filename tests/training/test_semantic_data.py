"""What a run learns classes from: generated scenes and labelled folders."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch

from flowcore.data.scenes import Scenes
from flowcore.errors import ConfigError
from flowcore.training import labelled
from flowcore.training.loop import Trainer, train
from flowcore.training.semantic_config import LabelledConfig, SemanticConfig
from flowcore.training.source import SceneSource
from tests.training.semantic_runs import with_semantics

CPU = torch.device("cpu")


def test_few_samples_come_again(config):
    config = dataclasses.replace(config, stages=(dataclasses.replace(config.stages[0], steps=9),))
    made = SceneSource(with_semantics(config, samples=4), device=CPU)  # two batches of two
    assert torch.equal(made.batch(0).first, made.batch(2).first)
    assert not torch.equal(made.batch(0).first, made.batch(1).first)


def test_classes_of_generated_scenes(config):
    scenes = SceneSource(with_semantics(config), device=CPU).batch(0).scenes
    assert 1 <= scenes.classes.min() <= scenes.classes.max() <= 6
    background = scenes.labels == 0
    assert torch.equal(background, scenes.classes == 1)
    assert SceneSource(config, device=CPU).batch(0).scenes.classes is None


@pytest.fixture
def folders(monkeypatch):
    """Ten labelled pairs of gray frames, numbered by their gray level."""
    files = [SimpleNamespace(number=number, flow="flow") for number in range(10)]
    monkeypatch.setattr(labelled, "find_labelled", lambda kind, root: files)
    monkeypatch.setattr(labelled, "read_labelled", lambda one: one.number)

    def scene_in(number, size, window):
        frame = torch.full((1, 3, *size), number / 10)
        mask = torch.ones(1, *size, dtype=torch.bool)
        flow = torch.zeros(1, 2, *size)
        return Scenes(frame, frame, flow, ~mask, mask.long(), mask, mask.long(), mask.long())

    monkeypatch.setattr(labelled, "scene_in", scene_in)
    return {"labelled": (LabelledConfig(kind="viper", folder="VIPER"),), "generated": 0.0}


def numbers(batches):
    return {round(10 * value) for scenes in batches for value in scenes.first[:, 0, 0, 0].tolist()}


def test_validation_pairs_are_drawn_by_the_seed_and_never_learnt_from(config, folders):
    kept = []
    for seed in (0, 0, 1):
        config = dataclasses.replace(with_semantics(config, validation=3, **folders), seed=seed)
        source = SceneSource(config, device=CPU)
        kept.append(numbers(source.held_out()))
        seen = numbers(source.batch(step).scenes for step in range(4))
        assert seen.isdisjoint(kept[-1])
    assert len(kept[0]) == 3
    assert kept[0] == kept[1] != kept[2]
    assert kept[0] != {0, 1, 2}


def test_sources_are_mixed_by_weight(config, folders):
    two = (
        LabelledConfig(kind="viper", folder="a", weight=3.0),
        LabelledConfig(kind="viper", folder="b", weight=0.0),
    )
    source = labelled.LabelledSource(
        SemanticConfig(labelled=two, generated=1.0), seed=0, device=CPU
    )
    generated = [source.batch(1, (8, 8), seed) is None for seed in range(400)]
    assert 0.19 < sum(generated) / 400 < 0.31


def test_learning_from_folders(config, folders, tmp_path):
    config = with_semantics(config, kind="corrected", **folders)
    assert train(config, tmp_path, stop_after=2).validate()["epe"] >= 0


def test_a_run_names_what_it_lacks(config, tmp_path):
    one = LabelledConfig(kind="viper", folder=str(tmp_path))
    with pytest.raises(ConfigError, match="does not hold VIPER"):
        Trainer(with_semantics(config, labelled=(one,)), tmp_path / "run")
