"""Compare at a glance: panes, keys, color, what runs when, a phone, the dark, keys alone."""

import re

import cv2
import pytest
from playwright.sync_api import expect

from flowcore.data import samples
from tests.browser.comparing import frames_drawer, lane_picture, open_compare, png
from tests.browser.viewing import drawn
from tests.browser.waiting import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUICK = "lanes=2&sample=Sub-pixel&model1=dis_fast&model2=dis_ultrafast"
FOUR = f"{QUICK}&lanes=4&model3=dis_medium&model4=dis_fast&blur4=1".replace("lanes=2&", "")
EIGHT_PANES = "f.first--f.second--t.flow--t.arrows--0.flow--1.flow--2.flow--3.flow"


def test_a_first_result_is_above_the_fold(page, server):
    open_compare(page, server)
    lane = (
        settled(page).get_by_role("img", name=re.compile("^scope_070.scenes: Flow")).bounding_box()
    )
    assert lane["y"] + lane["height"] <= 900


def test_all_panes_of_two_lanes_on_a_wide_frame_are_above_the_fold(page, server):
    photo = cv2.resize(samples.load("large").first, (1024, 436), interpolation=cv2.INTER_AREA)
    open_compare(page, server, f"?{QUICK}&source=One+image")
    frames_drawer(page).first.set_input_files(png("photo.png", photo))
    expect(page.get_by_text("1024 x 436 px, with truth")).to_be_visible()
    page.keyboard.press("Escape")
    settled(page)
    boxes = [pane.bounding_box() for pane in page.locator("canvas.picture").all()]
    assert len(boxes) == 4
    assert max(box["y"] + box["height"] for box in boxes) <= 900


def test_panes_fill_the_width_without_a_hole(page, server):
    open_compare(page, server, f"?{FOUR}&view=grid.0.0--{EIGHT_PANES}")
    settled(page)
    stage = page.get_by_role("application").bounding_box()
    for count in (8, 6, 4, 3, 2, 1):
        for _ in range(page.locator("canvas.picture").count() - count):
            drawn(page).get_by_role("button", name="Remove this pane").nth(count - 1).click()
        drawn(page)
        boxes = [pane.bounding_box() for pane in page.locator("canvas.picture").all()]
        rows = {round(box["y"]) for box in boxes}
        width = stage["width"] * len(rows)
        assert sum(box["width"] for box in boxes) == pytest.approx(width, abs=8 * count), count


def test_a_shorter_last_row_stands_in_the_middle(page, server):
    five = "--".join(EIGHT_PANES.split("--")[:5])
    open_compare(page, server, f"?{FOUR}&view=grid.0.0--{five}")
    stage = settled(page).get_by_role("application").bounding_box()
    boxes = [pane.bounding_box() for pane in page.locator("canvas.picture").all()]
    last = [box for box in boxes if box["y"] == max(box["y"] for box in boxes)]
    assert [len(boxes), len(last)] == [5, 2]
    left = last[0]["x"] - stage["x"]
    right = stage["x"] + stage["width"] - last[1]["x"] - last[1]["width"]
    assert left == pytest.approx(right, abs=1)


def test_keys_work_at_once_and_a_wipe_opens_on_the_first_two_lanes(page, server):
    open_compare(page, server, f"?{QUICK}")
    expect(lane_picture(page, "Flow", "dis_ultrafast")).to_be_visible()
    settled(page)
    page.keyboard.press("w")
    expect(page.get_by_role("img", name="dis_fast: Flow | dis_ultrafast: Flow")).to_be_visible()
    page.wait_for_url("**view=wipe**")
    page.keyboard.press("g")
    page.get_by_label("All panes").select_option(label="Better than dis_fast")
    expect(page.get_by_role("img", name="dis_ultrafast: Better than dis_fast")).to_be_visible()
    expect(lane_picture(page, "Flow", "dis_fast")).to_be_visible()


