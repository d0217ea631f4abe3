"""One journey through the pages Sizes and Bursts, and FlowNet2 on Compare, in a real browser."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import settled

pytestmark = pytest.mark.browser


def rows_of(page, button):
    """The CSV behind a button, a dictionary for each row."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text())))


def test_sizes_are_drawn_and_taken_away(page, server):
    page.goto(f"{server}/sizes?models=dis_fast&models=scope_035.scenes&sample=Sub-pixel")
    expect(page.get_by_role("heading", name="To ship")).to_be_visible()
    settled(page)
    costs = page.get_by_role("radiogroup", name="Cost, to the right")
    costs.get_by_text("Parameters", exact=True).click()
    page.wait_for_url("**x=**")
    expect(page.get_by_test_id("stPlotlyChart").first).to_contain_text("Parameters")
    rows = {row["model"]: row for row in rows_of(page, "Sizes (CSV)")}
    net, classical = rows["scope_035.scenes"], rows["dis_fast"]
    assert float(net["megabytes"]) == pytest.approx(0.350, abs=0.001)
    assert float(net["epe"]) < 1
    assert float(classical["megabytes"]) == 0


def test_a_burst_is_restored_and_shows_where_a_patch_looked(page, server):
    page.goto(f"{server}/bursts?burst-nets=burst.static")
    expect(page.get_by_role("heading", name="Attention as flow")).to_be_visible()
    settled(page)
    row = page.get_by_role("spinbutton", name=re.compile("^Row"))
    row.fill("3")
    row.press("Enter")
    page.wait_for_url("**patch-row=3**")
    settled(page)
    figures = {row["method"]: row for row in rows_of(page, "Figures (CSV)")}
    assert float(figures["burst.static"]["psnr"]) > float(figures["middle frame as it is"]["psnr"])


def test_each_network_of_the_stack_is_seen_doing_its_part(page, server):
    page.goto(f"{server}/compare?sample=Sub-pixel&lanes=1&model1=dis_fast&stack=true")
    for question in ("what is where?", "what hardly moves?", "whom to believe?", "The numbers"):
        expect(page.get_by_role("heading", name=re.compile(re.escape(question)))).to_be_visible()
    settled(page)
    expect(page.get_by_role("alert")).to_have_count(0)
