"""The closed loop and its numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from flowcore.errors import ConfigError, UnknownModelError
from flowcore.tasks.drive import drive, most_frames
from flowcore.tasks.metrics import (
    HORIZON,
    Moment,
    clearance,
    clearance_ahead,
    interval,
    progress,
    score_of,
)
from flowcore.tasks.vehicle import RADIUS, Command, arc, moved
from flowcore.tasks.world_course import Course
from flowcore.tasks.world_plan import Pose
from flowcore.types import PipelineConfig
from tests.tasks.courses import SCOPE, SMALL, box


def command(turn=0.0, throttle=1.0):
    return Command(torch.tensor([turn]), torch.tensor([throttle]))


def moment(number, clearance, *, progress=0.5, turn=0.0, true_turn=0.0):
    return Moment(number, Pose(0, 0, 0), clearance, 0.1 * number, turn, true_turn, 1.0, progress)


def test_clearance_is_the_room_to_the_nearest_thing():
    plan = box(pillars=[(0.0, 2.0, 0.5)])
    places = torch.tensor([[0.0, 0.0], [0.75, 0.0], [0.0, 1.0], [0.0, 2.8], [2.0, 4.0]])
    expected = [1.0, 0.25, 0.5, 0.2, math.sqrt(2)]
    assert clearance(plan, places).tolist() == pytest.approx(
        [room - RADIUS for room in expected], abs=1e-5
    )


def test_an_arc_is_what_moving_step_by_step_comes_to():
    pose, places = Pose(0.1, -0.2, 0.3), arc(Pose(0.1, -0.2, 0.3), command(0.05, 0.5), 0.2, steps=4)
    for place in places[0]:
        pose = moved(pose, forward=0.1, yaw=0.05)
        assert place.tolist() == pytest.approx(pose[:2], abs=1e-6)


def test_clearance_ahead_by_hand_and_its_slope():
    """Straight on from z = 0 at 0.1 m a frame the end wall at 3 m is 1.5 m away after 15 frames."""
    plan, pose = box(), Pose(0.0, 0.0, 0.0)
    assert clearance_ahead(plan, pose, command(), 0.1).item() == pytest.approx(1.0 - RADIUS)
    assert clearance_ahead(plan, pose, command(), 0.15).item() == pytest.approx(0.75 - RADIUS)
    through = clearance_ahead(plan, pose, command(), 0.2).item()  # meets the wall after 15 frames
    assert through == pytest.approx(-RADIUS, abs=1e-5)
    assert HORIZON == 15
    turn = torch.tensor([0.03], requires_grad=True)
    ahead = clearance_ahead(plan, pose, Command(turn, torch.ones(1)), 0.1)
    ahead.sum().backward()
    assert turn.grad.item() < -1  # turning further right comes nearer to the right wall
    batch = Command(torch.tensor([0.0, 0.03]), torch.ones(2))
    assert clearance_ahead(plan, pose, batch, 0.1)[1].item() == pytest.approx(ahead.item())


def test_progress_is_along_the_path():
    plan = box()  # five points from z = 0 to 2
    places = [(0, -1, 0.0), (0.5, 0.6, 0.25), (-0.9, 2.9, 1.0)]
    for x, z, share in places:
        assert progress(plan, Pose(x, z, 0)) == share


def test_a_score_sums_frames_up():
    moments = [moment(1, 0.5, turn=1.0), moment(2, 0.2, turn=-2.0, true_turn=1.0), moment(3, 0.4)]
    score = score_of(moments)
    assert score.outcome == "late"
    assert score.has_failed
    assert (score.least_clearance, score.num_frames) == (0.2, 3)
    assert score.mean_ahead == pytest.approx(0.2)
    assert score.steering_error == pytest.approx(4 / 3)
    assert score_of([*moments, moment(4, 0.0, progress=1.0)]).outcome == "collided"
    arrived = score_of([*moments, moment(4, 0.3, progress=1.0)])
    assert (arrived.outcome, arrived.has_failed) == ("arrived", False)


def test_an_interval_holds_its_mean():
    mean, low, high = interval([0.0] * 50 + [1.0] * 50)
    assert mean == 0.5
    assert low == pytest.approx(0.4, abs=0.02)  # 1.96 * 0.5 / sqrt(100)
    assert high == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("algorithm", ["balance", "contact", "map"])
def test_with_the_true_flow_a_corridor_is_no_problem(algorithm):
    found = drive(Course("bend", seed=2, speed=0.2), algorithm, "truth", camera=SMALL)
    assert found.score.outcome == "arrived"
    assert found.score.least_clearance > 0.3
    assert found.score.steering_error == 0
    assert [step.moment.number for step in found.steps] == list(range(1, len(found.steps) + 1))
    shares = [one.progress for one in found.moments]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_balance_is_blind_to_what_is_straight_ahead():
    """Where the obstacle map goes around all pillars, balance meets one."""
    course = Course("pillars", seed=5, speed=0.12, obstacle_size=0.3)
    ends = {
        name: drive(course, name, "truth", camera=SMALL).score.outcome
        for name in ("balance", "map")
    }
    assert ends == {"balance": "collided", "map": "arrived"}


def test_a_lane_drives_the_same_way_twice():
    course = Course("gate", seed=1, speed=0.25)
    one, other = (drive(course, "map", SCOPE, camera=SMALL) for _ in range(2))
    assert one.moments == other.moments
    assert one.score.steering_error > 0
    assert np.array_equal(one.steps[-1].seen, other.steps[-1].seen)
    assert one.steps[0].flow.size == (48, 64)


def test_frames_that_do_not_change_let_it_go_straight_on():
    """Each frame is compared with the last one as it was seen."""
    course = Course(speed=0.25)
    found = drive(
        course, "balance", PipelineConfig("dis_fast"), camera=SMALL,
        perturb=lambda sight: sight.first,
    )  # fmt: skip
    assert all(np.array_equal(step.seen, found.start) for step in found.steps)
    assert {one.turn for one in found.moments} == {0.0}
    assert max(abs(one.true_turn) for one in found.moments) > 0.5


def test_twice_the_time_is_late():
    assert most_frames(Course(speed=0.25)) == 40  # 20 frames at cruise speed for 5 m


def test_what_was_done_is_kept_when_it_is_stopped():
    told = []
    found = drive(
        Course(), "map", "truth", camera=SMALL, progress=told.append,
        should_stop=lambda: len(told) == 3,
    )  # fmt: skip
    assert found.is_stopped
    assert found.steps == tuple(told)
    assert found.score.outcome == "late"


def test_a_perturbation_is_told_what_was_seen_and_what_is_true():
    sights = []

    def gray(sight):
        sights.append(sight)
        return np.full_like(sight.second, 128)

    drive(
        Course(), "balance", SCOPE, camera=SMALL, perturb=gray,
        should_stop=lambda: len(sights) == 2,
    )  # fmt: skip
    first, second = sights
    assert (first.number, second.number) == (1, 2)
    assert (second.first == 128).all()  # as it was seen
    assert second.second.std() > 5  # clean
    assert np.array_equal(second.world.view(second.pose, SMALL).frame, second.second)
    assert (first.yaw, first.algorithm) == (0.0, "balance")


def test_what_cannot_drive():
    with pytest.raises(ConfigError, match="No algorithm is called"):
        drive(Course(), "luck", "truth")
    with pytest.raises(UnknownModelError):
        drive(Course(), "map", PipelineConfig("nothing"))
    with pytest.raises(ConfigError, match="does not refine"):
        drive(Course(), "map", replace(SCOPE, model="dis_fast"), camera=SMALL)
