"""The viewer read, pinned and marked: by mouse and by keys."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.viewing import (
    HINT,
    MINUS,
    crosshair,
    drawn,
    picture,
    place_of,
    point_at,
    press,
    reads,
    row,
    scale_of,
    spot,
    where,
)

pytestmark = pytest.mark.browser


def test_hover_reads_every_lane_exactly(viewer):
    point_at(viewer, 40, 30)
    drawn(viewer)
    reads(viewer, 40, 30)
    assert row(viewer, "Truth")[:3] == ["3.00", f"{MINUS}4.00", "5.00"]
    assert row(viewer, "right")[4] == "0.00"
    wrong = row(viewer, "wrong")
    assert wrong[:3] == ["6.00", "0.00", "6.00"]
    assert wrong[4] == "5.00"
    assert wrong[6] == "46.0, 30.0"
    assert row(viewer, "left")[0] == f"{MINUS}2.00"


def drag(page, start, end):
    """Over the lane "right", from pixel to pixel."""
    point_at(page, *start)
    page.mouse.down()
    point_at(page, *end)
    page.mouse.up()


def test_a_rectangle_is_dragged_told_and_removed(viewer):
    before = picture(viewer, 0)
    viewer.keyboard.down("Shift")
    drag(viewer, (20, 10), (39, 29))
    viewer.keyboard.up("Shift")
    remove = viewer.get_by_role("button", name="Remove the rectangle")
    expect(remove).to_have_text(re.compile("20.20 px"))
    drawn(viewer)
    assert row(viewer, "wrong")[6] == "5.00"
    assert row(viewer, "right")[6] == "0.00"
    viewer.mouse.move(0, 0)
    drawn(viewer)
    (x, y), (width, height) = spot(before, picture(viewer, 0))
    scale = scale_of(before.shape[1], before.shape[0])
    assert (x, y) == pytest.approx(place_of(before, 29.5, 19.5), abs=1)
    assert (width, height) == pytest.approx((20 * scale, 20 * scale), abs=5)  # and its lines
    remove.click()
    expect(remove).to_be_hidden()
    assert len(row(viewer, "wrong")) == 7
    viewer.get_by_role("button", name="Mark a rectangle").click()
    drag(viewer, (79, 59), (70, 50))
    expect(remove).to_have_text(re.compile("10.10 px"))


def test_a_rectangle_by_keys_is_stretched_finished_or_given_up(viewer):
    point_at(viewer, 40, 30)
    press(viewer, "r", "ArrowRight", "Shift+ArrowDown", "r", "ArrowLeft")
    remove = viewer.get_by_role("button", name="Remove the rectangle")
    expect(remove).to_have_text(re.compile("2.17 px"))
    press(viewer, "r", "ArrowLeft", "Escape")
    expect(remove).to_have_text(re.compile("2.17 px"))
    press(viewer, "Shift+R")
    expect(remove).to_be_hidden()


def test_arrows_move_the_crosshair_by_a_pixel_and_with_shift_by_sixteen(viewer):
    before = [picture(viewer, pane) for pane in (1, 5)]
    for key, x, y in (
        ("ArrowRight", 41, 30),
        ("ArrowDown", 41, 31),
        ("ArrowLeft", 40, 31),
        ("ArrowUp", 40, 30),
        ("Shift+ArrowLeft", 24, 30),
        ("Shift+ArrowUp", 24, 14),
    ):
        press(viewer, key)
        reads(viewer, x, y)
        for pane, image in zip((1, 5), before, strict=True):  # in every pane
            seen = crosshair(image, picture(viewer, pane))
            assert seen == pytest.approx(place_of(image, x, y), abs=0.3)


def test_the_crosshair_stops_at_the_edges(viewer):
    press(viewer, *["Shift+ArrowRight"] * 4, *["Shift+ArrowDown"] * 3)
    reads(viewer, 79, 59)
    press(viewer, *["Shift+ArrowLeft"] * 5, *["Shift+ArrowUp"] * 4)
    reads(viewer, 0, 0)


def test_what_the_crosshair_reads_is_said_aloud(viewer):
    press(viewer, "ArrowRight")
    expect(viewer.locator(".unseen[role=status]")).to_have_text(
        f"x 41, y 30: Truth 3.00, {MINUS}4.00; right 3.00, {MINUS}4.00, error 0.00; "
        f"wrong 6.00, 0.00, error 5.00; left {MINUS}2.00, 0.00, error 6.40; "
        f"place 10.25, {MINUS}7.50, error 8.05"
    )


def test_enter_pins_the_pixel_and_the_crosshair_moves_on(viewer):
    press(viewer, *["ArrowRight"] * 4, *["ArrowDown"] * 4)
    without = picture(viewer, 3)
    press(viewer, *["ArrowLeft"] * 4, *["ArrowUp"] * 4, "Enter")
    reads(viewer, 40, 30)
    press(viewer, *["ArrowRight"] * 4, *["ArrowDown"] * 4)
    reads(viewer, 44, 34)
    middle, extent = spot(without, picture(viewer, 3))
    assert middle == pytest.approx(place_of(without, 40, 30), abs=0.6)
    assert extent == pytest.approx([20, 20], abs=2)


def test_a_click_pins_what_it_hits_until_another_one(viewer):
    before = picture(viewer, 3)
    for x, y in ((20, 15), (61, 44)):
        point_at(viewer, x, y)
        viewer.mouse.down()
        viewer.mouse.up()
        viewer.mouse.move(0, 0)  # no crosshair any more
        drawn(viewer)
        reads(viewer, x, y, "pinned")
        middle, extent = spot(before, picture(viewer, 3))
        assert middle == pytest.approx(place_of(before, x, y), abs=0.6)
        assert extent == pytest.approx([20, 20], abs=2)


def test_a_pin_stays_while_others_are_read(viewer):
    press(viewer, "ArrowRight", "Enter")
    point_at(viewer, 10, 50)
    reads(drawn(viewer), 10, 50)
    viewer.mouse.move(0, 0)
    reads(drawn(viewer), 41, 30, "pinned")


def test_escape_removes_pin_and_crosshair(viewer):
    before = picture(viewer, 3)
    press(viewer, "ArrowRight", "Enter", "ArrowDown")
    assert (picture(viewer, 3) != before).any()
    press(viewer, "Escape")
    assert (picture(viewer, 3) == before).all()
    assert where(viewer)[0].startswith(HINT)
    assert row(viewer, "place") == ["\N{EN DASH}"] * 7
