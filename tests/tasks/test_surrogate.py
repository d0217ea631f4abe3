"""Surrogates learn, are judged on what they have not seen, and stand in for what they learnt."""

import numpy as np
import pytest
import torch

from flowcore.errors import ConfigError, InputError, WeightsError
from flowcore.tasks.drive import drive
from flowcore.tasks.examples import Examples, collect, examples_of
from flowcore.tasks.perturb import noise, task_threat
from flowcore.tasks.surrogate import (
    SURROGATES,
    Surrogate,
    load_surrogate,
    save_surrogate,
    seen_flow,
    surrogate_bytes,
)
from flowcore.tasks.surrogate_scores import (
    guesses_of,
    r_squared,
    score_constant,
    score_mean_flow,
    score_surrogate,
)
from flowcore.tasks.surrogate_study import study_surrogates
from flowcore.tasks.surrogate_training import Lesson, by_surrogate, joined, learn
from flowcore.tasks.vehicle import MAX_TURN
from flowcore.tasks.world_course import SEEN_LAYOUTS, UNSEEN_LAYOUTS, Course
from tests.tasks.courses import SCOPE, SMALL


def made(count, seed):
    """Frames of one gray, flows of one speed in px: the metric is the second frame's gray."""
    random = torch.Generator().manual_seed(seed)
    gray = torch.rand(count, generator=random)
    frames = gray.half().view(-1, 1, 1, 1).repeat(1, 6, 16, 24)
    frames[:, :3] = 0.5
    flows = torch.zeros(count, 2, 4, 6)
    flows[:, 0] = 5 * gray.view(-1, 1, 1)
    places = tuple((Course(seed=seed), number) for number in range(count))
    return Examples(frames, flows, 0.5 * gray, MAX_TURN * torch.zeros(count), places)


@pytest.fixture(scope="module")
def taught():
    seen = made(64, 1)
    lesson = Lesson(epochs=20)
    return seen, {kind: learn(kind, seen, lesson) for kind in SURROGATES}


@pytest.mark.parametrize("kind", SURROGATES)
def test_what_can_be_learnt_is_learnt(taught, kind):
    score = score_surrogate(taught[1][kind], made(64, 2))
    assert score.r2 > 0.6
    assert score.name == kind
    assert (score.turn_r2 is None) == (kind == "metric")
    assert score.num_frames == 64
    assert score.calibration.slope == pytest.approx(1, abs=0.25)
    assert len(score.doubts) == 8
    errors = [abs(doubt.guess - doubt.truth) for doubt in score.doubts]
    assert errors == sorted(errors, reverse=True)


def test_rivals_are_what_they_say():
    seen, unseen = made(96, 1), made(64, 2)
    constant, linear = score_constant(seen, unseen), score_mean_flow(seen, unseen)
    guess = seen.ahead.double().mean().item()
    truth = unseen.ahead.double().numpy()
    assert constant.r2 == pytest.approx(r_squared(np.full(64, guess), truth))
    assert -0.1 < constant.r2 <= 0
    assert linear.r2 > 0.999  # a tenth of the mean u
    assert linear.calibration is None


def test_the_share_that_is_explained():
    truth = np.array([1.0, 2.0, 3.0, 6.0])
    assert r_squared(truth, truth) == 1
    assert r_squared(np.full(4, truth.mean()), truth) == 0
    assert r_squared(truth[::-1], truth) < 0


def test_coverage_is_of_the_claimed_intervals(taught):
    """Claims of no width hold nothing, endless ones everything."""
    surrogate, unseen = taught[1]["together"], made(64, 2)
    coverages = []
    for bias in (-9.0, 9.0):
        changed = Surrogate("together")
        changed.load_state_dict(surrogate.state_dict())
        changed.head[-1].bias.data[1] += bias
        coverages.append(score_surrogate(changed.eval(), unseen).calibration.coverage["95"])
    assert coverages[0] < coverages[1] == 100


def test_the_same_lesson_teaches_the_same(taught):
    seen, surrogates = taught
    again = learn("on_flow", seen, Lesson(epochs=20))
    pairs = zip(
        again.state_dict().values(), surrogates["on_flow"].state_dict().values(), strict=True
    )
    assert all(torch.equal(one, other) for one, other in pairs)
    assert not any(weights.requires_grad for weights in again.parameters())
    assert not again.training


def test_mirrored_examples_turn_the_other_way():
    """All that is seen turns to one side: a net that also saw it mirrored keeps both apart."""
    seen = made(64, 3)
    flows = seen.flows.clone()
    flows[:, 0] = 3.0
    one_sided = Examples(
        seen.frames, flows, seen.ahead, torch.full((64,), 0.8 * MAX_TURN), seen.places
    )
    surrogate = learn("on_flow", one_sided, Lesson(epochs=12))
    with torch.no_grad():
        right, left = surrogate(flows[:2]).turn, surrogate(-flows[:2]).turn
    assert right.amin() > 0.5 * MAX_TURN
    assert left.amax() < -0.5 * MAX_TURN


