"""Every model that ships sees in one small pair what it saw when its golden row was written.

The rows are in ``golden.json``; ``python -m tests.models.golden NAME ...`` writes them anew.
Who replaces weights, or changes a flow on purpose, rewrites its row in the same commit.
"""

import numpy as np
import pytest

from flowcore import models
from tests.models import golden

ROWS = golden.read()
REWRITE = "write the row anew in the same commit: python -m tests.models.golden"
TOLERANCE = {  # px; 0.01 else. These jump so far where one gray level in 50 is off by one.
    "dis_fast": 0.05, "dis_medium": 0.05, "dis_ultrafast": 0.05, "tvl1": 0.05,
}  # fmt: skip


def vectors(row):
    """The mean flow and those at the points, (13, 2)."""
    return np.array([row["mean"], *row["points"]])


def test_every_model_that_ships_has_a_row():
    missing = " ".join(sorted(set(models.available()) - set(ROWS)))
    assert not missing, f"Models without a golden row: {missing}; {REWRITE} {missing}"


@pytest.mark.parametrize("name", sorted(ROWS))
def test_the_flow_is_that_of_its_row(name):
    assert name in models.available(), f"{name} has a golden row, but no model; {REWRITE}"
    row, expected = golden.row_of(name), ROWS[name]
    remedy = f"if meant, {REWRITE} {name}"
    assert row["sha256"] == expected["sha256"], f"{name} has other weights; {remedy}"
    gap = np.abs(vectors(row) - vectors(expected)).max()
    is_close = gap <= TOLERANCE.get(name, 0.01)
    assert is_close, f"{name} has the same weights and another flow, by {gap:.3f} px; {remedy}"


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_tells_wrong_flows_from_its_own(name):
    flow = vectors(ROWS[name])
    for wrong in (flow[:, ::-1], -flow, 1.06 * flow, np.zeros_like(flow), flow * [1, -1]):
        assert np.abs(wrong - flow).max() > TOLERANCE.get(name, 0.01)
