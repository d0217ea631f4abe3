"""Pictures whose colors can be told by hand."""

import math

import numpy as np
import pytest

from flowcore.errors import ConfigError
from flowcore.types import FlowField, FramePair
from flowcore.viz import error, overlay
from flowcore.viz.flow_color import (
    color_wheel,
    flow_to_color,
    shared_max_magnitude,
)
from flowcore.viz.palette import BORDER, UNKNOWN, Hatch, Tint, class_colors
from flowcore.viz.scale import Scale, scale_of
from flowcore.viz.sheet import panel_sheet


def one(u, v):
    return np.array([[[u, v]]], np.float32)


def color(u, v, **options):
    return flow_to_color(one(u, v), **{"max_magnitude": 10, **options})[0, 0].tolist()


def bakers_wheel():
    """Red, yellow, green, cyan, blue, magenta, and the steps from each to the next."""
    corners = [(255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255), (255, 0, 255)]
    wheel = []
    for begin, end, steps in zip(
        corners, [*corners[1:], corners[0]], (15, 6, 4, 11, 13, 6), strict=True
    ):
        for step in range(steps):
            moved = 255 * step // steps
            wheel.append([a + (moved if b > a else -moved if b < a else 0)
                          for a, b in zip(begin, end, strict=True)])  # fmt: skip
    return wheel


def bakers_color(x, y, wheel):
    radius = math.hypot(x, y)
    position = (math.atan2(-y, -x) / math.pi + 1) / 2 * 54
    index = int(position)
    fraction = position - index
    color = []
    for low, high in zip(wheel[index], wheel[(index + 1) % 55], strict=True):
        hue = (1 - fraction) * (low / 255) + fraction * (high / 255)
        color.append(int(255 * (1 - radius * (1 - hue) if radius <= 1 else 0.75 * hue)))
    return color


def numpy_colors(flow):
    """In numpy's precisions: single for angle and radius, double for the colors."""
    u, v = flow[..., 0], flow[..., 1]
    radius = np.sqrt(np.square(u) + np.square(v))[..., None]
    position = (np.arctan2(-v, -u) / np.pi + 1) / 2 * 54
    index = np.floor(position).astype(np.int32)
    part, wheel = (position - index)[..., None], np.array(bakers_wheel()) / 255.0
    color = (1 - part) * wheel[index] + part * wheel[(index + 1) % 55]
    color = np.where(radius <= 1, 1 - radius * (1 - color), color * 0.75)
    return np.floor(255 * color).astype(np.uint8)


