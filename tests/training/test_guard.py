"""What ends a run that has lost its way, and what it says of it."""

import math

import pytest

from flowcore.errors import DivergedError
from flowcore.training.guard import Guard


def watched(errors, stage="a", *, is_learnt=False):
    """The step at which the guard ends the run, or None."""
    watcher = Guard(is_learnt=is_learnt)
    for step, epe in enumerate(errors, start=1):
        try:
            watcher.watch(step, stage, epe, 0)
        except DivergedError:
            return step
    return None


def test_a_run_ends_whose_error_doubles():
    """After 400 steps at 1 px, 10 px: 1 + 9 (1 - 0.995^n) > 2 from n = 24 on."""
    assert watched([1.0] * 400 + [10.0] * 100) == 424


def test_what_a_learnt_net_loses_is_known_sooner():
    """After 100 steps at 1 px, 4 px: the mean of n more is 1 + 3 n / (100 + n) > 1.5 from 21 on."""
    assert watched([1.0] * 100 + [4.0] * 100, is_learnt=True) == 121
    assert watched([1.0] * 100 + [1.4] * 2000, is_learnt=True) is None


@pytest.mark.parametrize(
    "errors",
    [
        [1.0] * 1000,
        [1.0] * 100 + [10.0] * 200,  # too early to tell
        [1.0] * 400 + [10.0] * 23 + [1.0] * 300,  # some bad batches
        [1.0] * 400 + [1.9] * 2000,
        [10.0] * 400 + [1.0] * 2000,
        [math.inf, math.nan] * 10 + [1.0] * 1000,  # the gradients' own guard sees to those
    ],
)
def test_others_go_on(errors):
    assert watched(errors) is None


def test_an_infinite_error_does_not_end_the_watch():
    assert watched([math.inf] + [1.0] * 400 + [10.0] * 100) == 425


def test_each_stage_begins_anew():
    watcher = Guard()
    for stage, epe in (("easy", 1.0), ("hard", 10.0)):
        for step in range(500):
            watcher.watch(step, stage, epe, 0)


def test_the_part_that_grew_is_named():
    guard = Guard()
    for step in range(450):
        guard.watch(step, "a", 1.0, 0, {"flow": 2.0, "semantic": 1.0})

    def go_on():
        for step in range(450, 3000):
            guard.watch(step, "a", 9.0, 0, {"flow": 3.0, "semantic": 40.0})

    with pytest.raises(DivergedError, match="the semantic part grew most, to"):
        go_on()


def test_the_part_that_is_not_finite_is_named():
    with pytest.raises(DivergedError, match=r"not finite \(not finite in the loss: semantic\)"):
        Guard().watch(30, "a", 1.0, 20, {"flow": 2.0, "semantic": math.nan})
