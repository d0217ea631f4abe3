"""Memory of the server around drops of large frames.

``FLOWSCOPE_PATIENCE=8 python -m tests.benchmarks.drops [FRAMES ...]``

Visitors one after the other drop so many PNGs of 63 MB into Compare: two, four times, then six.
Each waits until the lane's flow is drawn, then closes the page. After them come others, who look at
a sample, one a minute. Said is what the server holds (resident, MB), and with all that it started,
shared pages counted once.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Browser, sync_playwright

from flowcore.io.frames import write_frame
from tests.benchmarks.serving import served
from tests.browser.comparing import frames_drawer
from tests.browser.waiting import settled

SIZE = (4400, 4800)
COMPARE = "compare?lanes=1&model1=dis_ultrafast&source=Two+frames"
SAMPLE = "compare?lanes=1&model1=dis_ultrafast"
DROPS = (2, 2, 2, 2, 6)
LATER_VISITS = 12
A_MINUTE = 60  # between visitors: what is measured is what is still held then


def write_noise(folder: Path, count: int) -> list[str]:
    """So many frames of noise, which no PNG makes smaller."""
    rng = np.random.default_rng(0)
    paths = [str(folder / f"frame{number}.png") for number in range(count)]
    for path in paths:
        write_frame(path, rng.integers(0, 256, (*SIZE, 3), np.uint8))
    return paths


def drop(browser: Browser, address: str, paths: list[str]) -> float:
    """Seconds from the drop to the flow on the page, which is then closed."""
    page = browser.new_page()
    page.goto(f"http://{address}/{COMPARE}")
    field = frames_drawer(settled(page)).first
    started = time.perf_counter()
    field.set_input_files(paths)
    page.get_by_text(f"{SIZE[1]} x {SIZE[0]} px").first.wait_for(timeout=600_000)
    settled(page)
    seconds = time.perf_counter() - started
    page.close()
    return seconds


def look(browser: Browser, address: str) -> None:
    """Open a sample, wait until its flow is drawn, leave."""
    page = browser.new_page()
    page.goto(f"http://{address}/{SAMPLE}")
    page.get_by_role("img", name="dis_ultrafast: Flow", exact=True).wait_for(timeout=120_000)
    page.close()


def held(server: psutil.Process) -> str:
    """MB of the server, and with all that it started, shared pages counted once."""
    family = [server, *server.children(recursive=True)]
    every = sum(member.memory_full_info().pss for member in family)
    return f"{server.memory_info().rss / 1e6:.0f} of {every / 1e6:.0f} MB"


def main(drops: Sequence[int]) -> None:
    with (
        served() as (address, server),
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        paths = write_noise(Path(folder), sum(drops))
        size = Path(paths[0]).stat().st_size / 1e6
        look(browser, address)
        print(f"a sample: {held(server)}", flush=True)
        for count in drops:
            dropped, paths = paths[:count], paths[count:]
            seconds = drop(browser, address, dropped)
            print(
                f"{count} frames of {size:.0f} MB: flow after {seconds:.1f} s, {held(server)}",
                flush=True,
            )
            time.sleep(A_MINUTE)
        for minute in range(1, LATER_VISITS + 1):
            look(browser, address)
            print(f"{minute} min later, after another visitor: {held(server)}", flush=True)
            time.sleep(A_MINUTE)
        browser.close()


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or DROPS)
