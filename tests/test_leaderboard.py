"""Lanes over pairs: ranked as the benchmark does, compared in pairs, taken away."""

from io import BytesIO, StringIO

import pandas as pd
import pytest

from flowcore.errors import InputError
from flowcore.leaderboard import (
    Column,
    columns_of,
    compare,
    leaderboard,
    leaderboard_latex,
    pairs_csv,
    pairs_parquet,
    pairs_table,
)
from flowcore.metrics.summary import Measurement
from flowcore.scores import PairScore
from flowcore.types import Timing


def score(sequence, epe, num_pixels=10, *, wauc=50.0, dataset="kitti2015"):
    metrics = {"epe": Measurement(epe, num_pixels), "fl_all": Measurement(10 * epe, num_pixels),
               "wauc": Measurement(wauc, num_pixels)}  # fmt: skip
    return PairScore(dataset, sequence, metrics, Timing(0.5, 0.5, 1, 1))


SCORES = {
    "=good": [score("a", 1.0), score("b", 2.0, 30), score("c", 3.0)],
    "bad_one": [score("a", 2.0), score("b", 4.0, 30)],
}


def test_the_benchmarks_own_protocol():
    columns = columns_of("kitti2015", "kitti2015", SCORES)
    assert columns == [Column("fl_all", "pooled"), Column("epe", "mean")]
    table = leaderboard(dict(reversed(SCORES.items())), columns)
    assert list(table.index) == ["=good", "bad_one"]
    assert list(table.columns) == ["pairs", "seconds", "fl_all_pooled", "epe"]
    assert table.loc["=good"].tolist() == [3, 0.5, pytest.approx(20), pytest.approx(2)]
    assert table.loc["bad_one"].tolist() == [2, 0.5, pytest.approx(35), pytest.approx(3)]
    assert columns[0].label == "Fl-all, %, pooled ↓"
    by_wauc = leaderboard({"low": [score("a", 1)], "high": [score("a", 1, wauc=60.0)]},
                          [Column("wauc", "mean")])  # fmt: skip
    assert list(by_wauc.index) == ["high", "low"]
    assert columns_of("plain", "sintel", SCORES) == [Column("epe", "pooled")]


def test_two_lanes_over_the_pairs_that_both_have():
    difference, count = compare(SCORES["=good"], SCORES["bad_one"], "epe")
    assert count == 2
    assert difference.mean == pytest.approx(-1.5)
    assert (difference.low, difference.high) == (-2, -1)
    assert difference.share_better == 100
    higher, _ = compare([score("a", 1, wauc=60.0)], [score("a", 1, wauc=50.0)], "wauc")
    assert higher == (10, 10, 10, 100)
    with pytest.raises(InputError, match="No pair"):
        compare(SCORES["=good"], [score("z", 1)], "epe")


def test_tables_to_take_away():
    table = pairs_table(SCORES)
    assert list(table.columns[:5]) == ["lane", "dataset", "sequence", "seconds", "num_pixels"]
    assert len(table) == 5
    assert pd.read_csv(StringIO(pairs_csv(SCORES)))["lane"][0] == "'=good"
    pd.testing.assert_frame_equal(pd.read_parquet(BytesIO(pairs_parquet(SCORES))), table)
    columns = columns_of("kitti2015", "kitti2015", SCORES)
    text = leaderboard_latex(leaderboard(SCORES, columns), columns)
    assert r"bad\_one & 35.000 & 3.000" in text
    assert r"\textbf{20.000}" in text
    assert r"Fl-all, \%, pooled $\downarrow$" in text
