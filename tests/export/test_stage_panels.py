"""A refinement on show: pictures on one scale, a table by hand."""

import numpy as np
import pytest

from flowcore.errors import ConfigError
from flowcore.export.stage_panels import (
    StageView,
    stage_legends,
    stage_panels,
    stage_sheet,
    stage_table,
)
from flowcore.refinement import Refinement
from flowcore.types import FlowField, FramePair
from flowcore.viz.flow_color import flow_to_color
from flowcore.viz.scale import Scale
from flowcore.viz.stages import stopping_bar, stopping_to_color, update_bar, update_to_color

SCALE = Scale(8.0, 2.0)


def constant(u, size=(4, 6)):
    return np.broadcast_to(np.float32((u, 0)), (*size, 2)).copy()


@pytest.fixture
def pair():
    frame = np.zeros((4, 6, 3), np.uint8)
    return FramePair(frame, frame, FlowField(constant(3)), name="made")


@pytest.fixture
def refinement():
    """Two thirds of the way, then there."""
    flows = (constant(2), constant(3))
    return Refinement(("FlowNetC", "fusion"), flows, 1, (1.0, 0.0), (2.0, 1.0))


def test_panels_show_the_stage(pair, refinement):
    panels = dict(stage_panels(pair, refinement, StageView(0, 0.5, SCALE, 2)))
    assert list(panels) == ["Flow", "Update", "Error", "Stopping point"]
    assert np.array_equal(panels["Flow"], flow_to_color(constant(2), max_magnitude=8))
    assert np.array_equal(panels["Update"], update_to_color(np.full((4, 6), 2, np.float32)))
    assert (
        panels["Stopping point"] == stopping_to_color(np.array([[1]]), num_stages=2)[0, 0]
    ).all()
    near = dict(stage_panels(pair, refinement, StageView(0, 1.0, SCALE, 2)))
    assert (near["Stopping point"] == stopping_to_color(np.array([[0]]), num_stages=2)[0, 0]).all()


def test_a_lane_with_fewer_stages_shows_its_last(pair, refinement):
    late = dict(stage_panels(pair, refinement, StageView(9, 0.5, SCALE, 10)))
    assert np.array_equal(late["Flow"], flow_to_color(constant(3), max_magnitude=8))
    without = FramePair(pair.first, pair.second)
    assert "Error" not in dict(stage_panels(without, refinement, StageView(9, 0.5, SCALE, 10)))
    empty = Refinement((), (), 1, (), ())
    with pytest.raises(ConfigError, match="no stages"):
        stage_panels(pair, empty, StageView(0, 0.5, SCALE, 1))


def test_the_table_holds_the_curves(refinement):
    bare = Refinement(("iteration 1",), (constant(3),), 1, (), (3.0,))
    table = stage_table({"stack": refinement, "one": bare}, 0.5)
    assert table["lane"].tolist() == ["stack", "stack", "one"]
    assert table["stage"].tolist() == [1, 2, 1]
    assert table["name"].tolist() == ["FlowNetC", "fusion", "iteration 1"]
    assert table["epe_px"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(table["epe_px"].iloc[2])
    assert table["stopped_percent"].tolist() == [0, 100, 100]


def test_the_sheet_has_all_lanes_and_legends(pair, refinement):
    view = StageView(0, 0.5, SCALE, 2)
    assert [name for name, _ in stage_legends(view, has_truth=False)] == [
        "Flow", "Update", "Stopping point",
    ]  # fmt: skip
    one = stage_sheet(pair, {"stack": refinement}, view)
    two = stage_sheet(pair, {"stack": refinement, "again": refinement}, view)
    assert two.shape[0] > one.shape[0]
    assert two.shape[1:] == one.shape[1:]


def test_colors_of_updates_are_logarithmic():
    update = np.float32([[0, 0.01, 0.1, 1, 10, 99]])
    brightness = update_to_color(update)[0].astype(int).sum(1)
    assert brightness[0] == brightness[1] < brightness[2] < brightness[3] < brightness[4]
    assert brightness[4] == brightness[5]


def test_bars_differ_in_their_numbers():
    assert (stopping_bar(3) != stopping_bar(12)).any()
    assert update_bar(width=100).shape == stopping_bar(1, width=100).shape
    with pytest.raises(ConfigError, match="1 stage or more"):
        stopping_to_color(np.zeros((1, 1), np.int32), num_stages=0)
