"""The viewer in headless Chromium: ``python -m tests.benchmarks.viewer``.

A real pair at 1024x436 with truth and four lanes: bytes of payload and HTML report, time from the
data's arrival to the first draw, time to recolor every pane, frames a second while panning.
Chromium draws without a GPU here.
"""

import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import sync_playwright

from flowcore.data import samples
from flowcore.export.report import html_report
from flowcore.lane import run_lane
from flowcore.types import FlowField, FramePair, PipelineConfig
from flowcore.viz.viewer_page import viewer_page
from flowcore.viz.viewer_payload import ViewerLane, pack_viewer

SIZE = (1024, 436)  # (width, height)
MODELS = ("dis_medium", "dis_fast", "dis_ultrafast", "farneback")
ROOT = "document.querySelector('flow-viewer').shadowRoot.querySelector('.flow-viewer')"
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


def resized_pair() -> FramePair:
    """The motorcycle at 1024x436, its truth rescaled."""
    pair = samples.load("motorcycle")
    height, width = pair.size
    first, second = (
        cv2.resize(f, SIZE, interpolation=cv2.INTER_AREA) for f in (pair.first, pair.second)
    )
    uv = cv2.resize(np.array(pair.truth.uv), SIZE, interpolation=cv2.INTER_NEAREST)
    valid = cv2.resize(pair.truth.valid.astype(np.uint8), SIZE, interpolation=cv2.INTER_NEAREST) > 0
    uv *= np.float32((SIZE[0] / width, SIZE[1] / height))
    return FramePair(first, second, FlowField(uv, valid), name="motorcycle")


def main() -> None:
    pair = resized_pair()
    lanes = {model: run_lane(pair, PipelineConfig(model)) for model in MODELS}
    payload = pack_viewer(
        pair,
        [ViewerLane(name, lane.estimate.flow, lane.consistent) for name, lane in lanes.items()],
    )
    print(f"payload                {len(payload) / 1e6:8.2f} MB")
    print(f"HTML report            {len(html_report(pair, lanes).encode()) / 1e6:8.2f} MB")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "viewer.html"
        path.write_text(viewer_page(payload), encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        draws, recolors, rates = [], [], []
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.as_uri())
            page.wait_for_function(f"() => {ROOT}.dataset.firstDrawMs")
            draws.append(float(page.evaluate(f"{ROOT}.dataset.firstDrawMs")))
            recolors.append(page.evaluate(
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
            ))  # fmt: skip
            root = page.evaluate_handle(ROOT)
            page.evaluate(f"() => {ROOT}.querySelector('.stage').focus()")
            for _ in range(4):
                page.keyboard.press("+")
            rates.append(root.evaluate(PAN))
            page.close()
        browser.close()
    print(f"first draw             {min(draws):8.0f} ms best, {sorted(draws)[2]:.0f} median of 5")
    print(f"recolor all panes      {min(recolors):8.0f} ms best")
    print(
        f"panning                {max(rates):8.1f} frames a second, {sorted(rates)[2]:.1f} median"
    )


if __name__ == "__main__":
    main()
