"""The search for failures, and what it makes of them."""

import io

import numpy as np
import pytest
from PIL import Image

from flowcore.errors import ConfigError
from flowcore.tasks.drive import drive
from flowcore.tasks.failures import Trial, failure_rates, group_failures, search_failures
from flowcore.tasks.film import FILMS, draw_end, draw_plan, film_frames, film_gif, film_mp4
from flowcore.tasks.metrics import Score, score_of
from flowcore.tasks.world_course import Course
from flowcore.tasks.world_plan import plan_of
from flowcore.types import PipelineConfig
from tests.tasks.courses import SMALL

GOOD = Score("arrived", 0.3, 0.2, 0.0, 1.0, 40)
BAD = Score("collided", -0.01, -0.1, 1.0, 0.5, 20)
LATE = Score("late", 0.1, 0.0, 0.0, 0.9, 80)


@pytest.fixture(scope="module")
def trials():
    return search_failures("balance", "truth", num_trials=8, seed=1, camera=SMALL)


def test_every_trial_replays(trials):
    assert len(trials) == 8
    failed = next(trial for trial in trials if trial.score.has_failed)
    course = Course(**failed.course.as_json())
    assert drive(course, "balance", "truth", camera=SMALL).score == failed.score
    assert score_of(failed.moments) == failed.score
    again = search_failures("balance", "truth", num_trials=2, seed=1, camera=SMALL)
    assert again[0] == trials[0]


def test_the_second_half_seeks_the_worst(trials):
    """It stays within reach of those with the least clearance, and so finds failures."""
    rates = [
        np.mean([trial.score.has_failed for trial in half]) for half in (trials[:4], trials[4:])
    ]
    assert rates[1] >= rates[0]
    layouts = {trial.course.layout for trial in trials[:4] if trial.score.has_failed}
    assert {trial.course.layout for trial in trials[4:] if trial.score.has_failed} & layouts


def test_whose_fault_it_is():
    course = Course()
    assert Trial(course, BAD, GOOD).blame == "flow"
    assert Trial(course, BAD, LATE).blame == "algorithm"
    assert Trial(course, GOOD, None).blame == ""


def test_failures_of_a_net_are_asked_of_the_truth():
    blind = search_failures(
        "balance", PipelineConfig("dis_fast"), num_trials=2, layouts=["room"], camera=SMALL
    )
    assert all((trial.true_score is not None) == trial.score.has_failed for trial in blind)
    assert {trial.course.layout for trial in blind} == {"room"}


def test_rates_are_counts_by_layout_and_by_thirds():
    slow, fast = (Course("gate", speed=speed) for speed in (0.07, 0.24))
    rates = failure_rates([Trial(slow, GOOD, None), Trial(fast, BAD, BAD), Trial(fast, GOOD, None)])
    assert rates["layout"] == {"gate": (1, 3)}
    assert rates["speed"] == {"low": (0, 1), "high": (1, 2)}
    assert rates["texture"] == {"high": (1, 3)}  # 0.8, the usual one


def test_groups_are_of_one_kind_and_the_typical_one_is_first():
    plain = [Course("room", n, texture=0.05 + 0.01 * n, speed=0.15) for n in range(5)]
    fast = [Course("bend", n, speed=0.24, texture=0.5) for n in range(3)]
    trials = [Trial(course, BAD, None) for course in (*fast, *plain)]
    groups = group_failures([*trials, Trial(Course("gate"), GOOD, None)])
    assert [len(group.trials) for group in groups] == [5, 3]
    assert groups[0].trials[0].course.texture == 0.07
    assert groups[0].means["texture"] == pytest.approx(0.07)
    assert groups[0].label == "room, low texture"
    assert groups[1].label == "bend, high speed"
    assert group_failures([Trial(Course(), GOOD, None)]) == []
    assert len(group_failures([Trial(Course(), BAD, None)])) == 1


def test_a_search_can_be_stopped():
    told = []
    found = search_failures(
        "map", "truth", num_trials=9, camera=SMALL, progress=told.append,
        should_stop=lambda: len(told) == 2,
    )  # fmt: skip
    assert found == told
    with pytest.raises(ConfigError, match="one trial or more"):
        search_failures("map", "truth", num_trials=0)
    with pytest.raises(ConfigError, match="No layout is called 'maze'"):
        search_failures("map", "truth", num_trials=1, layouts=["maze"], camera=SMALL)


def test_a_film_shows_frame_flow_and_way():
    told = []
    found = drive(
        Course("gate", seed=2), "map", "truth", camera=SMALL, progress=told.append,
        should_stop=lambda: len(told) == 5,
    )  # fmt: skip
    frames = list(film_frames(found, "true flow"))
    assert len(frames) == 5
    assert len({frame.shape for frame in frames}) == 1
    gif = Image.open(io.BytesIO(film_gif(found)))
    assert gif.n_frames == len(frames)
    assert gif.info["duration"] == 100
    assert film_mp4(found)[4:8] == b"ftyp"
    assert FILMS["webm"](found)[:4] == b"\x1a\x45\xdf\xa3"


def test_an_end_is_what_is_seen_there_beside_the_way():
    course = Course("gate", seed=2)
    moments = drive(course, "map", "truth", camera=SMALL).moments
    end, before = draw_end(course, moments), draw_end(course, moments[:-9])
    plan = draw_plan(plan_of(course), moments, height=120)
    assert end.shape == (120, 160 + plan.shape[1], 3)
    assert np.array_equal(end[:, 160:], plan)
    assert (end[:, :160] != before[:, :160]).mean() > 0.3


def test_the_plan_shows_where_the_vehicle_is():
    course = Course("pillars", seed=2)
    found = drive(course, "map", "truth", camera=SMALL)
    plan = plan_of(course)

    def height_of_vehicle(moments):
        picture = draw_plan(plan, moments, height=120).astype(int)
        rows, _ = np.nonzero((picture[..., 0] > 180) & (picture[..., 1] < 80))
        return rows.mean()

    heights = [height_of_vehicle(found.moments[:count]) for count in (1, 20, len(found.moments))]
    assert heights == sorted(heights, reverse=True)  # the start is below
    brown = (np.abs(draw_plan(plan, (), height=240).astype(int) - (150, 110, 70)) < 3).all(2)
    expected = 3 * np.pi * (course.obstacle_size * 224 / 8) ** 2  # px, of three pillars
    assert brown.sum() == pytest.approx(expected, rel=0.15)
