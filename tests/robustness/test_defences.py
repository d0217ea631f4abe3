"""Defences under attackers who know them and who do not; attacks on lanes they were not made on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from flowcore.errors import ConfigError
from flowcore.pipeline import run
from flowcore.robustness.attacks import defences
from flowcore.robustness.attacks.attack import attack
from flowcore.robustness.attacks.defences import DEFENCES, compare_defences, defended
from flowcore.robustness.attacks.threat import Threat
from flowcore.robustness.attacks.transfer import flow_shift, transfer_matrix
from flowcore.types import FramePair, PipelineConfig
from tests.robustness.attacked_nets import SCOPE, photo_pair

LARGER = replace(SCOPE, model="scope_070.scenes")
PGD = Threat.of("pgd", 0.02, steps=3)


@pytest.fixture(scope="module")
def pair():
    return photo_pair((128, 128))


@pytest.fixture(scope="module")
def rows(pair):
    return {row.name: row for row in compare_defences(pair, LARGER, PGD)}


def test_every_defence_has_its_row(pair, rows):
    assert list(rows) == list(DEFENCES)
    plain = rows["none"]
    assert plain.cost == 0
    assert plain.unknowing == plain.knowing
    assert (
        plain.knowing.damage
        == plain.knowing.gain
        == pytest.approx(plain.attacked.saved_damage, rel=1e-4)
    )
    for name, row in rows.items():
        assert row.epe is not None
        assert (row.cost > 0) == (name != "none"), name


@pytest.mark.parametrize("name", DEFENCES)
def test_who_knows_does_no_less(rows, name):
    assert rows[name].knowing.gain >= rows[name].unknowing.gain


@pytest.mark.parametrize("name", ["blur", "jpeg", "resize", "chunks", "median", "smaller"])
def test_the_gradient_goes_through(rows, name):
    """An attacker who knows the defence finds more than he had: so the gradient is of use."""
    assert rows[name].knowing.gain > 1.02 * rows[name].unknowing.gain


def test_a_target_is_kept_behind_defences(pair):
    threat = Threat.of("pcfa", 0.02, target="zero", steps=4, box="clip")
    rows = compare_defences(pair, SCOPE, threat, names=["blur"])
    assert [row.name for row in rows] == ["none", "blur"]
    assert rows[1].knowing.gain >= rows[1].unknowing.gain


def test_queries_know_a_defence_too(pair):
    """Of a classical method nothing has a gradient: the same comparison, by calls."""
    threat = Threat.of("square", 0.05, steps=10)
    rows = compare_defences(pair, PipelineConfig("dis_ultrafast"), threat, names=["jpeg", "median"])
    assert all(row.knowing.gain >= row.unknowing.gain > 0 for row in rows)


def test_jpeg_is_real_forwards_and_nothing_backwards():
    victim = defended(SCOPE, "jpeg")
    frames = torch.rand(1, 3, 64, 64)
    saved = defences.jpeg(frames, quality=75)
    with torch.no_grad():
        assert torch.allclose(
            victim.flow(frames, frames), defended(SCOPE, "none").flow(saved, saved), atol=1e-4
        )
    seen = []
    defences._after_jpeg(lambda first, second: seen.append(first) or first[:, :2])(
        free := frames.clone().requires_grad_(), frames
    ).sum().backward()
    assert torch.equal(free.grad[:, :2], torch.ones(1, 2, 64, 64))


def test_shifted_runs_come_back():
    """A shift and its return leave all but the borders; a constant flow is its own median."""
    values = torch.arange(400.0).view(1, 1, 20, 20)
    there = defences._shifted(values, 4, 0)
    assert there[0, 0, 3, 5] == values[0, 0, 3, 9]
    assert torch.equal(defences._shifted(there, -4, 0)[..., 4:], values[..., 4:])
    constant = torch.full((1, 2, 20, 20), 3.0)
    flow = defences._median_of_shifts(lambda first, second: constant)
    assert torch.equal(flow(torch.rand(1, 3, 20, 20), torch.rand(1, 3, 20, 20)), constant)


def test_smaller_is_the_next_of_the_family():
    assert defended(LARGER, "smaller").config == SCOPE
    with pytest.raises(ConfigError, match="No smaller model of the family of scope_035"):
        defended(SCOPE, "smaller")
    with pytest.raises(ConfigError, match="No defence is called 'armor'; there are none, blur"):
        defended(SCOPE, "armor")


def test_transfer_by_hand(pair):
    """The matrix is what measuring the saved frames on each lane gives; a classical lane too."""
    lanes = [SCOPE, PipelineConfig("dis_ultrafast")]
    found = transfer_matrix(pair, lanes, PGD, queries=5)
    assert found.damage.shape == (2, 2)
    assert [made.threat.method for made in found.attacked] == ["pgd", "square"]
    made = attack(pair, SCOPE, PGD)
    assert np.array_equal(made.pair.first, found.attacked[0].pair.first)
    assert found.damage[0, 0] == pytest.approx(made.saved_damage, rel=1e-3)
    clean = run(pair, lanes[1]).flow
    assert found.damage[0, 1] == pytest.approx(flow_shift(made.pair, lanes[1], clean), rel=1e-5)
    assert flow_shift(FramePair(pair.first, pair.second), lanes[1], clean) == 0
    with pytest.raises(ConfigError, match="no gradient"):
        transfer_matrix(pair, lanes, Threat.of("pgd", 0.02, "l2", steps=1))
