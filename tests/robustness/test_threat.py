"""A threat fills in what its method is known for, and refuses what cannot be together."""

import dataclasses

import numpy as np
import pytest

from flowcore.errors import ConfigError
from flowcore.robustness.attacks.threat import METHODS, Threat
from flowcore.types import FlowField


@pytest.mark.parametrize("method", METHODS)
def test_what_is_left_out_is_the_methods_own(method):
    threat = Threat.of(method, target="zero" if method == "pcfa" else "away")
    assert threat.norm == METHODS[method].norms[0]
    assert threat.steps == METHODS[method].steps
    assert None not in dataclasses.astuple(threat)
    assert hash(threat) == hash(dataclasses.replace(threat))
    assert set(threat.as_json()) == {field.name for field in dataclasses.fields(Threat)}


def test_published_settings():
    """PCFA: 5e-3, 20 calls of 10 iterations, change of variables; a patch: cosine, both frames."""
    pcfa = Threat.of("pcfa", target="negative")
    assert (pcfa.epsilon, pcfa.norm, pcfa.steps, pcfa.box) == (5e-3, "l2", 200, "tanh")
    patch = Threat.of("patch")
    assert (patch.loss, patch.frames, patch.epsilon) == ("cosine", "joint", 51)
    assert Threat.of("pcfa", target="zero", frames="joint").box == "clip"


def test_a_given_flow_is_named_by_its_digest():
    flow = FlowField(np.zeros((2, 3, 2), np.float32))
    threat = Threat.of("pgd", target=flow)
    assert threat.is_targeted
    assert threat.target_name == f"flow {flow.digest[:12]}"
    assert not Threat.of("pgd").is_targeted


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"method": "magic"}, "No attack is called 'magic'; there are fgsm, ifgsm, pgd"),
        ({"norm": "l1"}, "No norm is called 'l1'"),
        ({"frames": "third"}, "No choice of frames is called 'third'"),
        ({"target": "up"}, "No target is called 'up'; there are away, zero, negative"),
        ({"loss": "psnr"}, "No loss is called 'psnr'"),
        ({"method": "fgsm", "norm": "l2"}, "FGSM keeps to linf, got a budget in l2"),
        ({"method": "pixels", "norm": "linf"}, "few pixels keeps to l0"),
        ({"epsilon": 0}, r"linf budget lies in 0\.\.1.*got 0"),
        ({"epsilon": 8}, "range of brightness"),
        ({"epsilon": float("nan")}, "got nan"),
        ({"method": "pixels", "epsilon": 1.5}, r"whole number of pixels in 1\.\.100, got 1.5"),
        ({"method": "pixels", "epsilon": 101}, r"1\.\.100"),
        ({"method": "pixels", "steps": 4}, "takes 5 calls or more, got 4"),
        ({"method": "patch", "epsilon": 2}, r"whole number of px in 3\.\.1000 across"),
        ({"method": "patch", "frames": "both"}, "one for all frames"),
        ({"steps": 0}, "Steps are 1 or more"),
        ({"seed": -1}, "a seed is 0 or more"),
        ({"method": "fgsm", "steps": 3}, "FGSM is a single step, got 3"),
        ({"method": "pcfa"}, "PCFA works towards a target flow"),
        ({"target": "zero", "loss": "cosine"}, "nothing about a flow of zero length"),
        ({"box": "tanh"}, "Only PCFA changes variables"),
        (
            {"method": "pcfa", "target": "zero", "frames": "joint", "box": "tanh"},
            "for a joint one, clip",
        ),
    ],
)
def test_contradictions_are_sentences(settings, words):
    with pytest.raises(ConfigError, match=words):
        Threat.of(**settings)
