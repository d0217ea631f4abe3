"""The viewer on a page of its own: exact numbers, exact colors, every mode, no server."""

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from flowcore.types import FlowField, FramePair
from flowcore.viz.error import error_to_color
from flowcore.viz.flow_color import flow_to_color
from flowcore.viz.viewer_page import viewer_page
from flowcore.viz.viewer_payload import ViewerLane, pack_viewer
from tests.browser.viewing import (
    HINT,
    KEY,
    constant,
    decode,
    drawn,
    picture,
    pixel_of,
    point_at,
    press,
    reads,
    row,
)
from tests.patience import wait_until

pytestmark = pytest.mark.browser


def test_an_unknown_pixel_has_no_numbers(viewer):
    point_at(viewer, 9, 9)
    drawn(viewer)
    reads(viewer, 9, 9)
    assert row(viewer, "right") == ["\N{EN DASH}"] * 7
    assert row(viewer, "wrong")[4] == "5.00"


def test_colors_are_those_of_the_library(viewer):
    for pane, flow in ((1, (3, -4)), (3, (6, 0)), (4, (-2, 0))):
        expected = flow_to_color(constant(*flow), max_magnitude=8)[0, 0]
        assert pixel_of(viewer, pane, 40, 30) == pytest.approx(expected, abs=1)
    assert pixel_of(viewer, 2, 3, 3) == [128, 128, 128]  # the hole


def test_the_scale_recolors_every_pane(viewer):
    field = viewer.get_by_role("spinbutton").first
    field.fill("16")
    field.press("Enter")
    drawn(viewer)
    for pane, flow in ((1, (3, -4)), (3, (6, 0)), (4, (-2, 0))):
        expected = flow_to_color(constant(*flow), max_magnitude=16)[0, 0]
        assert pixel_of(viewer, pane, 40, 30) == pytest.approx(expected, abs=1)


def test_layers_change_for_all_panes(viewer):
    viewer.get_by_label("All panes").select_option("error")
    drawn(viewer)
    expect(viewer.get_by_role("img", name="wrong: Error")).to_be_visible()
    expect(viewer.get_by_role("img", name="Truth: Flow")).to_be_visible()  # has no error
    for pane, error in ((2, 0), (3, 5)):  # the largest is a quarter of the largest speed
        expected = error_to_color(np.float32([[error]]), max_error=2)[0, 0]
        assert pixel_of(viewer, pane, 40, 30) == expected.tolist()


def test_maps_of_a_lane_are_layers_with_their_scale(viewer):
    viewer.get_by_label("All panes").select_option("map:Entropy")
    drawn(viewer)
    expect(viewer.get_by_role("img", name="right: Entropy")).to_be_visible()
    expect(viewer.get_by_role("img", name="wrong: Flow")).to_be_visible()  # has no such map
    expect(viewer.get_by_text("Entropy, 0 to 12 bits")).to_be_visible()
    expected = error_to_color(np.float32([[3]]), max_error=12)[0, 0]
    assert pixel_of(viewer, 2, 40, 30) == expected.tolist()


def test_a_wipe_opens_on_the_first_two_lanes_with_no_click_before(viewer):
    viewer.keyboard.press("w")
    expect(viewer.get_by_role("img", name="right: Flow | wrong: Flow")).to_be_visible()
    viewer.keyboard.press("ArrowRight")  # scrolls the page
    drawn(viewer)
    expect(viewer.get_by_text(HINT)).to_be_visible()


def test_keys_lead_through_modes(viewer):
    press(viewer)
    for key, pressed in (("w", "Wipe"), ("b", "Blink"), ("s", "Single"), ("g", "Grid")):
        viewer.keyboard.press(key)
        expect(viewer.get_by_role("button", name=f"{pressed} of panes")).to_have_attribute(
            "aria-pressed", "true"
        )
    viewer.keyboard.press("?")
    expect(viewer.get_by_role("dialog")).to_be_visible()
    viewer.keyboard.press("Escape")
    expect(viewer.get_by_role("dialog")).to_be_hidden()


def test_zoom_is_shared(viewer):
    zoom = viewer.get_by_role("status", name="Zoom")
    before = [picture(viewer, pane) for pane in range(6)]
    press(viewer, "+")
    expect(zoom).to_have_text(re.compile(r"^1\.3"))
    assert (picture(viewer, 0) != before[0]).any()
    assert (picture(viewer, 5) != before[5]).any()
    press(viewer, "0")
    expect(zoom).to_have_text(re.compile(r"^1\.0"))
    assert all((picture(viewer, pane) == image).all() for pane, image in enumerate(before))


def test_drawn_is_taken_back_until_all_is_drawn_again(viewer):
    root = viewer.locator(".flow-viewer")
    assert re.fullmatch(r"[0-9a-f]{64}", root.get_attribute("data-drawn"))
    assert root.evaluate(f"(root, key) => ({KEY}, root.dataset.drawn ?? null)", ".") is None
    drawn(viewer)


def test_drawn_waits_for_what_only_a_close_look_shows(page, tmp_path):
    """Columns of a large frame move to and fro; the picture of the whole frame has every other."""
    frame = np.zeros((600, 900, 3), np.uint8)
    uv = np.zeros((600, 900, 2), np.float32)
    uv[..., 0] = np.where(np.arange(900) % 2, -5, 5)
    payload = pack_viewer(FramePair(frame, frame), [ViewerLane("lane", FlowField(uv))])
    path = tmp_path / "large.html"
    path.write_text(viewer_page(payload), encoding="utf-8")
    page.goto(path.as_uri())
    press(drawn(page), *["+"] * 8)
    when_drawn = f"""(root, key) => new Promise((resolve) => {{
        const look = () => root.dataset.drawn && resolve(root.querySelector('[aria-label="lane: Flow"] canvas').toDataURL());
        new MutationObserver(look).observe(root, {{ attributes: true }});
        {KEY};
    }})"""  # noqa: E501  JavaScript
    image = decode(page.locator(".flow-viewer").evaluate(when_drawn, "."))  # another scale
    height, width, _ = image.shape
    scale = 1.25**8 * min(width / 900, height / 600)
    for column, expected in ((450.5, (5, 0)), (451.5, (-5, 0))):
        color = flow_to_color(np.float32([[expected]]), max_magnitude=6.25)[0, 0]
        x = int(width / 2 + (column - 450) * scale)
        assert image[height // 2, x] == pytest.approx(color, abs=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_a_screen_reader(viewer, scheme):
    viewer.emulate_media(color_scheme=scheme)
    assert [rule["id"] for rule in Axe().run(viewer).response["violations"]] == []


def test_a_phone_shows_it_without_sideways_scrolling(viewer):
    viewer.set_viewport_size({"width": 400, "height": 800})
    wait_until(lambda: viewer.evaluate("document.documentElement.scrollWidth") <= 400)


def test_a_broken_payload_is_a_sentence(page, tmp_path):
    path = tmp_path / "broken.html"
    path.write_text(viewer_page(b"\x10\0\0\0not json at all.."), encoding="utf-8")
    page.goto(path.as_uri())
    expect(page.get_by_role("alert")).to_contain_text("These flows cannot be shown")
