"""From a click to the probe: ``python -m tests.benchmarks.probe URL``.

Against a server that runs already, such as that of ``make run``. Four lanes on the first sample,
all of them finished and looked into; the time from the button's release until every picture of the
attention is a new one and decoded, best and median of the clicks.
"""

import argparse
import statistics

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM

LANES = (
    "lanes=4&model1=scope_070.scenes&model2=scope_035.scenes&model3=scope_200.scenes"
    "&model4=dis_medium"
)
PLACES = [(0.3, 0.4), (0.8, 0.3), (0.5, 0.75), (0.25, 0.3), (0.6, 0.5), (0.7, 0.8), (0.4, 0.6)]
WATCH = """() => {
  const pictures = () => [...document.querySelectorAll('img[alt^="Attention of"]')];
  const old = new Set(pictures().map((picture) => picture.src));
  const count = pictures().length;
  window.clickSeconds = 0;
  addEventListener("pointerup", () => {
    const start = performance.now();
    const isNew = (picture) => !old.has(picture.src) && picture.complete && picture.naturalWidth;
    const poll = () => {
      const now = pictures();
      if (now.length === count && now.every(isNew)) {
        window.clickSeconds = (performance.now() - start) / 1000;
      } else requestAnimationFrame(poll);
    };
    poll();
  }, { capture: true, once: true });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--lanes", default=LANES)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = chromium.new_page(viewport={"width": 1280, "height": 1800})
        page.set_default_timeout(300_000)
        page.goto(f"{options.url}/compare?px=150&py=200&{options.lanes}")
        page.get_by_alt_text("Attention of dis_medium").first.wait_for()
        truth = page.get_by_role("img", name="Truth: Flow")
        truth.wait_for()
        while page.get_by_role("button", name="Cancel").count():
            page.wait_for_timeout(500)
        page.wait_for_timeout(5000)
        box = truth.bounding_box()
        seconds = []
        for right, down in PLACES:
            page.evaluate(WATCH)
            page.mouse.click(box["x"] + right * box["width"], box["y"] + down * box["height"])
            while not (found := page.evaluate("() => window.clickSeconds")):
                page.wait_for_timeout(50)
            seconds.append(found)
            page.wait_for_timeout(1000)
        chromium.close()
    best, median = min(seconds), statistics.median(seconds)
    print(f"click to probe: {best:.2f} s best, {median:.2f} s median of {len(seconds)}")


if __name__ == "__main__":
    main()
