"""Stepping through the stages in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import settled

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_person_steps_to_the_last_stage_and_takes_the_curve_away(page, server):
    page.goto(
        f"{server}/compare?sample=Sub-pixel&lanes=2&model1=scope_035.scenes&iterations1=4&model2=dis_fast"
    )
    page.get_by_text("Step through the stages").click()
    expect(page.get_by_text("iteration 1 of 4, moved vectors")).to_be_visible()
    settled(page)
    slider = page.get_by_role("slider", name="Stage")
    slider.focus()
    page.keyboard.press("End")
    expect(page.get_by_text("iteration 4 of 4, moved vectors")).to_be_visible()
    page.wait_for_url(re.compile("stage=4"))
    with page.expect_download() as download:
        settled(page).get_by_role("button", name="Stages (CSV)").click()
    rows = download.value.path().read_text().splitlines()
    assert rows[0] == "lane,stage,name,epe_px,update_px,stopped_percent"
    assert len(rows) == 5
