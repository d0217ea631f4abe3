"""The page History as a script: what was run, which of it is better, and away with it."""

import pytest

from flowcore.data import samples
from flowcore.metrics.summary import Measurement
from flowcore.scores import Failure, PairScore
from flowcore.store import RunFacts, RunStore
from flowcore.types import ChunkGrid, PipelineConfig, Timing
from tests.pages.waiting import opened

pytestmark = pytest.mark.usefixtures("server_queues")

LANES = {  # config, corruption, EPE, seconds
    "whole": (PipelineConfig("dis_fast"), "", 1.0, 0.02),
    "cut": (PipelineConfig("dis_fast", chunks=ChunkGrid(2, 2)), "", 2.0, 0.01),
    "worse": (PipelineConfig("dis_fast", scale=0.5), "", 3.0, 0.03),
    "fog": (PipelineConfig("dis_ultrafast"), "fog:3", 9.0, 0.005),
}


def score(sequence, epe, seconds):
    timing = Timing(seconds, seconds, 1, 1, peak_bytes=20_000_000)
    numbers = {"epe": Measurement(epe, 100), "fl_all": Measurement(5 * epe, 100)}
    return PairScore("samples", sequence, numbers, timing)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A sweep of four lanes on two of the samples, one of which is not at its end."""
    monkeypatch.setattr(samples, "names", lambda: ["subpixel", "large"])
    path = tmp_path / "runs.sqlite"
    monkeypatch.setenv("FLOWSCOPE_STORE", str(path))
    with RunStore(path) as store:
        for name, (config, corruption, epe, seconds) in LANES.items():
            facts = RunFacts(
                kind="sweep", sweep="night", corruption=corruption, place="samples",
                layout="samples", config=config, threads=1, num_pairs=2,
            )  # fmt: skip
            run = store.begin(facts)
            store.add(run, 0, score("subpixel", epe, seconds), f"{name} 0")
            if name == "worse":
                store.add(run, 1, Failure("samples", "large", "It is broken."))
            else:
                store.add(run, 1, score("large", epe + 1, seconds), f"{name} 1")
            store.end(run, "stopped" if name == "worse" else "done")
        facts = RunFacts(place="/far/movies", layout="sintel", split="final",
                         config=PipelineConfig("dis_fast"), num_pairs=1)  # fmt: skip
        store.end(store.begin(facts), "failed", error="The model is gone.")
        yield store


def history(**query):
    return opened("history", **({"set": "samples"} | query))


def said(elements):
    return " ".join(element.value for element in elements)


def test_nothing_was_run(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWSCOPE_STORE", str(tmp_path / "runs.sqlite"))
    app = opened("history")
    assert "Nothing was run yet" in said(app.info)
    assert not app.exception
    assert not (tmp_path / "runs.sqlite").exists()


def test_runs_of_one_data_set(store):
    app = history()
    assert not app.exception
    assert "5 runs, " in said(app.caption)
    table = app.dataframe[-1].value
    assert list(table["lane"]) == [
        "dis_ultrafast, fog 3", "dis_fast, scale 0.5", "dis_fast, 2x2", "dis_fast"
    ]  # fmt: skip
    assert list(table["status"]) == ["done", "stopped", "done", "done"]
    assert list(table["epe"]) == [9.5, 3.0, 2.5, 1.5]
    assert (table["peak_mb"] == 20).all()
    assert list(history(set="movies final").dataframe[-1].value["status"]) == ["failed"]
    assert list(history(find="2X2").dataframe[-1].value["lane"]) == ["dis_fast, 2x2"]
    assert "No run has such a lane" in said(history(find="nothing").info)
    assert len(history(sweep="night").dataframe[-1].value) == 4


def test_groups_of_a_setting(store):
    app = history(by="chunks")
    groups = app.dataframe[0].value
    assert dict(groups["runs"]) == {"whole": 3, "2x2": 1}
    assert groups["epe"]["2x2"] == 2.5


def test_two_runs_side_by_side(store):
    app = history(runs="1,2")
    assert not app.exception
    values = {metric.label: metric.value for metric in app.metric}
    assert values["EPE, px: run 1 minus run 2"] == "-1.000"
    assert values["Run 1 wins"] == "100 % of 2 pairs"
    facts = next(one.value for one in app.dataframe if "run 1" in one.value)
    assert facts.index[0] == "Chunks, rows x columns"
    assert list(facts.iloc[0]) == ["whole", "2x2"]
    (link,) = [one.proto for one in app.get("page_link") if "Compare" in one.proto.label]
    assert [one.value for one in app.code] == [
        "flowcore evaluate samples --model dis_fast --threads 1 --store runs.sqlite",
        "flowcore evaluate samples --model dis_fast --chunks 2x2 --threads 1 --store runs.sqlite",
    ]
    for word in ("lanes=2", "model1=dis_fast", "chunks", "dataset=Samples", "sequence=large"):
        assert word in link.query_string


def test_runs_are_deleted_once_confirmed(store):
    app = history(runs="1,3")
    button = next(one for one in app.button if one.label == "Delete 2 runs")
    app = button.click().run()
    assert not app.exception
    assert [record.id for record in store.runs()] == [5, 4, 2]
    assert list(app.dataframe[-1].value.index) == [4, 2]


def test_a_run_on_its_way_is_drawn_as_it_comes_and_stays(store):
    run = store.begin(RunFacts(place="samples", layout="samples", num_pairs=9,
                               config=PipelineConfig("farneback")))  # fmt: skip
    app = history(runs=str(run))
    assert app.dataframe[-1].value["done"][run] == 0
    assert "cannot be deleted" in said(app.caption)
    assert not any(one.label.startswith("Delete 1") for one in app.button)
    store.add(run, 0, score("subpixel", 4.0, 0.1), "farneback 0")
    store.tell(run, {"epe": 4.0, "seconds": 0.1})
    app = app.run()
    assert app.dataframe[-1].value["done"][run] == 1
    assert app.dataframe[-1].value["epe"][run] == 4.0
    store.end(run, "stopped")


def test_a_store_of_a_newer_version(store):
    store._file.execute("PRAGMA user_version = 99")
    assert "written by a newer Flowscope" in said(history().error)
