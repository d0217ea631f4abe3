"""The page Chunking in a real browser."""

import csv
import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.waiting import settled
from tests.patience import patient

pytestmark = pytest.mark.browser
LANES = ("dis_fast, whole", "dis_fast, 2x2 chunks", "dis_fast, resized by 0.54")


def open_chunking(page, server, query="?model=dis_fast&sample=Sub-pixel"):
    page.goto(f"{server}/chunking{query}")
    expect(page.get_by_role("heading", name="Chunking", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Advice")).to_be_visible()


def lane_picture(page, title):
    return page.get_by_role("img", name=f"{title}: Flow", exact=True)


def drag(page, start, end):
    """A box on the picture of the chunks, its corners as shares of the picture's sides."""
    picture = page.locator(".nsewdrag").first
    settled(page)
    picture.hover()  # once it stands still
    box = picture.bounding_box()
    corners = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=8)
    page.mouse.up()


def test_three_lanes_their_seams_and_the_numbers_to_take_away(page, server):
    open_chunking(page, server)
    for title in LANES:
        expect(lane_picture(page, title)).to_be_visible()
    expect(page.get_by_role("heading", name="Seams")).to_be_visible()
    expect(page.get_by_text("Matches cut off", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="EPE near seams (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert sum(int(row[f"{LANES[1]}, pixels"]) for row in rows) > 100_000


@pytest.mark.slow
def test_a_box_dragged_on_the_picture_is_the_size_of_the_chunks(page, server):
    open_chunking(page, server)
    expect(page.get_by_text("2x2 chunks of ")).to_be_visible()
    expect(lane_picture(page, LANES[2])).to_be_visible()
    drag(page, (0.2, 0.2), (0.6, 0.6))
    expect(page.get_by_text("4x3 chunks of ")).to_be_visible()
    expect(page.get_by_text("Settings changed: press Run")).to_be_visible()
    drag(page, (0.3, 0.3), (0.5, 0.39))
    expect(page.get_by_role("alert")).to_contain_text("cannot share 32 px")
    drag(page, (0.2, 0.2), (0.9, 0.9))
    expect(page.get_by_text("2x2 chunks of ")).to_be_visible()


@pytest.mark.slow
def test_a_curve_is_measured_and_advice_given(page, server):
    open_chunking(page, server, "?model=dis_fast&sample=Sub-pixel&curve=Number+of+chunks")
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_text("MB, ").filter(has_text="the whole frame")).to_be_visible(
        timeout=patient(90) * 1000
    )
    expect(page.get_by_role("button", name="Curve (CSV)")).to_be_visible()


@pytest.mark.slow
def test_the_curve_of_blur_has_a_line_for_every_net_and_its_chunks(page, server):
    query = "?model=scope_035.scenes&sample=Sub-pixel&curve=Blur"
    open_chunking(page, server, query)
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0, timeout=patient(240) * 1000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Curve (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    series = {row["series"] for row in rows}
    assert {"scope_035.scenes, whole", "scope_035.scenes, chunks"} <= series
    assert len(rows) == 5 * len(series)
    legend = page.locator(".st-key-curve-chart .legendtext")
    expect(legend).to_have_count(len(series))
    assert set(legend.all_text_contents()) == series


@pytest.mark.slow
def test_flows_are_taken_away_as_files(page, server):
    open_chunking(page, server)
    expect(lane_picture(page, LANES[2])).to_be_visible()
    page.get_by_role("button", name="Flow files").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="flo (.flo)").click()
    assert download.value.path().stat().st_size > 100_000
    assert download.value.suggested_filename.endswith(".flo")


@pytest.mark.slow
def test_every_way_of_cutting_can_be_reached_on_a_phone(page, server):
    page.set_viewport_size({"width": 400, "height": 800})
    open_chunking(page, server)
    box = settled(page).get_by_role("radio", name="memory", exact=True).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 400


@pytest.mark.slow
def test_a_phone_shows_it_without_sideways_scrolling(page, server):
    page.set_viewport_size({"width": 400, "height": 800})
    open_chunking(page, server)
    expect(lane_picture(page, LANES[2])).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.slow
def test_nothing_bars_a_screen_reader(page, server):
    open_chunking(page, server)
    expect(lane_picture(page, LANES[2])).to_be_visible()
    settled(page)
    found = Axe().run(page).response["violations"]
    # Streamlit's own: the hint of the shortcut beside Run is too pale.
    ours = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found]
    assert [rule for rule in ours if rule[0] != "color-contrast"] == []
