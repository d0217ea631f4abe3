"""Long work that is cancelled, found again and let go, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.comparing import lane_picture, open_compare

pytestmark = pytest.mark.browser
ENDLESS = 4  # the scale at which TV-L1 takes a minute and more


@pytest.mark.slow
def test_a_long_run_can_be_cancelled_and_started_again(page, server):
    open_compare(page, server, f"?lanes=2&model1=tvl1&scale1={ENDLESS}&source=One+image&dx=11")
    page.get_by_role("button", name="Cancel").click()
    gone = page.get_by_text(f"Cancelled: tvl1, scale {ENDLESS}; dis_medium. Press Run")
    expect(gone).to_be_visible()
    page.get_by_role("button", name="Run").click()
    expect(gone).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()


@pytest.mark.slow
def test_a_job_survives_a_reload_and_is_cancelled_from_a_second_tab(page, server):
    query = f"?lanes=1&model1=tvl1&scale1={ENDLESS}&source=One+image&dx=17"
    open_compare(page, server, query)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.reload()
    second = page.context.new_page()
    open_compare(second, server, query)
    second.get_by_role("button", name="Cancel").click()
    for tab in (second, page):
        expect(tab.get_by_text(f"Cancelled: tvl1, scale {ENDLESS}.")).to_be_visible()


def test_a_closed_page_lets_others_pass(page, server, browser):
    slow = f"model1=tvl1&scale1={ENDLESS}&model2=tvl1&scale2=3.9&model3=tvl1&scale3=3.8"
    open_compare(page, server, f"?lanes=3&{slow}")
    expect(page.get_by_text("number 2 in the queue")).to_be_visible()
    page.close()
    other = browser.new_context().new_page()
    open_compare(other, server, "?lanes=1&model1=dis_fast&sample=Sub-pixel")
    expect(lane_picture(other, "Flow", "dis_fast")).to_be_visible()
