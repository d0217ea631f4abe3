"""States of a page that tests wait for."""

from tests.patience import wait_until

__all__ = ["settled"]

IS_AT_REST = """() => {
    const app = document.querySelector("[data-testid=stApp]");
    const buttons = [...document.querySelectorAll("button")].map((button) => button.textContent);
    return app?.dataset.testScriptState === "notRunning"
        && !document.querySelector("[data-stale=true], [data-testid=stSkeleton]")
        && !buttons.includes("Cancel");
}"""
POLLS = 3  # in a row: between two runs of the script it rests for a moment


def settled(page):
    """The page once its script has run to the end, nothing is on its way, and all is drawn."""
    undrawn = page.locator(".flow-viewer:not([data-drawn])")
    polls = []

    def is_settled():
        polls.append(page.evaluate(IS_AT_REST) and not undrawn.count())
        return len(polls) >= POLLS and all(polls[-POLLS:])

    wait_until(is_settled, seconds=60, pause=0.15, what="a settled page")
    return page
