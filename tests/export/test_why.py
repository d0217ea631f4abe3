"""The sentence never contradicts itself, whatever the order of the lanes."""

import numpy as np

from flowcore.export.why import best_two, explain_lanes, why_sentence
from flowcore.lane import external_lane
from flowcore.types import FlowField, FramePair

SIZE = (64, 96)


STRIPES, CORNER = np.s_[:, ::6], np.s_[:32, :32]


def lanes(noise, bias, where=STRIPES):
    """A truth of no motion; lane "a" errs by noise everywhere, "b" by a bias in a sixth of it."""
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (*SIZE, 3), np.uint8)
    pair = FramePair(frame, frame, FlowField(np.zeros((*SIZE, 2))))
    off = np.zeros((*SIZE, 2))
    off[where] = bias
    made = {"a": rng.normal(0, noise, (*SIZE, 2)), "b": off}
    return pair, {title: external_lane(pair, FlowField(uv)) for title, uv in made.items()}


def test_the_better_one_is_named_first_in_either_order():
    pair, both = lanes(noise=0.1, bias=9)
    a, b = both.values()
    for sentence in (
        why_sentence(explain_lanes(pair, a, b), "a", "b"),
        why_sentence(explain_lanes(pair, b, a), "b", "a"),
    ):
        assert sentence.startswith("a is better than b by 1.")
        assert "b is closer to the truth on 83 % of the pixels, there by 0.12" in sentence
        assert "a on 17 %, by 12.6" in sentence
        assert "It gains" in sentence


def test_doubt_is_not_called_better():
    pair, both = lanes(noise=0.1, bias=9, where=CORNER)
    sentence = why_sentence(explain_lanes(pair, *both.values()), *both)
    assert sentence.startswith("No sure difference")
    assert "better than" not in sentence


def test_lanes_of_one_flow_differ_in_nothing():
    pair, both = lanes(noise=0.1, bias=9)
    twice = explain_lanes(pair, both["a"], both["a"])
    assert "Each is closer to the truth on 0 % of the pixels." in why_sentence(twice, "a", "c")


def test_the_best_two_are_compared_first():
    pair, both = lanes(noise=0.1, bias=9)
    worst = external_lane(pair, FlowField(np.full((*SIZE, 2), 50.0)))
    assert best_two({"worst": worst, **both}) == ("a", "b")
    bare = FramePair(pair.first, pair.second)
    unknown = {title: external_lane(bare, lane.estimate.flow) for title, lane in both.items()}
    assert set(best_two(unknown)) == {"a", "b"}
