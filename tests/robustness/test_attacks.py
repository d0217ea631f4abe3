"""Attacks keep their budget, come again, keep the best so far, and round towards the clean."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from flowcore import gradient
from flowcore.errors import ConfigError, InputError, ShapeMismatchError
from flowcore.robustness.attacks.attack import attack, attack_victim, universal_attack
from flowcore.robustness.attacks.threat import Threat
from flowcore.robustness.attacks.victim import victim_of
from flowcore.types import FlowField, FramePair, PipelineConfig
from tests.robustness.attacked_nets import SCOPE, colors_victim, even_pair, photo_pair

THREATS = {
    "fgsm": Threat.of("fgsm", 0.02, target="zero"),
    "ifgsm": Threat.of("ifgsm", 0.02, steps=4, frames="first"),
    "pgd": Threat.of("pgd", 0.02, steps=4, frames="joint"),
    "pgd l2": Threat.of("pgd", 0.02, "l2", steps=4, target="negative"),
    "pcfa": Threat.of("pcfa", 0.02, steps=12, target="zero"),
    "pcfa clip": Threat.of("pcfa", 0.02, steps=12, target="zero", frames="joint"),
    "pixels": Threat.of("pixels", 3, steps=40, frames="second"),
    "square": Threat.of("square", 0.02, steps=12),
    "patch": Threat.of("patch", 15, steps=6),
}


@pytest.fixture(scope="module")
def pair():
    return photo_pair()


@pytest.fixture(scope="module")
def made(pair):
    return {name: attack(pair, SCOPE, threat) for name, threat in THREATS.items()}


def changes(pair, first, second):
    return [
        frame.astype(np.float64) - clean / 255
        for frame, clean in ((first, pair.first), (second, pair.second))
    ]


def in_norm(threat, deltas):
    changed = {"first": deltas[:1], "second": deltas[1:]}.get(threat.frames, deltas)
    if threat.norm == "linf":
        return max(np.abs(delta).max() for delta in changed)
    if threat.norm == "l2":
        return math.sqrt(np.mean([np.square(delta).mean() for delta in changed]))
    return max((np.abs(delta) > 1e-6).any(2).sum() for delta in changed)


@pytest.mark.parametrize("name", THREATS)
def test_the_budget_is_kept(pair, made, name):
    threat, found = THREATS[name], made[name]
    for first, second in (
        (found.first, found.second),
        (found.pair.first / 255, found.pair.second / 255),
    ):
        deltas = changes(pair, first, second)
        most = math.pi * (threat.epsilon / 2 + 1) ** 2 if threat.norm == "patch" else threat.epsilon
        assert 0 < in_norm(threat, deltas) <= most + 1e-6
        assert threat.frames != "first" or not np.abs(deltas[1]).max() > 1e-6
        assert threat.frames != "second" or not np.abs(deltas[0]).max() > 1e-6
    assert min(found.first.min(), found.second.min()) >= 0
    assert max(found.first.max(), found.second.max()) <= 1


@pytest.mark.parametrize("name", THREATS)
def test_the_same_again(pair, made, name):
    again = attack(pair, SCOPE, THREATS[name])
    assert np.array_equal(again.first, made[name].first)
    assert again.pair.digest == made[name].pair.digest
    assert again.curve == made[name].curve


@pytest.mark.parametrize("name", ["pgd", "pixels", "square", "patch"])
def test_another_seed_finds_something_else(pair, made, name):
    other = attack(pair, SCOPE, replace(THREATS[name], seed=5))
    assert not np.array_equal(other.second, made[name].second)


@pytest.mark.parametrize("name", THREATS)
def test_the_curve_leads_to_the_result(made, name):
    found, threat = made[name], THREATS[name]
    best = [step.best_gain for step in found.curve]
    assert best == sorted(best)
    assert best[-1] == max(step.gain for step in found.curve)
    assert found.gain == pytest.approx(best[-1], abs=1e-4)
    assert found.damage == pytest.approx(found.curve[-1].best_damage, abs=1e-4)
    assert found.curve[-1].number <= threat.steps == found.curve[-1].of
    assert not found.is_stopped
    assert found.damage == pytest.approx(
        np.hypot(*np.moveaxis(found.flow.uv - found.clean.uv, 2, 0)).mean(), abs=1e-4
    )


@pytest.mark.parametrize("name", THREATS)
def test_stopped_half_way_the_best_is_kept(pair, made, name):
    told = []
    stopped = attack(
        pair, SCOPE, THREATS[name], progress=told.append, should_stop=lambda: len(told) == 2
    )
    if name == "fgsm":  # which is a single step
        assert len(told) == 1
        return
    assert stopped.is_stopped == (told[-1].number < THREATS[name].steps)
    assert list(stopped.curve) == told == list(made[name].curve[:2])
    assert stopped.gain == pytest.approx(max(step.gain for step in told), abs=1e-4)


@pytest.mark.parametrize("name", THREATS)
def test_rounded_towards_the_clean_frame(pair, made, name):
    found = made[name]
    for delta, saved in zip(
        changes(pair, found.first, found.second),
        changes(pair, found.pair.first / 255, found.pair.second / 255),
        strict=True,
    ):
        levels, whole = 255 * delta, 255 * saved
        assert np.all(np.abs(whole) <= np.abs(levels) + 2e-4)
        assert np.all(np.abs(whole) > np.abs(levels) - 1)
        assert np.all(whole * levels > -1e-6)
    saved_damage = np.hypot(*np.moveaxis(found.saved_flow.uv - found.clean.uv, 2, 0)).mean()
    assert found.saved_damage == pytest.approx(saved_damage, abs=1e-4)
    assert found.pair.truth is pair.truth


def test_one_step_by_hand():
    """Towards zero, red of the first and green of the second frame fall by epsilon: 2 px each."""
    found = attack_victim(even_pair(), colors_victim(), Threat.of("fgsm", 0.2, target="zero"))
    clean = 10 * 128 / 255
    assert found.clean.uv[0, 0].tolist() == pytest.approx([clean, clean])
    assert found.flow.uv[0, 0].tolist() == pytest.approx([clean - 2, clean - 2])
    assert found.damage == pytest.approx(2 * math.sqrt(2))
    assert found.gain == pytest.approx(2 * math.sqrt(2))
    assert found.first[0, 0, 1] == pytest.approx(128 / 255)  # green of the first: no slope, no step
    assert found.pair.first[0, 0].tolist() == [128 - 51, 128, 128]


def test_whole_levels_survive_rounding():
    """3 levels are exact in 8 bits: nothing is lost, and nothing is added."""
    threat = Threat.of("fgsm", 3 / 255, target="zero")
    found = attack_victim(even_pair(), colors_victim(), threat)
    assert found.pair.first[0, 0, 0] == 125
    assert found.saved_damage == pytest.approx(found.damage, rel=1e-5)
    weak = attack_victim(even_pair(), colors_victim(), Threat.of("fgsm", 0.5 / 255, target="zero"))
    assert weak.damage > 0
    assert weak.saved_damage == 0


def test_values_stay_in_range():
    white = attack_victim(even_pair(1.0), colors_victim(), Threat.of("pgd", 0.2, steps=3))
    assert white.first.max() <= 1
    assert white.damage == pytest.approx(2 * math.sqrt(2), rel=1e-5)  # downwards is the only way


def test_a_joint_change_is_one_for_both(pair, made):
    found = made["pgd"]
    first, second = changes(pair, found.first, found.second)
    is_free = (np.minimum(found.first, found.second) > 0) & (
        np.maximum(found.first, found.second) < 1
    )
    assert is_free.mean() > 0.9
    assert np.abs(first - second)[is_free].max() < 1e-6


def test_pcfa_is_better_than_one_step(pair):
    """At one budget PCFA comes nearer to the target than FGSM, as published."""
    one_step = attack(pair, SCOPE, Threat.of("fgsm", target="zero"))
    found = attack(pair, SCOPE, Threat.of("pcfa", target="zero", steps=30, box="clip"))
    assert found.gain > 1.15 * one_step.gain > 0


def test_any_flow_can_be_the_target():
    """Where the target is known it is reached; elsewhere nothing pulls."""
    pair, uv = even_pair(), np.full((6, 8, 2), 5.5, np.float32)
    known = np.zeros((6, 8), bool)
    known[:, :4] = True
    target = FlowField(uv, known)
    found = attack_victim(pair, colors_victim(), Threat.of("pgd", 0.1, target=target, steps=40))
    assert np.abs(found.flow.uv[:, :4] - 5.5).max() < 0.07  # a last step is 0.0625 px
    start = attack_victim(pair, colors_victim(), Threat.of("ifgsm", 0.1, target=target, steps=1))
    assert np.array_equal(start.flow.uv[:, 4:], start.clean.uv[:, 4:])
    other, empty = FlowField(uv[:2, :3]), FlowField(uv, np.zeros((6, 8), bool))
    with pytest.raises(ShapeMismatchError, match=r"The target flow is 3x2 .*, the frames are 8x6"):
        attack_victim(pair, colors_victim(), Threat.of("pgd", target=other))
    with pytest.raises(ConfigError, match="knows no pixel"):
        attack_victim(pair, colors_victim(), Threat.of("pgd", target=empty))


@pytest.mark.parametrize("loss", ["mse", "cosine"])
def test_other_losses_do_damage_in_px(loss):
    pair = even_pair()
    found = attack_victim(pair, colors_victim(), Threat.of("pgd", 0.2, loss=loss, steps=5))
    assert found.damage > 1


def test_one_change_for_a_set(pair):
    other = photo_pair(motion=(-2, 2))
    threat = Threat.of("pgd", 0.02, steps=3)
    one, two = universal_attack([pair, other], SCOPE, threat)
    assert one.made is two.made
    assert one.made.shape == (2, 3, 64, 64)
    for found, clean in ((one, pair), (two, other)):
        change = one.made[0].permute(1, 2, 0).numpy()
        expected = np.clip(clean.first / np.float32(255) + change, 0, 1)
        assert np.abs(found.first - expected).max() < 1e-6
        assert found.damage > 0
    assert one.curve[-1].best_gain == pytest.approx((one.gain + two.gain) / 2, abs=1e-4)
    (alone,) = universal_attack([pair], SCOPE, threat)
    assert np.array_equal(alone.first, attack(pair, SCOPE, threat).first)


def test_what_a_set_cannot_do(pair):
    with pytest.raises(ShapeMismatchError, match="pairs of one size, got 64x64"):
        universal_attack([pair, photo_pair((64, 80))], SCOPE, Threat.of("pgd"))
    with pytest.raises(ConfigError, match="Few pixels are sought for one pair"):
        universal_attack([pair, pair], SCOPE, Threat.of("pixels"))
    with pytest.raises(ConfigError, match="Variables are changed for one pair"):
        universal_attack([pair, pair], SCOPE, Threat.of("pcfa", target="zero"))
    with pytest.raises(InputError, match="got none"):
        universal_attack([], SCOPE, Threat.of("pgd"))


def test_a_classical_method_is_attacked_by_queries_alone(pair):
    config = PipelineConfig("dis_ultrafast")
    with pytest.raises(ConfigError, match=r"no gradient, which PGD needs.*pixels, square"):
        attack(pair, config, Threat.of("pgd"))
    found = attack(pair, config, Threat.of("square", 0.05, steps=20))
    assert len(found.curve) == 20
    assert found.damage > 0
    assert found.curve[-1].best_gain > found.curve[0].gain


def test_one_pixel_is_one_pixel_and_calls_are_counted():
    """The damage of a pixel is that of the largest change of its colors: found by calls alone."""
    calls = []
    victim = colors_victim()

    def counted(first, second):
        calls.append(len(first))
        return victim.flow(first, second)

    threat = Threat.of("pixels", 1, steps=200, frames="first", seed=1)
    found = attack_victim(even_pair(), replace(victim, flow=counted), threat)
    assert sum(calls) == 1 + 200 + 2  # the clean flow, the search, the flows of what it found
    assert (found.pair.first != 128).any(2).sum() == 1
    assert found.damage > 0.9 * 10 * 128 / 255 / 48
    assert found.saved_damage == found.damage
    assert found.made.shape == (1, 1, 5)


@pytest.mark.parametrize("name", ["pgd", "pcfa", "pixels", "square", "patch"])
def test_a_start_is_never_lost(pair, made, name):
    found = made[name]
    threat = replace(THREATS[name], steps=5, seed=9)
    again = attack_victim(pair, victim_of(SCOPE), threat, start=found.made)
    assert again.gain >= found.gain - 1e-5


def test_memory_is_asked_for_first(pair, monkeypatch):
    monkeypatch.setattr(gradient, "available_memory", lambda device: 10)
    with pytest.raises(ConfigError, match=r"A gradient through scope_035.scenes takes about"):
        attack(pair, SCOPE, Threat.of("pgd"))


def test_shared_weights_are_left_alone(pair):
    """The cached model that others use has no gradients afterwards, and the mode it had."""
    victim = victim_of(SCOPE)
    attack_victim(pair, victim, Threat.of("pcfa", target="zero", steps=2))
    assert all(weights.grad is None for weights in victim.model.parameters())
    assert not victim.model.training
    assert torch.is_grad_enabled()


def test_larger_than_the_frame():
    pair = even_pair()
    with pytest.raises(ConfigError, match="A patch of 51 px is larger than the frame of 8x6"):
        attack_victim(pair, colors_victim(), Threat.of("patch"))
    with pytest.raises(ConfigError, match="60 pixels are more than the frame of 8x6"):
        attack_victim(pair, colors_victim(), Threat.of("pixels", 60))
    tiny = FramePair(pair.first[:1, :1], pair.second[:1, :1])
    assert attack_victim(tiny, colors_victim(), Threat.of("pgd", steps=2)).damage > 0
