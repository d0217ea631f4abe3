"""The page Semantics in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from flowcore.io.frames import decode_labels
from tests.browser.waiting import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NET = "scope_070_semantic.heads"


def test_a_pair_without_labels_gets_them_and_says_how_sure_its_flow_is(page, server):
    page.goto(f"{server}/semantics?models=dis_fast&sample=Static&part=Uncertainty")
    expect(page.get_by_text(f"classes that {NET} decodes")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Uncertainty of dis_fast"))).to_be_visible()
    with page.expect_download() as download:
        settled(page).get_by_role("button", name="Labels of the first frame (PNG)").click()
    labels = decode_labels(download.value.path().read_bytes())
    assert labels.shape == (427, 640)
    assert labels.min() >= 1
    page.get_by_label("All panes").select_option("uncertainty")
    expect(page.get_by_role("img", name="dis_fast: Uncertainty (round trip)")).to_be_visible()
    page.get_by_role("link", name=f"How the heads of {NET} learnt").click()
    expect(page.get_by_role("heading", name="Learning curves")).to_be_visible()
    expect(page).to_have_url(re.compile(f"runs={NET}"))
