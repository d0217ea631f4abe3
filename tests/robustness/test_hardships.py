"""Curves over hardships: the first point is the pair as it is, harder is worse."""

import numpy as np
import pytest

from flowcore.data.samples import load
from flowcore.errors import ConfigError
from flowcore.metrics.flow import mean_epe
from flowcore.pipeline import run
from flowcore.robustness.hardships import HARDSHIPS, harder, robustness_curve
from flowcore.types import FramePair, PipelineConfig

DIS = PipelineConfig("dis_fast")


@pytest.fixture(scope="module")
def pair():
    return load("large")


@pytest.mark.parametrize("kind", HARDSHIPS)
def test_curve(pair, kind):
    told = []
    points = robustness_curve(pair, DIS, kind, progress=lambda *words: told.append(words))
    assert [point.level for point in points] == [None, *HARDSHIPS[kind].levels]
    plain = run(pair, DIS).flow
    assert points[0].epe == pytest.approx(mean_epe(plain.uv, pair.truth.uv, pair.truth.valid))
    assert points[0].change == 0
    assert points[-1].change > 2 * points[1].change > 0
    assert told[0] == (0.0, f"1 of {len(points)}")


def test_without_truth_the_change_alone(pair):
    bare = FramePair(pair.first, pair.second)
    points = robustness_curve(bare, DIS, "jpeg", levels=[10])
    assert [point.epe for point in points] == [None, None]
    assert points[1].change > 0


def test_harder_is_what_was_asked(pair):
    assert harder(pair, "texture", 1.0).first.tolist() == pair.first.tolist()
    rough, plain = (np.abs(np.diff(p.first.astype(int))).mean() for p in
                    (pair, harder(pair, "texture", 0.0)))  # fmt: skip
    assert plain < rough


def test_no_such_hardship(pair):
    with pytest.raises(ConfigError, match="called 'fog'; there are jpeg, texture"):
        harder(pair, "fog", 1)
    with pytest.raises(ConfigError, match=r"in 1\.\.100"):
        robustness_curve(pair, DIS, "jpeg", levels=[0])
