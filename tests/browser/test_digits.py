"""The page Digits in a real browser: a drawing is asked about, a training run is watched."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def open_digits(page, server, query=""):
    page.goto(f"{server}/digits?digits-task=Top+left{query}")
    expect(page.get_by_role("heading", name="Digits", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Questions and answers")).to_be_visible()


def test_a_drawing_is_asked_about_and_wiped(page, server):
    open_digits(page, server, "&digits-source=Draw")
    expect(page.get_by_text("Nothing is drawn yet.")).to_be_visible()
    pad = page.get_by_role("img", name="Pad to draw a digit on")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"], steps=6)
    page.mouse.up()
    expect(page.get_by_text("asked for is its top left.")).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("Nothing is drawn yet.")).to_be_visible()


@pytest.mark.slow
def test_a_net_is_trained_on_a_phone(page, server):
    page.set_viewport_size({"width": 400, "height": 850})
    open_digits(page, server, "&digits-steps=20&digits-nets=Pixels")
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_text("Distance on the training canvases")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.slow
def test_nothing_bars_a_screen_reader(page, server):
    open_digits(page, server, "&digits-source=Draw")
    found = Axe().run(page).response["violations"]
    ours = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found]
    assert [rule for rule in ours if rule[0] != "color-contrast"] == []
