"""Corruptions: worse with severity, the same for the same seed, and tied between the frames."""

import numpy as np
import pytest

from flowcore.data.samples import photo
from flowcore.errors import ConfigError, ShapeMismatchError
from flowcore.robustness.corruptions.kinds import CORRUPTIONS, SEVERITIES, corrupt
from flowcore.robustness.corruptions.sweep import CorruptionPoint, corruption_sweep, rank_lanes
from flowcore.types import FlowField, FramePair, PipelineConfig

RANDOM_FIELDS = [kind for kind, found in CORRUPTIONS.items() if "moving" in found.modes]
STRENGTHS = [kind for kind, found in CORRUPTIONS.items() if found.modes == ("same", "independent")]
DIS = PipelineConfig("dis_fast")


@pytest.fixture(scope="module")
def pair():
    """A photo that moves 6 px to the right and 2 px down."""
    picture = photo("coffee")
    truth = FlowField(np.broadcast_to(np.float32((6, 2)), (120, 160, 2)))
    return FramePair(picture[100:220, 150:310], picture[98:218, 144:304], truth)


@pytest.fixture(scope="module")
def still(pair):
    """Two equal frames, so that what differs after a corruption is the corruption."""
    return FramePair(pair.first, pair.first)


def distance(one, other):
    return np.abs(one.astype(int) - other.astype(int)).mean()


def test_all_families_are_there():
    assert len(CORRUPTIONS) >= 16
    families = {found.family for found in CORRUPTIONS.values()}
    assert families == {"noise", "blur", "quality", "light", "weather"}


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_worse_with_severity_in_every_mode(pair, kind):
    for mode in CORRUPTIONS[kind].modes:
        made = [corrupt(pair, kind, severity, mode=mode, seed=3) for severity in SEVERITIES]
        for name in ("first", "second"):
            frames = [getattr(one, name) for one in made]
            changes = [distance(frame, getattr(pair, name)) for frame in frames]
            assert changes[0] > 0, (mode, name)
            assert np.all(np.diff(changes) > 0), (mode, name, changes)
        assert made[0].truth is pair.truth
        assert made[0].first.dtype == np.uint8


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_seed_decides_everything(pair, kind):
    mode = CORRUPTIONS[kind].modes[-1]
    one, again, other = (corrupt(pair, kind, 3, mode=mode, seed=seed).second for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert np.array_equal(one, other) == (CORRUPTIONS[kind].modes == ("same",))


@pytest.mark.parametrize("kind", [kind for kind in CORRUPTIONS if kind != "av1"])
def test_the_same_in_both_frames(still, kind):
    made = corrupt(still, kind, 3)
    assert np.array_equal(made.first, made.second)


@pytest.mark.parametrize("kind", [*RANDOM_FIELDS, *STRENGTHS])
def test_independent_frames_differ(still, kind):
    made = corrupt(still, kind, 3, mode="independent")
    assert distance(made.first, made.second) > 0.2


@pytest.mark.parametrize("kind", ["gaussian_noise", "impulse_noise", "speckle_noise", "shot_noise"])
def test_what_moves_with_the_scene_stays_on_it(pair, kind):
    """Moved by whole pixels, frames with noise that is carried along still match exactly."""
    made = corrupt(pair, kind, 4, mode="moving")
    assert np.array_equal(pair.second[2:, 6:], pair.first[:-2, :-6])
    assert np.array_equal(made.second[2:, 6:], made.first[:-2, :-6])
    stuck = corrupt(pair, kind, 4)
    assert distance(stuck.second[2:, 6:], stuck.first[:-2, :-6]) > 5


@pytest.mark.parametrize("kind", ["rain", "snow"])
def test_near_particles_move_farther(kind):
    """On black, what moves is seen alone: rain falls by tens of px, snow by a few."""
    black = np.zeros((120, 160, 3), np.uint8)
    still = FlowField(np.zeros((120, 160, 2), np.float32))
    made = corrupt(FramePair(black, black, still), kind, 2, mode="moving")
    assert made.first.max() > 100
    assert distance(made.first, made.second) > 0.5 * made.first.mean()


def test_a_motion_may_be_given(pair):
    moved = FlowField(np.full((*pair.size, 2), 3, np.float32))
    bare = FramePair(pair.first, pair.second)
    by_truth, by_estimate = (
        corrupt(bare, "dirt", 5, mode="moving", motion=motion).second
        for motion in (pair.truth, moved)
    )
    assert not np.array_equal(by_truth, by_estimate)
    with pytest.raises(ConfigError, match="needs its motion"):
        corrupt(bare, "dirt", 5, mode="moving")
    with pytest.raises(ShapeMismatchError, match=r"The motion is 3x2 .* the frames 160x120"):
        corrupt(bare, "dirt", 5, motion=FlowField(np.zeros((2, 3, 2))))


@pytest.mark.parametrize(
    ("kind", "severity", "settings", "words"),
    [
        ("frost", 1, {}, "called 'frost'; there are gaussian_noise"),
        ("fog", 0, {}, r"in 1\.\.5, got 0"),
        ("fog", 1, {"mode": "stereo"}, "called 'stereo'; there are same, independent, moving"),
        ("fog", 1, {"seed": -1}, "0 or more, got -1"),
        ("jpeg", 1, {"mode": "independent"}, "JPEG cannot be independent: choose from same"),
        ("contrast", 1, {"mode": "moving"}, "cannot be moving: choose from same, independent"),
    ],
)
def test_refusals_are_sentences(pair, kind, severity, settings, words):
    with pytest.raises(ConfigError, match=words):
        corrupt(pair, kind, severity, **settings)


def test_a_sweep_has_error_and_shift(pair):
    told = []
    points = corruption_sweep(
        pair,
        DIS,
        kinds=["gaussian_noise", "jpeg"],
        severities=[1, 5],
        mode="independent",
        progress=lambda *words: told.append(words),
    )
    assert [point[:2] for point in points] == [
        ("", 0), ("gaussian_noise", 1), ("gaussian_noise", 5), ("jpeg", 1), ("jpeg", 5)
    ]  # fmt: skip
    assert points[0].shift == 0
    assert points[2].shift > points[1].shift > 0
    assert points[2].epe > points[0].epe
    assert told[1] == (0.2, "gaussian_noise 1")
    bare = corruption_sweep(FramePair(pair.first, pair.second), DIS, kinds=["fog"], severities=[3])
    assert [point.epe for point in bare] == [None, None]


def test_ranks_on_both_axes():
    def lane(error, *shifts):
        worse = (CorruptionPoint("fog", number, 9.0, shift) for number, shift in enumerate(shifts))
        return [CorruptionPoint("", 0, error, 0.0), *worse]

    ranks = rank_lanes({"a": lane(1.0, 2, 4), "b": lane(2.0, 1, 1), "c": lane(1.0, 3, 3)})
    assert [(rank.lane, rank.accuracy_rank, rank.robustness_rank) for rank in ranks] == [
        ("b", 3, 1), ("a", 1, 2), ("c", 1, 2)
    ]  # fmt: skip
    assert [rank.shift for rank in ranks] == [1, 3, 3]
    (alone,) = rank_lanes({"a": lane(None, 1)})
    assert (alone.accuracy_rank, alone.robustness_rank) == (None, 1)