def test_a_file_keeps_a_surrogate(taught, tmp_path):
    path = tmp_path / "surrogate.safetensors"
    save_surrogate(path, taught[1]["metric"])
    assert path.read_bytes() == surrogate_bytes(taught[1]["metric"])
    again, examples = load_surrogate(path), made(5, 4)
    assert again.kind == "metric"
    for one, other in zip(
        guesses_of(again, examples), guesses_of(taught[1]["metric"], examples), strict=True
    ):
        assert torch.equal(one, other)
    path.write_bytes(path.read_bytes()[:100])
    for bad in (path, tmp_path / "missing.safetensors"):
        with pytest.raises(WeightsError, match="does not hold a surrogate"):
            load_surrogate(bad)


def test_examples_are_the_frames_as_seen():
    found = drive(Course(seed=1, speed=0.25), "map", SCOPE, camera=SMALL, perturb=noise(0.05))
    examples = examples_of([found])
    assert len(examples) == len(found.steps)
    second = examples.frames[:, 3:]
    assert torch.equal(examples.frames[1:, :3], second[:-1])
    quarters = found.steps[0].seen.reshape(24, 2, 32, 2, 3).mean((1, 3)) / 255
    assert np.abs(second[0].permute(1, 2, 0).numpy() - quarters).max() < 5e-4
    assert examples.ahead.tolist() == pytest.approx([one.ahead for one in found.moments])
    assert examples.turn.rad2deg().tolist() == pytest.approx(
        [one.turn for one in found.moments], abs=1e-4
    )
    flow = torch.from_numpy(found.steps[3].flow.uv.copy()).permute(2, 0, 1)[None]
    assert torch.equal(examples.flows[3:4], seen_flow(flow))
    assert examples.places[2] == (found.course, 3)
    both = joined([examples, examples])
    assert len(both) == len(both.frames) == 2 * len(examples)
    with pytest.raises(InputError, match="no drive"):
        examples_of([])


def test_an_attack_through_a_surrogate_makes_its_guess_smaller(taught):
    """It never asks the lane; what it believes goes down."""
    surrogate = taught[1]["together"]
    perturb = by_surrogate(surrogate, task_threat("pgd", 0.05, steps=3))
    course = Course(seed=1, speed=0.25)
    drives = [
        drive(course, "map", "truth", camera=SMALL, perturb=one)
        for one in (lambda sight: sight.second, perturb)
    ]
    clean, attacked = (guesses_of(surrogate, examples_of([one])).ahead.mean() for one in drives)
    assert attacked < clean
    assert drives[0].moments == drives[1].moments  # the true flow does not care
    with pytest.raises(ConfigError, match="This surrogate sees flow"):
        by_surrogate(taught[1]["on_flow"], task_threat())


def test_an_attack_through_a_net_and_a_surrogate_on_its_flow_makes_the_guess_smaller(taught):
    surrogate = taught[1]["on_flow"]
    perturb = by_surrogate(surrogate, task_threat("pgd", 0.05, steps=3), config=SCOPE)
    course = Course(seed=1, speed=0.25)
    believed = []
    for one in (lambda sight: sight.second, perturb):
        found = drive(course, "map", SCOPE, camera=SMALL, perturb=one)
        believed.append(guesses_of(surrogate, examples_of([found])).ahead[0].item())
    assert believed[1] < believed[0]


def test_a_study_keeps_layouts_apart():
    told = []
    found = study_surrogates(
        "balance", SCOPE, Lesson(num_courses=2, epochs=1, hardness=0.0), kinds=["on_flow"],
        num_unseen=1,
        camera=SMALL, progress=lambda share, message: told.append(share),
    )  # fmt: skip
    assert set(found.surrogates) == {"on_flow"}
    assert [score.name for score in found.scores] == ["on_flow", "constant", "mean_flow"]
    assert not set(SEEN_LAYOUTS) & set(UNSEEN_LAYOUTS)
    assert {doubt.course.layout for doubt in found.scores[0].doubts} <= set(UNSEEN_LAYOUTS)
    assert told == sorted(told)
    assert found.num_seen > 20
    assert {course.layout for course, _ in found.places} <= set(UNSEEN_LAYOUTS)
    truths = np.array(found.truths)
    for score in found.scores:
        assert score.r2 == pytest.approx(r_squared(np.array(score.guesses), truths))
        assert "guesses" not in score.as_json()


def test_what_cannot_be_taught():
    with pytest.raises(ConfigError, match="A study takes kinds out of together"):
        study_surrogates("map", "truth", Lesson(), kinds=["all"])
    with pytest.raises(ConfigError, match="A lesson has 2 courses or more"):
        Lesson(num_courses=1)
    with pytest.raises(ConfigError, match="No surrogate is 'all'"):
        Surrogate("all")
    assert len(collect([Course(speed=0.25)], "map", "truth", [noise(0.1)], camera=SMALL)) > 10
