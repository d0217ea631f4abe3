"""A worker of the app's cluster is killed while it estimates: what does the page say?

``python -m tests.benchmarks.lost_worker [CASE ...]``: a server whose lanes are done by dask workers
over TCP on this machine, and a headless Chromium on Compare with one lane of `tvl1`. As soon as a
worker is at the lane it is killed: beside another one; with a nanny, which starts it again; alone,
where the next one comes after ten seconds; and with its scheduler, where Run is pressed once both
are back. Every sentence of the page is printed, without its numbers, with the seconds at which it
came.
"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import psutil
from distributed import Client
from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.cluster import Cluster
from tests.benchmarks.serving import served
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.patience import wait_until

CASES = ("another worker", "a nanny", "no other worker", "no scheduler")
SAID = """() => [...document.querySelectorAll("[data-testid=stProgress], [role=alert]")].map(
    (one) => one.textContent)"""
AWAY_SECONDS = 10


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for case in sys.argv[1:] or CASES:
            with tempfile.TemporaryDirectory() as folder:
                has_nannies, is_alone = case == "a nanny", case in CASES[1:]
                cluster = Cluster(Path(folder), num_workers=1 if is_alone else 2,
                                  has_nannies=has_nannies)  # fmt: skip
                where = {"FLOWSCOPE_SCHEDULER": cluster.address, "FLOWSCOPE_WORKERS": "2"}
                with cluster.running(), served(**where) as (address, _):
                    page = browser.new_page(viewport={"width": 1280, "height": 900})
                    print(case, flush=True)
                    for dx in (2, 3):  # the first time, everything has to be loaded
                        begun = time.perf_counter()
                        page.goto(opened(address, dx))
                        watched(page, begun, until=is_shown)
                    lose(page, opened(address, 4), cluster, case)
                    page.close()
    print(f"load {os.getloadavg()[0]:.1f}")


def lose(page: Page, url: str, cluster: Cluster, case: str) -> None:
    """The lane, in the midst of which its worker is killed."""
    begun = time.perf_counter()
    page.goto(url)
    with Client(cluster.address, set_as_default=False) as client:
        pids = client.run(os.getpid)
        wait_until(lambda: any(client.processing().values()), what="a job on the cluster")
        watched(page, begun, until=lambda page: page.evaluate(SAID))
        (at_work,) = (worker for worker, jobs in client.processing().items() if jobs)
    print(f"{time.perf_counter() - begun:6.1f} s  its worker is killed")
    if case == "no scheduler":
        for name in cluster.names:
            cluster.kill(name)
    else:
        psutil.Process(pids[at_work]).kill()
    if case == "no other worker":
        watched(page, begun, seconds=AWAY_SECONDS)
        cluster.start()
        print(f"{time.perf_counter() - begun:6.1f} s  another one is started")
    if case == "no scheduler":
        watched(page, begun, seconds=AWAY_SECONDS)
        cluster.start()
        print(f"{time.perf_counter() - begun:6.1f} s  both are started, and Run is pressed")
        page.get_by_role("button", name="Run").click()
    watched(page, begun, until=is_shown)
    print(f"{time.perf_counter() - begun:6.1f} s  shown: {is_shown(page)}", flush=True)


def opened(address: str, dx: int) -> str:
    query = {"lanes": 1, "model1": "tvl1", "source": "One image", "dx": dx, "dy": 1}
    return f"http://{address}/compare?{urlencode(query)}"


def is_shown(page: Page) -> bool:
    return page.get_by_role("img", name="tvl1: Flow").count() > 0


def watched(page: Page, begun: float, *, until=lambda page: False, seconds: float = 180) -> None:
    """Print each new sentence of the page, until that is so or so many seconds are over."""
    end, last = time.perf_counter() + seconds, ""
    while time.perf_counter() < end:
        now = time.perf_counter() - begun
        said = re.sub(r"\d+", "#", "; ".join(page.evaluate(SAID)))
        if said != last:
            print(f"{now:6.1f} s  {said or 'nothing'}", flush=True)
        last = said
        if until(page):
            return
        page.wait_for_timeout(100)


if __name__ == "__main__":
    main()
