"""The page Training in a real browser."""

import csv
import io

import pytest
from playwright.sync_api import expect

from flowcore.training.log import LOG_COLUMNS
from tests.browser.waiting import settled

pytestmark = pytest.mark.browser


def test_a_dropped_log_is_a_chart_whose_data_can_be_taken_away(page, server):
    rows = [f"{step},only,0.001,9,{90 / step},1,,{step}" for step in (20, 40, 60)]
    log = "\n".join([",".join(LOG_COLUMNS), *rows]).encode()
    page.goto(f"{server}/training?curves-window=0")
    settled(page).get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [
            {"name": "good.csv", "mimeType": "text/csv", "buffer": log},
            {"name": "bad.csv", "mimeType": "text/csv", "buffer": b"PNG"},
        ]
    )
    expect(page.get_by_role("alert")).to_contain_text("bad: The learning curve lacks the columns")
    expect(settled(page).locator(".js-plotly-plot")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Data of the chart (CSV)").click()
    table = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    own = [(row["step"], row["mean"]) for row in table if row["run"] == "good"]
    assert own == [("20", "4.5"), ("40", "2.25"), ("60", "1.5")]
    assert {row["run"] for row in table} > {"good"}  # beside runs that ship
