"""Memory of the server over 100 comparisons of changing pairs, and two users at once.

``python -m tests.benchmarks.server_memory`` starts a server, opens Compare 100 times on a pair of
another motion, and prints the resident memory of the server with its workers; then two browsers run
TV-L1 on different pairs at the same time.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PORT = 8518
ADDRESS = f"http://localhost:{PORT}/compare"
LANES = "lanes=2&model1=dis_fast&model2=dis_ultrafast&source=One+image"


def resident(process: psutil.Process) -> float:
    """MB of the process and all that it started."""
    family = [process, *process.children(recursive=True)]
    return sum(member.memory_info().rss for member in family) / 1e6


def open_and_wait(page, query: str, picture: str) -> float:
    start = time.perf_counter()
    page.goto(f"{ADDRESS}?{query}")
    page.get_by_role("img", name=picture, exact=True).wait_for(timeout=120_000)
    return time.perf_counter() - start


def main() -> None:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={PORT}"]
    server = subprocess.Popen(
        [*command, "--server.headless=true", "--server.fileWatcherType=none"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(8)
    process = psutil.Process(server.pid)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page()
            for index in range(1, 101):
                open_and_wait(page, f"{LANES}&dx={index / 4}", "dis_ultrafast: Flow")
                if index in (1, 10, 25, 50, 75, 100):
                    print(f"after {index:3} runs: {resident(process):7.0f} MB", flush=True)
            users = [browser.new_context().new_page() for _ in range(2)]
            slow = "lanes=1&model1=tvl1&source=One+image"
            start = time.perf_counter()
            for user, dx in zip(users, (3, 4), strict=True):
                user.goto(f"{ADDRESS}?{slow}&dx={dx}")
            for number, user in enumerate(users, start=1):
                user.get_by_role("img", name="tvl1: Flow", exact=True).wait_for(timeout=120_000)
                print(f"user {number} served after {time.perf_counter() - start:5.1f} s")
            browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
