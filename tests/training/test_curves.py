"""Curves by hand: smoothing, bands of seeds, stages, divergences, profiles."""

import numpy as np
import pandas as pd
import pytest

from flowcore.errors import InputError
from flowcore.training.curves import (
    LoggedRun,
    StageSpan,
    curve,
    divergences,
    group_runs,
    iteration_profile,
    parse_log,
    smoothed,
    stage_spans,
    summary,
)
from flowcore.training.log import LOG_COLUMNS

HEADER = ",".join(LOG_COLUMNS)


def log(epe, *, steps=None, stage="only", **columns):
    """A log with a row every ten steps."""
    epe = np.asarray(epe, np.float64)
    table = pd.DataFrame(
        {
            "step": np.arange(10, 10 * len(epe) + 1, 10) if steps is None else steps,
            "stage": stage,
            "learning_rate": 1e-3,
            "loss": 3 * epe,
            "epe": epe,
            "gradient_norm": 1.0,
            "validation_epe": np.nan,
            "seconds": 1.0,
        }
    ).assign(**columns)
    return parse_log(table.to_csv(index=False).encode())


def test_smoothing_averages_evenly_then_forgets():
    values = smoothed(np.array([1.0, 3.0, 5.0]), np.array([10, 20, 30]), 20)
    assert values.tolist() == [1, 2, 3.5]


def test_rows_weigh_as_the_steps_they_stand_for():
    assert smoothed(np.array([1.0, 5.0]), np.array([30, 40]), 1000).tolist() == [1, 2]


def test_smoothing_passes_over_what_is_not_finite():
    values = smoothed(np.array([1.0, np.nan, 3.0]), np.array([1, 2, 3]), 100)
    np.testing.assert_array_equal(values, [1, np.nan, 2])


def test_no_window_leaves_the_values():
    assert smoothed(np.array([4.0, 1.0]), np.array([1, 2]), 0).tolist() == [4, 1]


def test_band_is_mean_least_and_greatest_of_the_seeds():
    line = curve(LoggedRun("x", (log([4, 2]), log([2, 1]), log([3, 6]))), "epe")
    assert line["mean"].tolist() == [3, 3]
    assert line["low"].tolist() == [2, 1]
    assert line["high"].tolist() == [4, 6]
    assert line["num_seeds"].tolist() == [3, 3]


def test_seeds_of_other_lengths_and_intervals_meet_on_straight_lines():
    line = curve(LoggedRun("x", (log([4, 2]), log([1.0, 3.0], steps=[10, 30]))), "epe")
    assert line["step"].tolist() == [10, 20, 30]
    assert line["mean"].tolist() == [2.5, 2, 3]
    assert line["num_seeds"].tolist() == [2, 2, 1]


def test_smoothing_begins_anew_in_each_stage():
    line = curve(LoggedRun("x", (log([8, 2, 4], stage=["a", "b", "b"]),)), "epe", window=100)
    assert line["mean"].tolist() == [8, 2, 3]


@pytest.mark.parametrize("column", ["validation_epe", "epe_7"])
def test_a_column_without_numbers_is_an_empty_curve(column):
    assert curve(LoggedRun("x", (log([1]),)), column).empty


def test_a_row_before_the_first_step_is_kept():
    assert curve(LoggedRun("x", (log([3, 2], steps=[0, 10]),)), "epe", window=5)["mean"].size == 2


def test_stages_span_from_end_to_end():
    spans = stage_spans(log([1, 1, 1], stage=["simple", "simple", "fine"]))
    assert spans == [StageSpan("simple", 0, 20), StageSpan("fine", 20, 30)]


def test_divergences_are_numbers_that_are_not_finite():
    run = log([2, 2, 2], loss=[1, np.nan, 1], gradient_norm=[1, 1, np.inf])
    assert divergences(run) == [(20, "loss not finite"), (30, "gradient not finite")]


def test_an_error_that_rises_to_twice_its_best_is_one_divergence():
    run = log([8] * 5 + [1] * 20 + [30] * 10)
    ((step, reason),) = divergences(run)
    assert reason == "EPE doubled"
    assert 250 < step <= 270


def test_a_noisy_start_or_a_harder_stage_is_none():
    assert divergences(log([1, 9, 9, 9])) == []
    assert divergences(log([1] * 20 + [5] * 20, stage=["a"] * 20 + ["b"] * 20)) == []


def test_profile_takes_the_step_nearby_and_the_iterations_of_its_stage():
    run = LoggedRun(
        "x", (log([3, 2, 1], epe_1=[5, 4, 3], epe_2=[3, 2, 2.5], epe_3=[None, None, 1]),)
    )
    assert iteration_profile(run, 22)["mean"].tolist() == [4, 2]
    assert iteration_profile(run, 30)["mean"].tolist() == [3, 2.5, 1]
    assert iteration_profile(LoggedRun("x", (log([1]),)), 10).empty


def test_summary_names_the_best_validation():
    facts = summary(LoggedRun("x", (log([4, 2, 3], validation_epe=[5, 2, 3]),)))
    assert (facts["steps"], facts["best_validation_epe"], facts["best_step"]) == (30, 2, 20)
    assert facts["epe"] == 3
    assert np.isnan(summary(LoggedRun("x", (log([np.nan]),)))["epe"])


def test_names_with_seed_numbers_are_one_run():
    one = log([1])
    runs = group_runs({"a.seed0": one, "b": one, "a.seed12": one, "c.seedling": one})
    assert [(run.name, len(run.logs)) for run in runs] == [("a", 2), ("b", 1), ("c.seedling", 1)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a CSV"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "learning curve"),
        (b"a,b\n1,2\n", "lacks the columns"),
        (HEADER.encode() + b"\n", "no step"),
        (f"{HEADER}\n".encode() + b"1,a,1,1,1,1,1,1\n" * 100_001, "100,001 rows"),
        (f"{HEADER}\nx,a,1,1,1,1,1,1\n".encode(), "other than numbers"),
        (f"{HEADER},epe_1\n1,a,1,1,1,1,1,1,x\n".encode(), "other than numbers"),
        (f"{HEADER}\n,a,1,1,1,1,1,1\n".encode(), "do not rise"),
        (f"{HEADER}\n2,a,1,1,1,1,1,1\n1,a,1,1,1,1,1,1\n".encode(), "do not rise"),
    ],
)
def test_what_is_no_log_is_refused_in_words(data, words):
    with pytest.raises(InputError, match=words):
        parse_log(data)
