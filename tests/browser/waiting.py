"""States of a page that tests wait for."""

from tests.patience import wait_until

__all__ = ["settled"]

UNSETTLED = "[data-stale=true], .flow-viewer:not([data-drawn])"


def settled(page):
    """The page once its script has run to the end, nothing is on its way, and all is drawn."""
    app = page.get_by_test_id("stApp")
    cancel = page.get_by_role("button", name="Cancel", exact=True)

    def is_settled():
        state = app.get_attribute("data-test-script-state")
        return state == "notRunning" and not cancel.count() and not page.locator(UNSETTLED).count()

    wait_until(is_settled, seconds=60, pause=0.1, what="a settled page")
    return page
