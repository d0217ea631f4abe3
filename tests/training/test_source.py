"""Scenes of a run: by step, seed and rank, and never from the photos kept for validation."""

import dataclasses

import pytest
import torch

from flowcore.training import source
from flowcore.training.source import SceneSource

CPU = torch.device("cpu")


def test_the_step_decides(config):
    made = SceneSource(config, device=CPU)
    early, late = made.batch(0), made.batch(3)
    again = made.batch(0)
    assert early.first.shape == (2, 3, 64, 64)
    assert late.first.shape == (1, 3, 64, 80)
    for one, other in zip(early[:2], again[:2], strict=True):
        assert torch.equal(one, other)
    assert torch.equal(early.scenes.flow, again.scenes.flow)
    assert not torch.equal(early.first, made.batch(1).first)


def test_seeds_and_ranks_see_other_scenes(config):
    frames = []
    for seed, rank in ((0, 0), (1, 0), (2**23, 0), (0, 1)):
        made = SceneSource(dataclasses.replace(config, seed=seed), device=CPU, rank=rank)
        frames.append(made.batch(0).first)
    for number, frame in enumerate(frames):
        assert not any(torch.equal(frame, other) for other in frames[:number])


@pytest.mark.parametrize("num_workers", [0, 1])
def test_batches_go_on_from_a_step(config, num_workers):
    made = SceneSource(config, device=CPU)
    batches = list(made.batches(1, num_workers=num_workers))
    assert len(batches) == 3
    for step, batch in enumerate(batches, start=1):
        expected = made.batch(step)
        assert torch.equal(batch.first, expected.first)
        assert torch.equal(batch.scenes.labels, expected.scenes.labels)


def test_photos_for_validation_are_kept_apart(config, monkeypatch):
    made = SceneSource(config, device=CPU)
    assert (len(made.textures), len(made.kept), made.num_textures) == (2, 1, 3)
    monkeypatch.setattr(source, "_NUM_PATTERNS", (40, 40))
    monkeypatch.setattr(source, "make_textures", lambda count: torch.arange(count).view(-1, 1))
    patterns = SceneSource(dataclasses.replace(config, photos=()), device=CPU)
    assert patterns.kept.flatten().tolist() == [19, 39]
    assert len(patterns.textures) == 38


def test_validation_scenes_are_the_same_each_time(config):
    made = SceneSource(config, device=CPU)
    scenes = list(made.held_out())
    assert len(scenes) == 3
    assert torch.equal(scenes[0].second, next(made.held_out()).second)
    speeds = [batch.flow.norm(dim=1).mean() for batch in scenes]
    assert speeds == sorted(speeds)
