"""What a data set of many pairs costs: the store beside a plain loop, and the page Datasets.

``python -m tests.benchmarks.datasets store [NUM]``: NUM (1000) pairs of 512x384 with `dis_medium`,
one after the other: a plain loop that reads, estimates and measures; `evaluate` with a store; and
the same again, of which nothing is computed. The first two take turns, 50 pairs at a time, so that
other work on the machine meets both.

``python -m tests.benchmarks.datasets page [NUM]``: NUM (1000) pairs of 64x48, two lanes in the
store; then a server and a headless Chromium: from opening the address until the leaderboard is
there, and all with the chart and the pictures, in a fresh browser profile and in one that has its
scripts, beside a Streamlit page of one line in a fresh one; and from Enter in the filter until they
have changed.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from flowcore.data.datasets import Dataset, open_dataset
from flowcore.data.synthetic import make_pair
from flowcore.evaluation import evaluate
from flowcore.io.flow_files import write_flow
from flowcore.io.frames import write_frame
from flowcore.metrics.summary import measure_errors
from flowcore.pipeline import run
from flowcore.store import RunStore
from flowcore.types import PipelineConfig
from tests.benchmarks.first_flow import empty_page, load_empty
from tests.browser.conftest import ARGUMENTS, CHROMIUM, free_port, running

TURN = 50  # pairs
LANES = "lanes=2&model1=dis_fast&model2=dis_ultrafast&threads=1"
VISITS = 5
HAS_BOARD = """() => document.querySelector("[data-testid=stDataFrame] canvas")"""
IS_DRAWN = """() => document.querySelector(".stPlotlyChart .main-svg")
    && document.querySelector("[data-testid=stDataFrame] canvas")
    && [...document.querySelectorAll("[data-testid=stImage] img")].filter((one) =>
        one.complete && one.naturalWidth).length === 8"""


def make_folder(root: Path, num_pairs: int, height: int, width: int) -> Dataset:
    """So many pairs of textures that move, each by a vector of its own."""
    rng = np.random.default_rng(0)
    for number in range(num_pairs):
        folder = root / "made" / f"{number:05d}"
        folder.mkdir(parents=True)
        coarse = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
        texture = np.ascontiguousarray(coarse.repeat(8, 0).repeat(8, 1))
        dx, dy = rng.uniform(-4, 4, 2)
        pair = make_pair(texture, dx=dx, dy=dy)
        write_frame(folder / "frame1.png", pair.first)
        write_frame(folder / "frame2.png", pair.second)
        write_flow(folder / "flow.flo", pair.truth)
    return open_dataset(root)


def time_store(num_pairs: int) -> None:
    config = PipelineConfig("dis_medium")
    with tempfile.TemporaryDirectory() as folder:
        dataset = make_folder(Path(folder) / "root", num_pairs, 384, 512)
        seconds = {"plain loop": 0.0, "with a store": 0.0, "again": 0.0}
        run(dataset.pairs[0].load(), config, warm_up=True)
        path = Path(folder) / "runs.sqlite"
        with RunStore(path) as store:
            for start in range(0, num_pairs, TURN):
                begun = time.perf_counter()
                for files in dataset.pairs[start : start + TURN]:
                    pair = files.load()
                    measure_errors(run(pair, config).flow, pair)
                seconds["plain loop"] += time.perf_counter() - begun
                part = Dataset(dataset.place, dataset.layout, dataset.pairs[start : start + TURN])
                begun = time.perf_counter()
                list(evaluate(part, config, runs=1, store=store))
                seconds["with a store"] += time.perf_counter() - begun
            begun = time.perf_counter()
            list(evaluate(dataset, config, runs=1, store=store))
            seconds["again"] += time.perf_counter() - begun
        size = sum(file.stat().st_size for file in Path(folder).glob("runs.sqlite*"))
    for name, value in seconds.items():
        print(f"{name:13s} {value:7.1f} s, {1000 * value / num_pairs:6.1f} ms a pair")
    print(f"ratio {seconds['with a store'] / seconds['plain loop']:.3f}; store {size / 1e6:.1f} MB")


def time_page(num_pairs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, path = Path(folder) / "root", Path(folder) / "runs.sqlite"
        dataset = make_folder(root, num_pairs, 48, 64).part("made")
        with RunStore(path) as store:
            for model in ("dis_fast", "dis_ultrafast"):
                config = PipelineConfig(model)
                list(evaluate(dataset, config, threads=1, runs=1, store=store))
        os.environ |= {"FLOWSCOPE_ROOTS": str(root), "FLOWSCOPE_STORE": str(path)}
        port = free_port()
        options = {"port": port, "address": "127.0.0.1", "headless": "true"}
        command = ["streamlit", "run", "app.py", *(f"--server.{k}={v}" for k, v in options.items())]
        weights = Path(folder) / "weights"
        with running(command, port, folder=weights) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            url = f"{address}/datasets?dataset=root&{LANES}"
            visits = [visit(browser, url, num_pairs) for _ in range(VISITS + 1)][1:]
            with empty_page():
                empty = [load_empty(browser) for _ in range(VISITS)]
            browser.close()
    names = "board", "all", "board, opened again", "all, opened again", "filtered"
    for name, seconds in zip(
        (*names, "empty page"), (*zip(*visits, strict=True), empty), strict=True
    ):
        print(f"{name:22s} {min(seconds):.2f} s best, {statistics.median(seconds):.2f} s median")


def visit(browser, url: str, num_pairs: int) -> tuple[float, ...]:
    """Seconds to open the page, to open it again, each to the board and in full, and to filter."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    times = []
    for _ in range(2):
        begun = time.perf_counter()
        page.goto(url)
        for state in (HAS_BOARD, IS_DRAWN):
            page.wait_for_function(state, polling="raf", timeout=60_000)
            times.append(time.perf_counter() - begun)
        page.get_by_text(f"of {num_pairs:,} pairs").wait_for()
    find = page.get_by_role("textbox", name="Pairs whose name has")
    find.fill("0001")
    begun = time.perf_counter()
    find.press("Enter")
    matching = sum("0001" in f"{number:05d}" for number in range(num_pairs))
    page.get_by_text(f"of {matching} pairs").wait_for()
    page.wait_for_function(IS_DRAWN, polling="raf")
    times.append(time.perf_counter() - begun)
    context.close()
    return tuple(times)


if __name__ == "__main__":
    task = {"store": time_store, "page": time_page}[sys.argv[1]]
    task(int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
