"""From opening a page to its first picture: ``python -m tests.benchmarks.page_loads [VISITS]``.

A warm server and headless Chromium: Compare and Semantics as they begin, in a fresh browser profile
and again in the same one, which has its scripts, in turn with a Streamlit page of one line. The
first picture is all panes of the viewer; of Semantics the label maps are told as well, of Compare
the table.
"""

import shutil
import statistics
import sys
import time

from playwright.sync_api import BrowserContext, sync_playwright

from tests.benchmarks.first_flow import EMPTY_PORT, LINE, empty_page
from tests.benchmarks.serving import served

LABELS = """() => [...document.querySelectorAll("[data-testid=stImage] img[alt^=Labels]")].filter(
    (one) => one.complete && one.naturalWidth && one.offsetWidth).length > 1"""


def first_panes(context: BrowserContext, url: str) -> dict[str, float]:
    """Seconds to what is seen first; a page takes its time to become quiet afterwards."""
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(url, wait_until="commit")
    times = {}
    if "semantics" in url:
        page.wait_for_function(LABELS, polling="raf", timeout=120_000)
        times["label maps"] = time.perf_counter() - begun
    page.locator(".flow-viewer[data-first-draw-ms]").wait_for(timeout=120_000)
    times["first panes"] = time.perf_counter() - begun
    if "compare" in url:
        page.locator("[data-testid=stDataFrame] canvas").first.wait_for(timeout=120_000)
        times["table"] = time.perf_counter() - begun
    page.locator(".flow-viewer[data-drawn]").wait_for(timeout=120_000)
    page.wait_for_timeout(2000)
    page.close()
    return times


def one_line(context: BrowserContext) -> dict[str, float]:
    """Seconds until an empty page of Streamlit has its line."""
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(f"http://localhost:{EMPTY_PORT}", wait_until="commit")
    page.get_by_text(LINE).wait_for(timeout=120_000)
    seconds = time.perf_counter() - begun
    page.close()
    return {"line": seconds}


def main() -> None:
    num_visits = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    times: dict[tuple[str, str, str], list[float]] = {}
    with served() as (address, _), empty_page(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for visit in range(num_visits + 1):
            for name in ("compare", "semantics", "empty page"):
                context = browser.new_context(viewport={"width": 1280, "height": 900})
                for profile in ("fresh", "again"):
                    if name == "empty page":
                        found = one_line(context)
                    else:
                        found = first_panes(context, f"http://{address}/{name}")
                    for what, seconds in found.items():
                        if visit:  # the first one warms the server
                            times.setdefault((name, profile, what), []).append(seconds)
                context.close()
        browser.close()
    for (name, profile, what), seconds in times.items():
        best, median = min(seconds), statistics.median(seconds)
        print(f"{name:11s} {profile:6s} {what:11s} {best:.2f} s best, {median:.2f} s median")


if __name__ == "__main__":
    main()
