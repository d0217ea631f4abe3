"""Every net builds, learns and answers; equal seeds give equal nets; scores by hand."""

import json

import pandas as pd
import pytest
import torch
from torch import nn

from flowcore.__main__ import main
from flowcore.digits.canvases import Canvases, load_digits, render
from flowcore.digits.networks import NETWORKS, build, count_params
from flowcore.digits.parts import Answer
from flowcore.digits.results import result_row, summarize
from flowcore.digits.scoring import evaluate
from flowcore.digits.tasks import POINTS, TASKS
from flowcore.digits.training import LabConfig, run_lab, train
from flowcore.errors import ConfigError, DivergedError


@pytest.fixture(scope="module")
def canvases():
    return render(load_digits()["train"], 256, seed=0)


class Fixed(nn.Module):
    """Answers what it is told."""

    def __init__(self, points, logits=None):
        super().__init__()
        self.answer = Answer(torch.tensor(points), logits)

    def forward(self, canvas):
        return self.answer


@pytest.mark.parametrize("name", NETWORKS)
def test_every_net_trains_on_the_largest_task(name, canvases):
    trained = train(LabConfig(name, "joint", steps=2, batch=8), canvases)
    answer = trained.net(canvases.images[:3])
    assert answer.point.shape == (3, 2)
    assert answer.logits.shape == (3, 10)
    assert answer.point.isfinite().all()
    assert trained.num_params == count_params(build(name, classifies=True))
    if answer.heat is not None:
        assert answer.heat.sum((-2, -1)).flatten().tolist() == pytest.approx(
            [1] * answer.heat.shape[0] * answer.heat.shape[1], abs=1e-4
        )


def test_pixels_and_maps_meet_the_same_head():
    heads = [build(name).head for name in ("mlp", "conv_flat")]
    assert len({count_params(head) for head in heads}) == 1


def test_equal_seeds_give_equal_nets(canvases):
    config = LabConfig("gumbel", "top_left", steps=3, batch=8)
    one, other = (train(config, canvases) for _ in range(2))
    assert one.curve == other.curve
    for name, value in one.net.state_dict().items():
        assert torch.equal(value, other.net.state_dict()[name])


@pytest.mark.parametrize("name", ["conv_flat_digits", "conv_flat_random"])
def test_a_frozen_backbone_does_not_learn_the_task(name, canvases):
    short, longer = (
        train(LabConfig(name, "top_left", steps=steps, batch=8), canvases).net for steps in (1, 3)
    )
    assert not any(p.requires_grad for p in longer.backbone.parameters())
    kernels = [net.backbone[0][0].weight for net in (short, longer)]
    assert torch.equal(*kernels) == (name == "conv_flat_random")


def test_the_first_crossing_finds_the_corner_and_the_threshold():
    trained, score = run_lab(LabConfig("first_crossing_box", "top_left", steps=300), load_digits())
    assert score.distance < 0.1
    assert score.within_1px > 99
    assert trained.threshold == pytest.approx(0.5, abs=0.03)
    assert len(trained.curve) == 300


def test_score_by_hand():
    known = torch.zeros(2, 6, 2)
    known[:, POINTS.index("center")] = 10.0
    canvases = Canvases(torch.zeros(2, 1, 64, 64), torch.tensor([3, 7]), known)
    score = evaluate(Fixed([[0.6, 0.8], [3.0, 4.0]]), canvases, TASKS["threes_sevens"])
    assert score.distance == pytest.approx((1 + (7**2 + 6**2) ** 0.5) / 2)
    assert score.within_1px == 50
    assert score.wrong_point == 50  # the 7's answer lies nearer the 3's point
    assert score.distance_by_digit == pytest.approx({3: 1, 7: (7**2 + 6**2) ** 0.5})
    assert score.accuracy is None
    logits = torch.eye(10)[[3, 1]]
    assert evaluate(Fixed([[0.0, 0], [0, 0]], logits), canvases, TASKS["joint"]).accuracy == 50
    assert evaluate(Fixed([[0.0, 0], [0, 0]]), canvases, TASKS["center"]).wrong_point is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": "resnet"}, "Unknown net 'resnet'"),
        ({"task": "nose"}, "Unknown task 'nose'"),
        ({"steps": 0}, "Got 0 steps"),
        ({"batch": 1}, "steps of 1 canvases"),
        ({"seed": -1}, "seed -1"),
        ({"learning_rate": float("nan")}, "learning rate"),
    ],
)
def test_configs_that_make_no_sense(changes, words):
    with pytest.raises(ConfigError, match=words):
        LabConfig(**{"network": "mlp", "task": "center", **changes})


def test_a_run_that_explodes_is_told(canvases):
    broken = canvases._replace(points=canvases.points * float("inf"))
    with pytest.raises(DivergedError, match="diverged at step 1"):
        train(LabConfig("mlp", "center", steps=2, batch=8), broken)


def test_a_run_stops_where_its_report_says_so(canvases):
    def stop(progress):
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(LabConfig("mlp", "center", steps=5, batch=8), canvases, progress=stop)


def test_seeds_become_a_mean_and_a_band(canvases):
    rows = []
    for seed in (0, 1):
        trained = train(LabConfig("mlp", "center", seed=seed, steps=1, batch=8), canvases)
        score = evaluate(trained.net, canvases, TASKS["center"])
        rows.append(result_row(trained, score, data="shipped"))
    (row,) = summarize(pd.DataFrame(rows)).to_dict("records")
    low, high = sorted(row["distance"] for row in rows)
    assert (row["distance_low"], row["distance_high"]) == (low, high)
    assert row["distance"] == pytest.approx((low + high) / 2)
    assert row["seeds"] == 2


def test_the_command_line_trains_and_lists(capsys):
    assert (
        main(["digits", "mlp", "--task", "center", "--steps", "2", "--batch", "4", "--json"]) == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert document["network"] == "mlp"
    assert document["accuracy"] is None
    assert document["distance"] > 0
    assert main(["digits"]) == 0
    assert "by_digit" in capsys.readouterr().out
    assert main(["digits", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["nets"]) == set(NETWORKS)
    assert main(["digits", "resnet"]) == 2
    assert main(["digits", "mlp", "--mnist", "nowhere"]) == 2
    assert "No file train-images-idx3-ubyte" in capsys.readouterr().err