def test_the_full_color_is_in_the_address_and_in_the_figure(page, server):
    open_compare(page, server, f"?{QUICK}")
    settled(page)
    field = page.get_by_role("spinbutton", name=re.compile("^Full color"))
    field.fill("7")
    field.press("Enter")
    page.wait_for_url("**full-color=7**")
    settled(page).get_by_text("Figure for a paper").click()
    expect(page.get_by_role("img", name=re.compile("Full color at 7 px"))).to_be_visible()


def test_a_setting_waits_for_run(page, server):
    open_compare(page, server, f"?{QUICK}")
    expect(lane_picture(page, "Flow", "dis_fast")).to_be_visible()
    settled(page).get_by_role("button", name="Settings").first.click()
    blur = page.get_by_role("spinbutton", name=re.compile("^Blur"))
    blur.fill("1.5")
    blur.press("Enter")
    expect(page.get_by_text("Settings changed: press Run")).to_be_visible()
    expect(lane_picture(page, "Flow", "dis_fast")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Run")).click()
    expect(lane_picture(page, "Flow", "dis_fast, blur 1.5")).to_be_visible()
    expect(page.get_by_text("Settings changed: press Run")).to_have_count(0)


def test_a_cancelled_only_lane_offers_run(page, server):
    open_compare(page, server, "?lanes=1&model1=tvl1&sample=Motorcycle+(real+stereo+pair)")
    drawn(page).get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled: tvl1. Press Run to start again.")).to_be_visible()
    expect(page.get_by_role("img", name="First frame", exact=True)).to_be_visible()
    settled(page).get_by_role("button", name=re.compile("^Run")).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_text("Cancelled: tvl1")).to_have_count(0)


def test_absurd_settings_in_a_link_are_said(page, server):
    open_compare(page, server, f"?{QUICK}&blur1=-5&threads=0&region=0,0,9999,9&full-color=white")
    for words in ("blur1 = -5", "threads = 0", "a rectangle that cannot be", "no number of px"):
        expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    expect(lane_picture(page, "Flow", "dis_ultrafast")).to_be_visible()


def test_start_leads_to_compare_by_a_button(page, server):
    page.goto(server)
    expect(page.get_by_text("how far each is from the truth")).to_be_visible()
    settled(page).get_by_role("button", name=re.compile("^Compare methods")).click()
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()


def test_a_phone_in_the_dark_has_all_of_it(page, server):
    page.set_viewport_size({"width": 400, "height": 800})
    page.emulate_media(color_scheme="dark")
    open_compare(page, server, f"?{QUICK}&region=10,20,60,70")
    expect(page.get_by_text("In the rectangle of 50x50 px")).to_be_visible()
    settled(page).get_by_text("Figure for a paper").click()
    expect(page.get_by_role("img", name="The figure")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    numbers = page.get_by_role("region", name="Numbers at the crosshair").first
    numbers.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("rows => rows.scrollLeft > 0", arg=numbers.element_handle())


def tab_to(page, element, *, key="Tab", most=40):
    """Press Tab, or Shift and Tab, until the element has the focus."""
    for _ in range(most):
        page.keyboard.press(key)
        if element.evaluate("element => element.matches(':focus')"):
            return
    raise AssertionError(f"{most} times {key} do not lead to {element}.")


def test_keys_alone_choose_a_pair_and_read_a_pixel(page, server):
    """What a drawer holds is last on the page, so that Shift and Tab is the short way into it."""
    open_compare(page, server, f"?{QUICK}".replace("&sample=Sub-pixel", ""))
    tab_to(page, settled(page).get_by_role("button", name=re.compile("^Frames")))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("combobox", name=re.compile("Sample")), key="Shift+Tab")
    page.keyboard.type("Sub-pixel")
    page.keyboard.press("Enter")
    expect(page.get_by_text("451 x 300 px, with truth, labels, occlusions.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(lane_picture(page, "Flow", "dis_ultrafast")).to_be_visible()
    tab_to(settled(page), page.get_by_role("application"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**px=**")
    expect(page.get_by_role("spinbutton", name="Probe x, px")).not_to_have_value("")
