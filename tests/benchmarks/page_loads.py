"""From opening a page to its first picture: ``python -m tests.benchmarks.page_loads [VISITS]``.

A warm server and headless Chromium: Compare and Semantics as they begin, in a fresh browser profile
and in one that has been on the page before, thrice, and so has its scripts (Chromium keeps compiled
ones from the second visit on), in turn with a Streamlit page of one line. The first picture is all
panes of the viewer; of Semantics the label maps are told as well, of Compare the table. The page's
own clock is read, at the frame after the one that shows it: who asks from outside waits while the
browser builds what comes next.
"""

import shutil
import statistics
import sys

from playwright.sync_api import BrowserContext, sync_playwright

from tests.benchmarks.first_flow import EMPTY_PORT, empty_page
from tests.benchmarks.serving import served

EARLIER_VISITS = 3
VIEWPORT = {"width": 1280, "height": 900}
CLOCK = """
const signs = {
  "line": () => document.querySelector("[data-testid=stMarkdownContainer] p"),
  "label maps": () => {
    const images = [...document.querySelectorAll("[data-testid=stImage] img[alt^=Labels]")];
    return images.filter((one) => one.complete && one.naturalWidth && one.offsetWidth).length > 1;
  },
  "all panes": () => "flowDrawn" in document.documentElement.dataset,
  "table": () => document.querySelector("[data-testid=stDataFrame] canvas"),
};
window.seen = {};
requestAnimationFrame(function look() {
  for (const [name, isThere] of Object.entries(signs)) {
    if (!isThere()) continue;
    delete signs[name];
    requestAnimationFrame(() => { seen[name] = performance.now() / 1000; });
  }
  requestAnimationFrame(look);
});
"""
SEEN = {
    "compare": ("all panes", "table"),
    "semantics": ("label maps", "all panes"),
    "empty page": ("line",),
}


def load(context: BrowserContext, url: str, names: tuple[str, ...]) -> dict[str, float]:
    """Seconds to what is seen; a page takes its time to become quiet afterwards."""
    page = context.new_page()
    page.add_init_script(CLOCK)
    page.goto(url, wait_until="commit")
    page.wait_for_function("names => names.every((one) => one in seen)", arg=names, timeout=120_000)
    page.wait_for_timeout(2000)
    seen = page.evaluate("seen")
    page.close()
    return {name: seen[name] for name in names}


def main() -> None:
    num_visits = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    times: dict[tuple[str, str, str], list[float]] = {}
    with served() as (address, _), empty_page(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        known = browser.new_context(viewport=VIEWPORT)
        for visit in range(-EARLIER_VISITS, num_visits):
            for name, names in SEEN.items():
                is_empty = name == "empty page"
                url = f"http://localhost:{EMPTY_PORT}" if is_empty else f"http://{address}/{name}"
                fresh = browser.new_context(viewport=VIEWPORT)
                for profile, context in (("fresh", fresh), ("known", known)):
                    for what, seconds in load(context, url, names).items():
                        if visit >= 0:
                            times.setdefault((name, profile, what), []).append(seconds)
                fresh.close()
        browser.close()
    for (name, profile, what), seconds in times.items():
        best, median = min(seconds), statistics.median(seconds)
        print(f"{name:11s} {profile:6s} {what:11s} {best:.2f} s best, {median:.2f} s median")


if __name__ == "__main__":
    main()
