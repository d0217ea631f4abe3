"""A journey in a real browser: a sweep's chart grows while another process writes to the store."""

import pytest
from playwright.sync_api import expect

from flowcore.metrics.summary import Measurement
from flowcore.scores import PairScore
from flowcore.store import RunFacts, RunStore
from flowcore.types import PipelineConfig, Timing

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_run_grows_on_an_open_page(page, fresh_server, tmp_path):
    timing = Timing(0.1, 0.1, 1, 1)
    with RunStore(tmp_path / "runs.sqlite") as store:
        facts = {"kind": "sweep", "sweep": "night", "place": "samples", "layout": "samples"}
        runs = [
            store.begin(RunFacts(**facts, config=PipelineConfig(model), threads=1, num_pairs=2))
            for model in ("dis_fast", "dis_medium")
        ]
        for run in runs:
            score = PairScore("samples", "large", {"epe": Measurement(run, 9)}, timing)
            store.add(run, 0, score, f"{run} 0")
            store.tell(run, {"epe": run, "seconds": 0.1 * run})
        page.goto(f"{fresh_server}/history")
        expect(page.get_by_text("2 runs, ")).to_be_visible()
        points = page.locator(".stPlotlyChart .scatterlayer .point")
        expect(points).to_have_count(2)
        expect(page.locator(".stPlotlyChart .scatterlayer .js-line")).to_have_count(
            0
        )  # no front of parts
        for run in runs:
            store.add(run, 1, score, f"{run} 1")
            store.end(run, "done")
        expect(page.locator(".stPlotlyChart .scatterlayer .js-line")).to_have_count(1)
        later = store.begin(RunFacts(**facts, config=PipelineConfig("farneback"), num_pairs=2))
        expect(page.get_by_text("3 runs, ")).to_be_visible()
        store.end(later, "stopped")
    expect(page.get_by_role("alert")).to_have_count(0)
