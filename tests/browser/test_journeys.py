"""What a person does on the pages, in a real browser."""

import io
import json
import re
import zipfile

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from flowcore.data.synthetic import make_pair
from flowcore.io.flow_files import decode_flow, encode_flow
from flowcore.pipeline import DEFAULT_MODEL
from flowcore.types import FlowField
from tests.browser.comparing import choose, frames_drawer, lane_picture, open_compare, png
from tests.browser.waiting import settled

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (12, 16, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    return make_pair(np.ascontiguousarray(texture), dx=3, dy=1)


def test_a_deep_link_on_a_fresh_server_opens_its_page(page, fresh_server):
    open_compare(page, fresh_server, "?lanes=2&model1=dis_fast&sample=Sub-pixel")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(lane_picture(page, "Flow", "dis_fast")).to_be_visible()
    expect(lane_picture(page, "Flow", "dis_medium")).to_be_visible()


def test_start_shows_a_result_and_leads_to_a_sample(page, server):
    page.goto(server)
    expect(page.get_by_role("img", name=f"Flow of {DEFAULT_MODEL}")).to_be_visible()
    page.get_by_role("link", name="Motorcycle (real stereo pair)").click()
    expect(page.get_by_text("741 x 500 px, with truth.")).to_be_visible()


def test_two_dropped_frames_with_truth_give_an_error_and_a_click_is_read(page, server, pair):
    lanes = "lanes=2&model1=scope_035.scenes&iterations1=3&model2=dis_fast"
    open_compare(page, server, f"?{lanes}&source=Two+frames")
    frames_drawer(page).first.set_input_files([png("a.png", pair.first), png("b.png", pair.second)])
    expect(page.get_by_text("128 x 96 px, with no truth.")).to_be_visible()
    truth = {"name": "x.flo", "mimeType": "", "buffer": encode_flow(pair.truth, "flo")}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(truth)
    expect(page.get_by_text("128 x 96 px, with truth.")).to_be_visible()
    expect(page.get_by_role("columnheader", name="EPE", exact=True)).to_be_visible()
    page.get_by_role("heading", name="Compare", exact=True).click()  # beside the drawer closes it
    expect(page.get_by_test_id("stFileUploaderDropzone")).to_have_count(0)
    expect(settled(page).get_by_text("Click a pixel in the viewer")).to_be_visible()
    picture = lane_picture(page, "Flow", "dis_fast")
    box = picture.bounding_box()
    picture.click(position={"x": 64.5 / 128 * box["width"], "y": 48.5 / 96 * box["height"]})
    page.wait_for_url("**px=64**")
    expect(page.get_by_role("spinbutton", name="Probe x, px")).to_have_value("64")
    expect(
        page.get_by_alt_text("Attention of scope_035.scenes, 3 iterations").first
    ).to_be_visible()


@pytest.mark.slow
def test_a_rectangle_has_its_numbers_and_lives_in_the_address(page, server):
    open_compare(page, server, "?sample=Sub-pixel&lanes=2&model1=dis_fast&region=10,20,60,70")
    expect(page.get_by_text("In the rectangle of 50x50 px, x 10 to 59, y 20 to 69")).to_be_visible()
    expect(
        page.get_by_role("region", name="Metrics of every lane in the rectangle")
    ).to_be_attached()
    settled(page)
    box = lane_picture(page, "Flow", "dis_fast").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"], box["y"] + box["height"], steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.get_by_text("In the rectangle of")).not_to_contain_text("50x50 px")
    assert "region=10%2C20" not in page.url
    settled(page)
    page.get_by_role("button", name="Remove the rectangle").click()
    expect(page.get_by_text("In the rectangle of")).to_have_count(0)
    assert "region" not in page.url


@pytest.mark.slow
def test_a_point_of_a_chart_shows_its_pixels(page, server):
    open_compare(page, server, "?sample=Sub-pixel&lanes=2&model1=dis_fast&chart=Speed")
    settled(page)
    page.locator(".scatterlayer .point").nth(8).click(force=True)
    expect(
        page.get_by_role("button", name=re.compile("marked pixels: Speed .* px"))
    ).to_be_visible()


@pytest.mark.slow
def test_hostile_uploads_are_a_sentence_and_the_page_lives_on(page, server, pair):
    open_compare(page, server, "?lanes=2&source=Two+frames")
    expect(page.get_by_text("640 x 448 px")).to_be_visible()
    uploader = frames_drawer(page).first
    broken = {"name": "b.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"x" * 99}
    uploader.set_input_files([png("a.png", pair.first), broken])
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The second frame")
    expect(alert).not_to_contain_text("Traceback")
    expect(page.get_by_text("640 x 448 px")).to_be_visible()
    expect(lane_picture(page, "Flow", "dis_medium")).to_be_visible()


@pytest.mark.slow
def test_frames_of_different_sizes_are_named(page, server, pair):
    open_compare(page, server, "?lanes=2&source=Two+frames")
    frames_drawer(page).first.set_input_files(
        [png("a.png", pair.first), png("b.png", pair.second[:50])]
    )
    expect(page.get_by_role("alert")).to_contain_text("differ in size")


@pytest.mark.slow
def test_settings_live_in_the_address(page, server):
    query = "?lanes=2&metrics=Sintel&sample=Occluder&model1=dis_fast&chunks1=2x2"
    open_compare(page, server, query)
    expect(lane_picture(page, "Flow", "dis_fast, 2x2")).to_be_visible()
    choose(page, "Metrics", "KITTI")
    page.wait_for_url("**metrics=KITTI**")


@pytest.mark.slow
def test_the_panes_live_in_the_address(page, server):
    """Lanes come one after the other, and another setting leaves the panes as they are."""
    query = "?sample=Sub-pixel&lanes=2&model1=dis_fast&model2=farneback"
    open_compare(page, server, f"{query}&view=single.2.1--t.arrows--0.error--1.wins.0--f.second")
    expect(page.get_by_role("img", name="farneback: Better than dis_fast")).to_be_visible()
    settled(page)
    expect(page.get_by_role("button", name="Single of panes")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("g")
    page.wait_for_url("**view=grid.2.1--t.arrows--0.error--1.wins.0--f.second**")
    choose(page, "Metrics", "KITTI")
    page.wait_for_url("**metrics=KITTI**")
    settled(page)
    assert "view=grid.2.1--t.arrows--0.error" in page.url
    page.reload()
    expect(lane_picture(page, "Error", "dis_fast")).to_be_visible()
    expect(page.get_by_role("img", name="Truth: Arrows")).to_be_visible()


@pytest.mark.slow
def test_absurd_settings_in_the_address_do_no_harm(page, server):
    query = "?lanes=99&metrics=x&model1=../../etc&chunks1=9x9x9&scale1=-5&sample=nope"
    open_compare(page, server, query)
    expect(page.get_by_text("Expected two numbers such as 2x3 (rows x columns)")).to_be_visible()
    expect(lane_picture(page, "Flow", "dis_medium")).to_be_visible()


@pytest.mark.slow
def test_a_preset_sets_all_lanes_and_the_address(page, server):
    open_compare(page, server, "?lanes=2&model1=dis_fast&sample=Sub-pixel")
    page.get_by_role("button", name="Presets").first.click()
    page.get_by_text("Blur sweep").click()
    for title in ("dis_fast", "dis_fast, blur 1", "dis_fast, blur 2", "dis_fast, blur 4"):
        expect(lane_picture(page, "Flow", title)).to_be_visible()
    page.wait_for_url("**lanes=4**")


@pytest.mark.slow
def test_a_number_shows_its_pixels(page, server):
    open_compare(page, server, "?lanes=2&sample=Sub-pixel&metrics=Rates")
    expect(lane_picture(page, "Flow", "dis_medium")).to_be_visible()
    settled(page)
    page.get_by_test_id("data-grid-canvas").first.focus()
    for column in (2, 3, 4):
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"td[aria-selected=true][aria-colindex='{column}']")).to_have_count(1)
    marked = page.get_by_role("button", name="Show or hide the marked pixels: Outliers 1 px of ")
    expect(marked).to_be_visible()


@pytest.mark.slow
def test_a_figure_for_a_paper_is_built_and_taken_away(page, server):
    open_compare(page, server, "?lanes=2&sample=Sub-pixel")
    page.get_by_text("Figure for a paper").click()
    expect(page.get_by_role("img", name="The figure")).to_be_visible()
    page.get_by_label("Crop: left, top, right, bottom, px").fill("0, 0, 9999, 10")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("must lie in 451x300 px")
    page.get_by_label("Crop: left, top, right, bottom, px").fill("100, 50, 300, 200")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Shown: x 100..299, y 50..199 px.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    assert "full color" in download.value.path().read_text()


@pytest.mark.slow
def test_everything_can_be_taken_away(page, server):
    open_compare(page, server, "?lanes=2&sample=Sub-pixel")
    expect(lane_picture(page, "Flow", "dis_medium")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything (ZIP)").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        settings = json.loads(archive.read("settings.json"))
        flow = decode_flow(archive.read("flows/dis_medium.flo"))
        assert "sheet.png" in archive.namelist()
    assert flow.size == (300, 451)
    assert settings["lanes"]["dis_medium"]["config"]["model"] == "dis_medium"
    with page.expect_download() as download:
        page.get_by_role("button", name="Metrics (CSV)").click()
    assert download.value.path().read_text().startswith("lane,seconds,threads,epe,")


@pytest.mark.slow
def test_a_phone_shows_it_without_sideways_scrolling(page, server):
    page.set_viewport_size({"width": 400, "height": 800})
    open_compare(page, server, "?lanes=2")
    expect(lane_picture(page, "Flow", "dis_medium")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "/compare?lanes=2"])
def test_nothing_bars_a_screen_reader(page, server, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{server}{path}")
    expect(page.get_by_role("img").first).to_be_visible()
    settled(page)
    found = Axe().run(page).response["violations"]
    # Streamlit's own: the hint of the shortcut beside Run is too pale.
    ours = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found]
    assert [rule for rule in ours if rule[0] != "color-contrast"] == []


@pytest.mark.slow
def test_a_reload_and_a_second_tab_find_the_uploaded_pair(page, server, pair):
    open_compare(page, server, "?lanes=2&source=Two+frames")
    frames_drawer(page).first.set_input_files([png("a.png", pair.first), png("b.png", pair.second)])
    expect(page.get_by_text("128 x 96 px, with no truth.")).to_be_visible()
    page.wait_for_url("**pair=**")
    page.reload()
    expect(page.get_by_text("128 x 96 px, with no truth.")).to_be_visible()
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.get_by_text("128 x 96 px, with no truth.")).to_be_visible()


@pytest.mark.slow
def test_a_link_to_frames_that_are_gone_says_so(page, server):
    open_compare(page, server, f"?lanes=2&source=Two+frames&pair={'0' * 64}")
    expect(page.get_by_text("The frames of this link are no longer on this server")).to_be_visible()
    expect(lane_picture(page, "Flow", "dis_medium")).to_be_visible()


@pytest.mark.slow
def test_a_flow_with_the_wrong_sign_is_pointed_out(page, server, pair):
    open_compare(page, server, "?lanes=2&source=Two+frames")
    frames_drawer(page).first.set_input_files([png("a.png", pair.first), png("b.png", pair.second)])
    expect(page.get_by_text("128 x 96 px, with no truth.")).to_be_visible()
    wrong = encode_flow(FlowField(-pair.truth.uv), "flo")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "x.flo", "mimeType": "", "buffer": wrong}
    )
    expect(page.get_by_text("points from the second frame to the first")).to_be_visible()