class TestFlowColor:
    def test_rest_and_noise_are_white(self):
        assert color(0, 0) == color(0.03, 0) == [255, 255, 255]
        assert color(0.03, 0, noise_floor=0, max_magnitude=0.03) == [255, 0, 0]

    def test_it_is_bakers_formula(self, rng):
        """His program in double precision, pixel by pixel; ours differs by rounding alone."""
        wheel = bakers_wheel()
        flow = rng.normal(0, 5, (40, 50, 2)).astype(np.float32)
        ours = flow_to_color(flow, max_magnitude=8, noise_floor=0).astype(int)
        theirs = np.array([[bakers_color(u / 8, v / 8, wheel) for u, v in row] for row in flow])
        assert np.abs(ours - theirs).max() <= 1
        assert (ours != theirs).mean() < 2e-4

    def test_it_is_the_widespread_numpy_version_to_the_bit(self, rng):
        flow = rng.normal(0, 5, (500, 500, 2)).astype(np.float32)
        ours = flow_to_color(flow, max_magnitude=9, noise_floor=0)
        assert (ours == numpy_colors(flow / np.float32(9))).all()

    def test_what_is_full_stays_full(self, rng):
        """Every hue has a channel at 255; under the full speed it must not become 254."""
        angle = rng.uniform(-np.pi, np.pi, 5000)
        flow = np.stack([np.cos(angle), np.sin(angle)], -1) * rng.uniform(0.1, 0.99, (5000, 1))
        assert (flow_to_color(flow[None], max_magnitude=1).max(-1) == 255).all()

    def test_each_direction_has_its_own_hue(self):
        right, left, up, down = color(10, 0), color(-10, 0), color(0, -10), color(0, 10)
        assert right == [255, 0, 0]
        assert left[0] == 0  # leftward motion is not wiped out
        assert down[0] > 200
        assert down[2] == 0  # yellow
        assert up[2] == 255  # blue to violet
        assert len({tuple(c) for c in (right, left, up, down)}) == 4

    def test_half_the_speed_is_half_as_saturated(self):
        assert color(5, 0) == [255, 127, 127]

    def test_beyond_the_scale_the_hue_stays_and_darkens(self):
        assert color(100, 0) == [191, 0, 0]

    def test_unknown_is_gray(self):
        field = FlowField(one(5, 5), np.array([[False]]))
        assert tuple(flow_to_color(field, max_magnitude=1)[0, 0]) == UNKNOWN

    def test_one_scale_for_all(self):
        assert shared_max_magnitude([one(7, 0), one(7, 0)]) == 8
        assert shared_max_magnitude([one(0.001, 0)]) == 1
        assert shared_max_magnitude([]) == 1

    def test_neither_a_wild_flow_nor_a_few_fast_pixels_pale_the_others(self):
        some = np.zeros((1, 100, 2), np.float32)
        some[..., 0] = 5
        some[:, :4] = 400
        assert shared_max_magnitude([some]) == 5
        assert shared_max_magnitude([some, some, one(900, 0)]) == 5

    def test_a_little_over_a_friendly_number_is_that_number(self):
        assert shared_max_magnitude([one(100.1, 0)]) == 100
        assert shared_max_magnitude([one(112, 0)]) == 150

    def test_legend_shows_the_numbers(self):
        ten, twenty = (color_wheel(100, max_magnitude=m, margin=4) for m in (10, 20))
        assert ten.shape == twenty.shape
        assert (ten[:100] == twenty[:100]).mean() > 0.9
        assert (ten[105:] != twenty[105:]).any()


class TestErrors:
    def test_heat_rises_to_the_maximum_and_stays(self):
        picture = error.error_to_color(
            np.array([[0, 1.5, 3, 99]], np.float32),
            max_error=3,
            valid=np.array([[1, 1, 1, 1]], bool),
        )
        brightness = picture[0].astype(int).sum(1)
        assert (np.diff(brightness)[:2] > 0).all()
        assert brightness[2] == brightness[3]

    def test_kitti_colors_turn_warm_at_the_outlier_threshold(self):
        """At 100 px the threshold is 5 px: 5 % of the speed counts, not 3 px."""
        truth = FlowField(np.array([[[10, 0], [10, 0], [100, 0], [100, 0]]], np.float32))
        estimate = FlowField(truth.uv + np.array([[[2.9, 0], [3.1, 0], [4.9, 0], [5.1, 0]]]))
        picture = error.kitti_error_color(estimate, truth)[0].tolist()
        good, bad = [224, 243, 248], [254, 224, 144]
        assert picture == [good, bad, good, bad]

    def test_winner_takes_its_color(self):
        lead = error.who_wins(*np.float32([[[0, 1, 2]], [[2, 1, 0]]]), max_difference=2)[0]
        assert lead.tolist() == [[33, 102, 172], [255, 255, 255], [178, 24, 43]]

    def test_bars_differ_in_their_numbers(self):
        assert (error.color_bar(3) != error.color_bar(6)).any()
        assert error.kitti_bar().shape[2] == error.wins_bar(1, "a", "b").shape[2] == 3

    def test_a_scale_must_have_a_length(self):
        with pytest.raises(ConfigError, match="above 0 px"):
            error.error_to_color(np.zeros((1, 1), np.float32), max_error=0)


