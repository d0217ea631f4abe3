"""States of a page that tests wait for."""

from playwright.sync_api import expect

__all__ = ["settled"]


def settled(page):
    """The page once its script has run to the end and nothing is on its way."""
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    return page
