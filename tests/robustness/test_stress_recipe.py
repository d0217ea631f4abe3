"""The commands that repeat corruptions and attacks ask for the same that they were made from."""

import argparse
import shlex

import numpy as np
import pytest

from flowcore.commands import attack, corrupt
from flowcore.commands.lane_options import config_of
from flowcore.commands.stress_options import asked_lanes
from flowcore.io.flow_files import write_flow
from flowcore.robustness.attacks.threat import Threat
from flowcore.robustness.recipe import attack_command, corrupt_command, patch_command
from flowcore.types import FlowField, PipelineConfig

LANES = [PipelineConfig(name) for name in ("scope_035.scenes", "dis_fast", "scope_070.scenes")]


def read(command):
    """The options that a command line comes to."""
    program, *words = shlex.split(command)
    assert program == "flowcore"
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    for module in (attack, corrupt):
        module.add_commands(commands)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    "threat",
    [
        Threat.of("fgsm"),
        Threat.of("ifgsm", 0.02, target="negative", loss="cosine", seed=7),
        Threat.of("pgd", norm="l2", frames="joint", steps=3),
        Threat.of("pcfa", target="zero"),
        Threat.of("pcfa", target="zero", frames="joint"),
        Threat.of("pcfa", target="negative", box="clip", frames="first"),
        Threat.of("patch", 25),
        Threat.of("patch", 51, target="zero", loss="epe", frames="second"),
        Threat.of("pixels", 5, frames="first", steps=40),
        Threat.of("square", loss="mse"),
    ],
    ids=lambda threat: threat.label,
)
def test_an_attack(threat):
    options = read(attack_command(LANES, threat, extras=["--matrix"], has_truth=True, threads=1))
    assert attack._threat(options) == threat
    assert asked_lanes(options, config_of(options)) == LANES
    assert str(options.truth) == "pair/truth.flo"
    assert (options.threads, options.matrix) == (1, True)


def test_an_attack_towards_a_flow(tmp_path):
    target = FlowField(np.ones((3, 4, 2), np.float32))
    write_flow(tmp_path / "target.flo", target)
    threat = Threat.of("pcfa", target=target)
    options = read(attack_command(LANES[:1], threat, folder=str(tmp_path)))
    assert attack._threat(options).target.digest == target.digest


def test_a_placed_patch():
    options = read(patch_command(LANES, 30.5, 40, frames="first"))
    assert (str(options.patch), options.at, options.frames) == ("patch.png", "30.5,40", "first")
    assert (options.patch_angle, options.patch_scale) == (0, 1)
    options = read(patch_command(LANES, 30.5, 40, angle=-15, scale=1.5))
    assert (options.patch_angle, options.patch_scale) == (-15, 1.5)


@pytest.mark.parametrize("kinds", [["fog", "rain"], []])
def test_corruptions(kinds):
    options = read(corrupt_command(LANES, kinds, mode="independent", seed=3))
    assert (options.kind or []) == kinds
    assert (options.mode, options.seed, options.severity) == ("independent", 3, None)
    assert asked_lanes(options, config_of(options)) == LANES
