"""Perturbations keep their size, and attacks do more to the metric than noise of that size."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from flowcore.errors import ConfigError, InputError
from flowcore.robustness.attacks.threat import Threat
from flowcore.robustness.attacks.victim import Victim, victim_of
from flowcore.tasks.drive import Sight, drive
from flowcore.tasks.metrics import clearance_ahead
from flowcore.tasks.perturb import attacked, by_lane, every, noise, task_threat
from flowcore.tasks.replay import pairs_at
from flowcore.tasks.steering import steer
from flowcore.tasks.vehicle import moved
from flowcore.tasks.world import build_world
from flowcore.tasks.world_course import Course
from flowcore.types import PipelineConfig
from tests.robustness.attacked_nets import Colors
from tests.tasks.courses import SCOPE, SMALL

EPSILON = 0.02
LEVELS = 5  # of 255 that are within it


@pytest.fixture(scope="module")
def sight():
    world = build_world(Course("pillars", seed=3))
    before = world.plan.start
    pose = moved(before, forward=0.12, yaw=0.02)
    first, second = (world.view(at, SMALL).frame for at in (before, pose))
    return Sight(world, pose, 0.02, "map", SMALL, 1, first, second)


def metric_of_lane(sight, frame, config=SCOPE):
    """The true metric of the real algorithm on the lane's flow of a frame."""
    flow = victim_of(config).flow(*(
        torch.from_numpy(np.array(one)).permute(2, 0, 1)[None] / 255
        for one in (sight.first, frame)
    ))  # fmt: skip
    command = steer(sight.algorithm, flow, sight.camera, yaw=sight.yaw)
    return clearance_ahead(sight.world.plan, sight.pose, command, sight.world.course.speed).item()


def change(sight, frame):
    return frame.astype(int) - sight.second


@pytest.mark.parametrize("lane", ["truth", PipelineConfig("dis_ultrafast")])
def test_a_frame_is_looked_at_again(lane):
    course = Course("bend", seed=2, speed=0.25)
    found = drive(course, "map", lane, camera=SMALL, perturb=every(3, noise(EPSILON)))
    for number in (1, 2, 9):
        clean, seen = pairs_at(found, number, camera=SMALL)
        assert np.array_equal(seen.second, found.steps[number - 1].seen)
        is_changed = number % 3 == 1
        assert np.array_equal(clean.second, seen.second) != is_changed
        assert clean.truth is seen.truth
        if lane == "truth":
            assert np.abs(clean.truth.uv - found.steps[number - 1].flow.uv).max() < 1e-4
    for number in (0, len(found.steps) + 1):
        with pytest.raises(InputError, match="has frames 1 to"):
            pairs_at(found, number)


def test_noise_has_its_size_and_its_seed(sight):
    noisy = noise(EPSILON, seed=2)(sight)
    inside = (sight.second >= LEVELS) & (sight.second <= 255 - LEVELS)
    assert set(np.abs(change(sight, noisy))[inside]) == {LEVELS}
    assert abs(change(sight, noisy)[inside].mean()) < 0.2
    assert np.array_equal(noisy, noise(EPSILON, seed=2)(sight))
    assert not np.array_equal(noisy, noise(EPSILON, seed=2)(sight._replace(number=2)))
    coarse = np.sign(change(sight, noise(EPSILON, cell=16)(sight)))
    assert len(np.unique(coarse[:16, 16:32, 1][inside[:16, 16:32, 1]])) == 1
    with pytest.raises(ConfigError, match="Noise lies in"):
        noise(0.0)


@pytest.mark.parametrize("method", ["pgd", "square"])
def test_attacks_make_the_true_metric_worse_within_their_budget(sight, method):
    steps = {"pgd": 4, "square": 25}[method]
    frame = by_lane(SCOPE, task_threat(method, EPSILON, steps=steps))(sight)
    assert 0 < np.abs(change(sight, frame)).max() <= LEVELS
    clean, noisy, found = (
        metric_of_lane(sight, one) for one in (sight.second, noise(EPSILON)(sight), frame)
    )
    assert found < min(clean, noisy) - 0.02
    again = by_lane(SCOPE, task_threat(method, EPSILON, steps=steps))(sight)
    assert np.array_equal(frame, again)


def test_one_pixel_is_changed_in_the_second_frame_alone(sight):
    frame = by_lane(SCOPE, task_threat("pixels", 1, steps=10))(sight)
    assert (change(sight, frame) != 0).any(2).sum() <= 1


def test_a_transfer_attack_is_made_on_another_lane(sight):
    """Made on a lane that sees half the size, it harms the lane that drives as well."""
    other = replace(SCOPE, scale=0.5)
    frame = by_lane(other, task_threat("pgd", 0.05, steps=4))(sight)
    assert metric_of_lane(sight, frame, other) < metric_of_lane(sight, sight.second, other)
    assert not np.array_equal(frame, by_lane(SCOPE, task_threat("pgd", 0.05, steps=4))(sight))


def test_any_metric_of_any_victim_is_made_small(sight):
    """The mean of v is ten times the second frame's green: all of it goes down by epsilon."""
    victim = Victim(PipelineConfig("colors"), Colors(), lambda *f: Colors()(*f).flow, "cpu")
    threat = task_threat("pgd", EPSILON, steps=6)
    frame = attacked(victim, lambda sight: lambda flow: flow[:, 1].mean((1, 2)), threat)(sight)
    moved_by = change(sight, frame)[sight.second >= LEVELS].reshape(-1)
    green = change(sight, frame)[..., 1][sight.second[..., 1] >= LEVELS]
    assert green.mean() < -0.9 * LEVELS
    assert np.abs(moved_by).max() == LEVELS


def test_what_does_not_help_is_left_alone(sight):
    victim = Victim(PipelineConfig("colors"), Colors(), lambda *f: Colors()(*f).flow, "cpu")
    constant = attacked(
        victim, lambda sight: lambda flow: 0 * flow.mean((1, 2, 3)), task_threat(steps=2)
    )
    assert np.array_equal(constant(sight), sight.second)


def test_every_third_frame():
    numbers = []

    def spoilt(sight):
        numbers.append(sight.number)
        return sight.second

    course = Course(speed=0.25)
    found = drive(course, "balance", "truth", camera=SMALL, perturb=every(3, spoilt))
    assert numbers == list(range(1, len(found.steps) + 1, 3))
    numbers.clear()
    drive(course, "balance", "truth", camera=SMALL, perturb=every(1, spoilt))
    assert len(numbers) == len(found.steps)
    with pytest.raises(ConfigError, match="every 0"):
        every(0, spoilt)


def test_a_drive_under_attack_is_worse_than_under_noise():
    course = Course("bend", seed=4, speed=0.2)
    ahead = {
        name: drive(course, "balance", SCOPE, camera=SMALL, perturb=perturb).score.mean_ahead
        for name, perturb in {
            "noise": noise(EPSILON), "attack": by_lane(SCOPE, task_threat(epsilon=EPSILON, steps=3))
        }.items()
    }  # fmt: skip
    assert ahead["attack"] < ahead["noise"] - 0.1


def test_what_cannot_attack_a_drive(sight):
    with pytest.raises(ConfigError, match="A drive is attacked by fgsm"):
        task_threat("patch")
    with pytest.raises(ConfigError, match="no gradient, which PGD needs"):
        by_lane(PipelineConfig("dis_fast"), task_threat())(sight)
    assert task_threat() == Threat.of("pgd", frames="second")
