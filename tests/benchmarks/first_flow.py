"""Time to the first flow on screen, in headless Chromium.

``python -m tests.benchmarks.first_flow`` starts ``make run`` in this checkout, waits for the first
panel of Compare, then loads the page five times more, warm. In a clean clone, run it with any
Python that has playwright: the first number then includes making ``.venv`` and installing.
"""

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PORT = 8517
ADDRESS = f"http://localhost:{PORT}"


def wait_for_server() -> None:
    while True:
        try:
            urllib.request.urlopen(f"{ADDRESS}/_stcore/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)


def load(browser) -> tuple[float, float]:
    """Seconds from opening the address to the first panel, and to all three."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    start = time.perf_counter()
    page.goto(f"{ADDRESS}/compare")
    page.get_by_role("img", name="scope_070.scenes: Flow").wait_for(timeout=120_000)
    first = time.perf_counter() - start
    page.get_by_role("img", name="farneback: Flow").wait_for(timeout=120_000)
    everything = time.perf_counter() - start
    page.close()
    return first, everything


def main() -> None:
    start = time.perf_counter()
    server = subprocess.Popen(
        ["make", "run", f"PORT={PORT}"],
        cwd=ROOT,
        env={**os.environ, "STREAMLIT_SERVER_HEADLESS": "true"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for_server()
        up = time.perf_counter() - start
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            first, _ = load(browser)
            total = time.perf_counter() - start
            print(f"make run to server        {up:7.1f} s")
            print(f"make run to first flow    {up + first:7.1f} s (all three lanes {total:.1f} s)")
            warm = sorted(load(browser) for _ in range(5))
            print(f"warm page to first panel  {warm[0][0]:7.2f} s best, {warm[2][0]:.2f} s median")
            print(f"warm page to all panels   {min(w[1] for w in warm):7.2f} s best")
            browser.close()
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


if __name__ == "__main__":
    main()