class TestOverlay:
    frame = np.full((40, 60, 3), 100, np.uint8)

    def test_mask_tints_only_its_pixels(self):
        mask = np.zeros((40, 60), bool)
        mask[0, 0] = True
        picture = overlay.overlay_mask(self.frame, mask, Tint((200, 0, 100), 0.6))
        assert picture[0, 0].tolist() == [160, 40, 100]
        assert (picture[1:] == 100).all()

    def test_warped_second_is_hatched_where_it_leaves(self):
        flow = np.zeros((40, 60, 2), np.float32)
        flow[:, 30:, 0] = 100
        picture = overlay.warped_second(self.frame, FlowField(flow))
        assert (picture[:, :30] == 100).all()
        assert (picture[:, 30:] != 100).any()

    def test_a_hatch_is_opaque_lines(self):
        mask = np.zeros((40, 60), bool)
        mask[1, :20] = True
        picture = overlay.hatch(self.frame, mask, Hatch((1, 2, 3), width=3, period=8))
        assert np.flatnonzero((picture[1] == (1, 2, 3)).all(-1)).tolist() == [
            0,
            1,
            7,
            8,
            9,
            15,
            16,
            17,
        ]
        assert (picture[0] == 100).all()

    def test_classes_tint_the_frame(self):
        labels = np.arange(2400, dtype=np.int32).reshape(40, 60)
        picture = overlay.overlay_labels(self.frame, labels)
        assert picture[0, 0].tolist() == [117, 117, 117]  # 0.4 of 100 and 0.6 of gray
        assert len(np.unique(picture.reshape(-1, 3)[:256], axis=0)) > 200

    def test_borders_of_classes_are_outlined(self):
        labels = np.ones((40, 60), np.int32)
        labels[:, 30:] = 2
        picture = overlay.outline_labels(self.frame, labels)
        assert (picture[:, 30] == BORDER).all()
        assert (picture[:, [29, 31]] == 0).all()
        assert (picture[:, :29] == 100).all()
        assert (overlay.outline_labels(self.frame, 0 * labels) == self.frame).all()

    def test_difference_by_hand(self):
        gap = overlay.difference(self.frame, self.frame - 7, gain=3)
        assert (gap == 21).all()

    def test_arrows_are_drawn_where_something_moves(self):
        still = overlay.draw_arrows(self.frame, FlowField(np.zeros((40, 60, 2))), step=20)
        moving = overlay.draw_arrows(self.frame, FlowField(np.full((40, 60, 2), 8.0)), step=20)
        assert (still == self.frame).all()
        assert (moving != self.frame).any(-1).sum() > 50


def test_labels_have_255_colors_in_turn_and_none_is_gray():
    colors = class_colors(np.array([0, 1, -1, 255, 256, -(2**31)], np.int32)).tolist()
    assert tuple(colors[0]) == UNKNOWN
    assert colors[1] == colors[2] == colors[4]
    assert colors[3] not in (colors[0], colors[1])


def test_the_truth_decides_the_scale_where_it_is_known():
    frame = np.zeros((4, 5, 3), np.uint8)
    wild = FlowField(np.full((4, 5, 2), 60, np.float32))
    assert scale_of(FramePair(frame, frame), [wild]) == Scale(80, 20)
    valid = np.zeros((4, 5), bool)
    valid[0, 0] = True
    truth = FlowField(np.full((4, 5, 2), (8, 0), np.float32), valid)
    assert scale_of(FramePair(frame, frame, truth), [wild]) == Scale(8, 2)
    assert Scale.up_to(2) == Scale(2, 1)


def test_sheet_holds_every_panel_and_the_legend():
    red, blue = (
        np.full((30, 50, 3), (255, 0, 0), np.uint8),
        np.full((30, 50, 3), (0, 0, 255), np.uint8),
    )
    sheet = panel_sheet(
        [[("one", red), ("two", blue)], [("three", red)]], [blue[:10]], "caption " * 9
    )
    assert (sheet == (255, 0, 0)).all(-1).sum() == 2 * 30 * 50
    assert (sheet == (0, 0, 255)).all(-1).sum() == 30 * 50 + 10 * 50
    assert (sheet[:2] == 255).all()
