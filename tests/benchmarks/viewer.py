"""The viewer in headless Chromium: ``python -m tests.benchmarks.viewer [WIDTHxHEIGHT]``.

A real pair at 1024x436 with truth and four lanes: bytes of the payload that a page gets, of the
exact flows beside it, and of the HTML report; time from the data's arrival to the first draw (of a
page and of a report, which has the exact flows in it), to recolor every pane, from a pointed pixel
to its exact numbers (the first one, and 120 ms of rest in it), and frames a second while panning.
Chromium draws without a GPU here.
"""

import re
import shutil
import sys
import time

import cv2
import numpy as np
from playwright.sync_api import Page, Route, sync_playwright

from flowcore.data import samples
from flowcore.export.report import html_report
from flowcore.lane import run_lane
from flowcore.types import FlowField, FramePair, PipelineConfig
from flowcore.viz.viewer_address import address_viewer
from flowcore.viz.viewer_page import viewer_page, viewer_script, viewer_style
from flowcore.viz.viewer_payload import ViewerLane, cut_viewer, pack_viewer

SIZE = (1024, 436)  # (width, height)
MODELS = ("dis_medium", "dis_fast", "dis_ultrafast", "farneback")
SITE = "http://viewer.test"
PAGE = f"""<!doctype html><body><div><style>{viewer_style()}</style><div class="flow-viewer"></div>
</div><script type="module">
import call from "/viewer.js";
const data = new Uint8Array(await (await fetch("/payload")).arrayBuffer());
call({{ data, parentElement: document.querySelector("div"), setTriggerValue() {{}} }});
</script></body>"""
ROOT = (
    "(document.querySelector('flow-viewer')?.shadowRoot ?? document).querySelector('.flow-viewer')"
)
PAN = """async (element) => {
  const stage = element.querySelector('canvas.picture');
  const box = stage.getBoundingClientRect();
  const fire = (type, x, y) => stage.dispatchEvent(new PointerEvent(type, {
    clientX: box.x + x, clientY: box.y + y, pointerId: 1, isPrimary: true, bubbles: true, buttons: 1, button: 0 }));
  stage.setPointerCapture = () => {};
  fire('pointerdown', 100, 100);
  let frames = 0;
  const start = performance.now();
  while (performance.now() - start < 2000) {
    const t = performance.now() / 200;
    fire('pointermove', 100 + 60 * Math.cos(t), 100 + 40 * Math.sin(t));
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  fire('pointerup', 100, 100);
  return frames / (performance.now() - start) * 1000;
}"""  # noqa: E501  JavaScript


def resized_pair(size: tuple[int, int]) -> FramePair:
    """The motorcycle at (width, height), its truth rescaled."""
    pair = samples.load("motorcycle")
    height, width = pair.size
    first, second = (
        cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in (pair.first, pair.second)
    )
    uv = cv2.resize(np.array(pair.truth.uv), size, interpolation=cv2.INTER_NEAREST)
    valid = cv2.resize(pair.truth.valid.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    uv *= np.float32((size[0] / width, size[1] / height))
    return FramePair(first, second, FlowField(uv, valid), name="motorcycle")


def serve(page: Page, answers: dict[str, tuple[str, bytes]]) -> None:
    """Let a page have these from the site, ranges too."""

    def answer(route: Route) -> None:
        kind, content = answers[route.request.url.removeprefix(SITE)]
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", route.request.headers.get("range", ""))
        part = content[int(asked[1]) : int(asked[2]) + 1] if asked else content
        route.fulfill(status=206 if asked else 200, content_type=kind, body=part)

    page.route(f"{SITE}/**", answer)


def first_draw(page: Page, url: str) -> float:
    """Milliseconds."""
    page.goto(url)
    page.wait_for_function(f"() => {ROOT}?.dataset.firstDrawMs")
    return float(page.evaluate(f"{ROOT}.dataset.firstDrawMs"))


def exact_numbers(page: Page) -> float:
    """Milliseconds from a pointed pixel to its exact numbers."""
    page.wait_for_function(f"() => {ROOT}.dataset.drawn")
    box = page.locator("canvas.picture").last.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 3 + 1, box["y"] + box["height"] / 3 + 1)
    start = time.perf_counter()
    page.wait_for_function(
        f"() => /\\d/.test({ROOT}.querySelector('tr:last-child td.u').textContent)"
        f" && !{ROOT}.querySelector('table').textContent.includes('≈')"
    )
    return 1000 * (time.perf_counter() - start)


def recolor(page: Page) -> float:
    """Milliseconds."""
    return page.evaluate(
        f"""async () => {{
            const field = {ROOT}.querySelector('input[type=number]');
            await new Promise(requestAnimationFrame);
            const start = performance.now();
            field.value = 33;
            field.dispatchEvent(new Event('change', {{ bubbles: true }}));
            field.dispatchEvent(new Event('input', {{ bubbles: true }}));
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            return performance.now() - start;
        }}"""
    )


def panning(page: Page) -> float:
    """Frames a second, zoomed in."""
    page.evaluate(f"() => {ROOT}.querySelector('.stage').focus()")
    for _ in range(4):
        page.keyboard.press("+")
    return page.evaluate_handle(ROOT).evaluate(PAN)


def told(what: str, values: list[float], unit: str = "ms") -> None:
    best = max(values) if unit != "ms" else min(values)
    print(f"{what:31} {best:8.1f} {unit} best, {sorted(values)[len(values) // 2]:.1f} median")


def main() -> None:
    size = tuple(map(int, sys.argv[1].split("x"))) if len(sys.argv) > 1 else SIZE
    pair = resized_pair(size)
    results = {model: run_lane(pair, PipelineConfig(model)) for model in MODELS}
    lanes = [ViewerLane(name, one.estimate.flow, one.consistent) for name, one in results.items()]
    tiles = cut_viewer(pair, lanes)
    payload = address_viewer(pack_viewer(pair, lanes, tiles=tiles), tiles="tiles")
    report = viewer_page(pack_viewer(pair, lanes)).encode()
    print(f"payload                         {len(payload) / 1e6:8.2f} MB")
    print(f"exact flows beside it           {len(tiles.content) / 1e6 if tiles else 0:8.2f} MB")
    print(
        f"HTML report                     {len(html_report(pair, results).encode()) / 1e6:8.2f} MB"
    )
    answers = {
        "/": ("text/html", PAGE.encode()),
        "/viewer.js": ("text/javascript", viewer_script().encode()),
        "/payload": ("application/octet-stream", payload),
        "/tiles": ("application/octet-stream", tiles.content if tiles else b""),
        "/report": ("text/html", report),
    }
    draws, exacts, recolors, rates, reports = [], [], [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(180_000)
            serve(page, answers)
            draws.append(first_draw(page, f"{SITE}/"))
            exacts.append(exact_numbers(page))
            recolors.append(recolor(page))
            rates.append(panning(page))
            reports.append(first_draw(page, f"{SITE}/report"))
            page.close()
        browser.close()
    told("first draw", draws)
    told("first draw of the report", reports)
    told("exact numbers of a pixel", exacts)
    told("recolor all panes", recolors)
    told("panning", rates, "frames/s")


if __name__ == "__main__":
    main()
