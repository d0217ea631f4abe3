"""Why one lane is better, on Compare: parts of the card, rectangles, truth that comes later."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from flowcore.data import samples
from flowcore.io.flow_files import encode_flow
from tests.browser.comparing import frames_drawer, lane_picture, open_compare, png
from tests.browser.viewing import drawn, picture
from tests.browser.waiting import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUICK = "?lanes=2&sample=Occluder&model1=dis_fast&model2=farneback"


def rows_of(page):
    """The table as CSV, a dictionary for each lane."""
    with page.expect_download() as download:
        settled(page).get_by_role("button", name="Metrics (CSV)").click()
    return {
        row["lane"]: row for row in csv.DictReader(io.StringIO(download.value.path().read_text()))
    }


def test_each_part_of_the_why_card_lights_its_pixels(page, server):
    open_compare(page, server, QUICK)
    expect(page.get_by_text("mean end-point error")).to_be_visible()
    settled(page)
    parts = page.get_by_role("radiogroup", name=re.compile("come from$")).get_by_role("radio")
    marked = page.get_by_role("button", name=re.compile("^Show or hide the marked pixels"))
    expect(marked).to_have_count(0)
    seen = [picture(page, 2)]
    for words in ("boundaries", "occluded"):
        parts.filter(has_text=words).click()
        expect(marked).to_have_accessible_name(re.compile(words))
        seen.append(picture(settled(page), 2))
        assert all((seen[-1] != before).any() for before in seen[:-1])
    marked.click()
    assert (picture(drawn(page), 2) == seen[0]).all()


def test_the_default_question_is_about_the_best_two(page, server):
    query = "?lanes=3&sample=Occluder&model1=farneback&model2=dis_medium&model3=dis_fast"
    open_compare(page, server, query)
    settled(page)
    errors = {lane: float(row["epe"]) for lane, row in rows_of(page).items()}
    best = sorted(errors, key=errors.get)[:2]
    asked = [
        page.get_by_role("combobox", name=name)
        for name in (re.compile("Compare$"), re.compile("with$"))
    ]
    assert {box.input_value() for box in asked} == set(best)


def test_a_rectangle_by_keys_has_its_numbers_and_is_the_figures_crop(page, server):
    open_compare(page, server, QUICK)
    settled(page)
    page.get_by_role("application").focus()
    for key in ("ArrowRight", "r", *["Shift+ArrowRight"] * 3, *["Shift+ArrowDown"] * 3, "r"):
        page.keyboard.press(key)
    expect(page.get_by_text("In the rectangle of 49x49 px")).to_be_visible()
    expect(
        page.get_by_role("region", name="Metrics of every lane in the rectangle")
    ).to_be_attached()
    assert "region=" in page.url
    settled(page).get_by_text("Figure for a paper").click()
    use = page.get_by_role("radiogroup", name=re.compile("^Rectangle"))
    before = page.get_by_role("img", name="The figure").get_attribute("src")
    use.get_by_text("crop", exact=True).click()
    expect(page.get_by_role("img", name=re.compile(r"Shown: x \d+\.\.\d+"))).to_be_visible()
    assert page.get_by_role("img", name="The figure").get_attribute("src") != before


def test_a_rectangle_by_touch_on_a_phone(browser, server):
    context = browser.new_context(viewport={"width": 400, "height": 800}, has_touch=True)
    page = context.new_page()
    open_compare(page, server, QUICK)
    settled(page)
    page.get_by_role("button", name=re.compile("^Mark a rectangle")).tap()
    canvas = lane_picture(page, "Flow", "dis_fast")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    finger = context.new_cdp_session(page)

    def touch(kind, *share):
        points = [
            {"x": box["x"] + s * box["width"], "y": box["y"] + s * box["height"]} for s in share
        ]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.3)
    for share in (0.4, 0.5, 0.6):
        touch("touchMove", share)
    touch("touchEnd")
    expect(page.get_by_text(re.compile(r"In the rectangle of 1\d\dx\d+ px"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_truth_that_comes_later_only_measures(page, server):
    """What is known of a pair in one drop, but the truth, which comes in another."""
    pair = samples.load("occluder")
    open_compare(page, server, f"{QUICK}&source=Two+frames".replace("&sample=Occluder", ""))
    frames = [png("frame_9.png", pair.first), png("frame_10.png", pair.second)]
    frames_drawer(page).first.set_input_files(frames)
    expect(page.get_by_text("451 x 300 px, with no truth.")).to_be_visible()
    page.keyboard.press("Escape")
    before = rows_of(page)
    assert "epe" not in before["dis_fast"]
    truth = {"name": "flow.flo", "mimeType": "", "buffer": encode_flow(pair.truth, "flo")}
    frames_drawer(page).first.set_input_files(truth)
    expect(page.get_by_text("451 x 300 px, with truth.")).to_be_visible()
    page.keyboard.press("Escape")
    after = rows_of(page)
    assert float(after["dis_fast"]["epe"]) < 3
    assert [after[lane]["seconds"] for lane in after] == [
        before[lane]["seconds"] for lane in before
    ]
