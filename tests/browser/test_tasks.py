"""One journey through the part Tasks of the page Robustness in a real browser."""

import csv

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLAYS = "() => { const film = document.querySelector('video'); return film.currentTime > 0.2; }"


def test_a_drive_is_watched_and_a_failure_replayed(page, server):
    query = "part=Tasks&model=dis_ultrafast&course-speed=0.25&perturbation=noise&trials=4"
    page.goto(f"{server}/robustness?{query}")
    expect(settled(page).locator("video")).to_be_visible()
    page.wait_for_function(PLAYS)
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)", exact=True).click()
    with open(download.value.path(), encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 3

    page.get_by_text("Search for failures").click()
    page.wait_for_url("**search=true**")
    expect(settled(page).get_by_text("of 4 courses fail")).to_be_visible()
    page.get_by_role("button", name="Replay").first.click()
    page.wait_for_url("**perturbation=nothing**")
    shown = settled(page).get_by_text("With the estimated flow it")
    words = shown.inner_text()
    assert "arrives" not in words.partition("With the estimated flow")[2].partition(".")[0]

    page.goto(page.url)  # the link gives the same screen
    expect(settled(page).get_by_text("With the estimated flow it")).to_have_text(words)
    expect(page.get_by_role("alert")).to_have_count(0)
