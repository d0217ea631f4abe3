"""Time to the first flow on screen, in headless Chromium.

``python -m tests.benchmarks.first_flow`` starts ``make run`` in this checkout, waits for the first
panel of Compare, then loads the page five times more, warm, in turn with a Streamlit page of one
line: what Compare adds to that is ours. In a clean clone, run it with any Python that has
playwright: the first number then includes making ``.venv`` and installing.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PORT = 8517
ADDRESS = f"http://localhost:{PORT}"
EMPTY_PORT = 8518
LINE = "An empty page"
WARM = ("warm page to first panel", "warm page to all panels", "empty page")


def wait_for_server(port: int) -> None:
    while True:
        try:
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).close()
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


def load_empty(browser) -> float:
    """Seconds from opening the address to the line."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    start = time.perf_counter()
    page.goto(f"http://localhost:{EMPTY_PORT}")
    page.get_by_text(LINE).wait_for(timeout=120_000)
    seconds = time.perf_counter() - start
    page.close()
    return seconds


@contextmanager
def empty_page():
    """A server of a page of one line, with the Python of this checkout."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(f"import streamlit\nstreamlit.write({LINE!r})\n")
        python = ROOT / ".venv" / "bin" / "python"
        options = [f"--server.port={EMPTY_PORT}", "--server.headless=true"]
        server = subprocess.Popen(
            [str(python), "-m", "streamlit", "run", str(script), *options],
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for_server(EMPTY_PORT)
            yield
        finally:
            server.terminate()
            server.wait()


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
        wait_for_server(PORT)
        up = time.perf_counter() - start
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            first, _ = load(browser)
            total = time.perf_counter() - start
            print(f"make run to server        {up:7.1f} s")
            print(f"make run to first flow    {up + first:7.1f} s (all three lanes {total:.1f} s)")
            with empty_page():
                load_empty(browser)
                turns = [(*load(browser), load_empty(browser)) for _ in range(5)]
            for name, seconds in zip(WARM, zip(*turns, strict=True), strict=True):
                print(f"{name:25s} {min(seconds):7.2f} s best, {median(seconds):.2f} s median")
            print(
                f"{'first panel / empty page':25s} {median(t[0] / t[2] for t in turns):7.2f} median"
            )
            browser.close()
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


if __name__ == "__main__":
    main()
