"""Perturbations as values, and the commands that repeat drives, searches and lessons."""

import argparse
import shlex

import pytest

from flowcore.commands import task
from flowcore.commands.task_studies import lane_of
from flowcore.errors import ConfigError
from flowcore.tasks.perturbation import PERTURBATIONS, Perturbation
from flowcore.tasks.recipe import drive_command, failures_command, surrogate_command
from flowcore.tasks.surrogate_training import Lesson
from flowcore.tasks.world_course import Course
from flowcore.types import ChunkGrid, PipelineConfig

LANE = PipelineConfig("scope_035.scenes", scale=0.5, iterations=2, chunks=ChunkGrid(1, 2))
OTHER = PipelineConfig("scope_070.scenes", scale=0.5, iterations=2, chunks=ChunkGrid(1, 2))


def read(command):
    """The options that a command line comes to."""
    program, *words = shlex.split(command)
    assert program == "flowcore"
    parser = argparse.ArgumentParser()
    task.add_commands(parser.add_subparsers())
    return parser.parse_args(words)


@pytest.mark.parametrize(
    "course", [Course(), Course("gate", 7, texture=0.1734, speed=0.2, turn=0.0, obstacle_size=0.4)]
)
@pytest.mark.parametrize("lane", ["truth", LANE])
def test_a_drive(course, lane):
    options = read(drive_command(course, "balance", lane, threads=1))
    assert options.command is task._run
    assert task._course(options) == course
    assert lane_of(options) == lane
    assert (options.algorithm, options.threads, str(options.video)) == ("balance", 1, "drive.webm")


@pytest.mark.parametrize("method", PERTURBATIONS)
def test_a_usual_perturbation(method):
    perturbation = Perturbation.of(method, seed=3)
    options = read(drive_command(Course(seed=3), "map", LANE, perturbation))
    assert options.command is task._attack
    assert task._perturbation(options) == perturbation


@pytest.mark.parametrize(
    "perturbation",
    [
        Perturbation.of("pgd", 0.005, steps=3, every=5, made_on=OTHER),
        Perturbation.of("pixels", 7, steps=40),
        Perturbation.of("noise", 0.1, every=2),
    ],
    ids=lambda perturbation: perturbation.label,
)
def test_an_unusual_perturbation(perturbation):
    options = read(drive_command(Course(), "contact", LANE, perturbation))
    assert task._perturbation(options) == perturbation


def test_an_attack_through_a_surrogate():
    command = drive_command(Course(), "map", LANE, Perturbation.of(), surrogate="s.safetensors")
    assert str(read(command).surrogate) == "s.safetensors"


def test_a_search():
    options = read(failures_command("map", LANE, num_trials=9, layouts=["gate", "room"], seed=4))
    assert lane_of(options) == LANE
    assert (options.trials, options.layouts, options.seed) == (9, ["gate", "room"], 4)
    assert read(failures_command("map", LANE, num_trials=9)).layouts is None


def test_a_lesson():
    lesson = Lesson(0.01, num_courses=6, epochs=3, seed=2)
    command = surrogate_command("map", "truth", lesson, num_unseen=5, threads=2, out="s.st")
    options = read(command)
    asked = Lesson(options.epsilon, options.courses, options.epochs, seed=options.seed)
    assert asked == lesson
    assert (options.unseen, options.threads, str(options.out)) == (5, 2, "s.st")
    assert options.kinds is None
    options = read(surrogate_command("map", "truth", lesson, kinds=["metric"]))
    assert (options.kinds, options.out) == (["metric"], None)


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("luck", {}, "A drive is attacked by fgsm, ifgsm, pgd, square, pixels; got 'luck'"),
        ("noise", {"epsilon": 0.0}, "Noise lies in"),
        ("pgd", {"epsilon": 2.0}, "An linf budget lies in 0..1"),
        ("pixels", {"steps": 2}, "takes 5 calls or more"),
        ("pgd", {"every": 0}, "every frame or fewer, got every 0"),
    ],
)
def test_what_cannot_be(method, given, words):
    with pytest.raises(ConfigError, match=words):
        Perturbation.of(method, **given)


def test_the_true_flow_heeds_nothing():
    with pytest.raises(ConfigError, match="The true flow heeds no attack"):
        Perturbation.of("noise").perturb("truth")
