"""Sweeps on the page Datasets: planned before anything runs, run, told of, and as a config."""

import tomllib
from urllib.parse import parse_qsl

import pytest

from flowcore.data import samples
from flowcore.store import RunStore
from flowcore.sweeps.config import lanes_of
from flowcore.types import ChunkGrid, PipelineConfig
from pages.components import sweep_view
from pages.components.sweep_link import sweep_query
from tests.data.layouts import MAKERS
from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")

GRID = {
    "sweep-models": "dis_fast",
    "sweep-knob1": "scale",
    "sweep-values1": "1, 0.5",
    "sweep-name": "night",
    "threads": "1",
}


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "names", lambda: ["subpixel", "large"])
    monkeypatch.setenv("FLOWSCOPE_STORE", str(tmp_path / "runs.sqlite"))
    return tmp_path / "runs.sqlite"


def sweep(**query):
    return opened("datasets", view="Sweep", **(GRID | query))


def pressed(app, label):
    return finished(next(one for one in app.button if one.label == label).click().run())


def said(elements):
    return " ".join(element.value for element in elements)


def test_nothing_runs_before_it_is_planned(store):
    app = sweep()
    assert "Nothing runs before" in said(app.info)
    app = pressed(app, "Plan")
    assert not app.error
    assert "2 lanes, 4 estimates: 0 in the store, 4 missing." in said(app.caption)
    assert "Time: not known" in said(app.caption)
    table = app.dataframe[0].value
    assert list(table.index) == ["dis_fast", "dis_fast, scale 0.5"]
    assert (table["peak_bytes"] > 0).all()
    assert not store.exists()
    config = tomllib.loads(app.code[0].value)
    assert config["grid"] == {"model": ["dis_fast"], "scale": [1, 0.5]}
    assert (config["name"], config["data"], config["threads"]) == ("night", ["samples"], 1)


@pytest.mark.slow
def test_a_sweep_runs_and_is_in_the_store(store):
    app = pressed(sweep(**{"sweep-most": "1"}), "Plan")
    app = pressed(app, "Start the sweep")
    assert not app.error
    assert "2 in the store, 0 missing. Nothing is left to compute." in said(app.caption)
    with RunStore(store) as found:
        facts = [record.facts for record in found.runs()]
        assert {record.status for record in found.runs()} == {"done"}
    assert {fact.sweep for fact in facts} == {"night, first 1"}
    assert {fact.config.scale for fact in facts} == {1.0, 0.5}
    (link,) = [one.proto for one in app.get("page_link") if "History" in one.proto.label]
    assert "sweep=night" in link.query_string
    assert "set=samples" in link.query_string


def test_lanes_as_a_grid():
    lanes = [
        PipelineConfig("dis_fast"),
        PipelineConfig("dis_fast", chunks=ChunkGrid(2, 2)),
        PipelineConfig("dis_medium", scale=0.5),
    ]
    query = sweep_query(lanes)
    assert query == {
        "sweep-models": ["dis_fast", "dis_medium"],
        "sweep-knob1": "chunks", "sweep-values1": "none, 2x2",
        "sweep-knob2": "scale", "sweep-values2": "1, 0.5",
    }  # fmt: skip
    grid = {"model": query["sweep-models"], "chunks": ["none", "2x2"], "scale": [1, 0.5]}
    assert set(lanes) <= {lane.config for lane in lanes_of(grid)}
    assert sweep_query([*lanes, PipelineConfig("dis_fast", blur_sigma=1.0)]) == {}
    assert sweep_query([]) == {}


def test_compare_leads_to_the_sweep_of_its_lanes_on_its_pair(store):
    lanes = {"lanes": "2", "model1": "dis_fast", "model2": "dis_fast", "scale2": "0.5"}
    app = finished(opened("compare", sample="Sub-pixel", **lanes))
    (link,) = [one.proto for one in app.get("page_link") if "Sweep" in one.proto.label]
    asked = dict(parse_qsl(link.query_string))
    app = pressed(opened("datasets", **asked), "Plan")
    assert not app.error
    assert "2 lanes, 2 estimates: 0 in the store" in said(app.caption)
    assert list(app.dataframe[0].value.index) == ["dis_fast", "dis_fast, scale 0.5"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"sweep-values1": ""}, "Say which values scale is to take"),
        ({"sweep-values1": "half"}, "expected a number"),
        ({"sweep-values1": ",".join(map(str, range(13)))}, "13 values; up to 12"),
        ({"sweep-knob2": "scale", "sweep-values2": "2"}, "scale is varied twice"),
        ({"sweep-find": "nowhere"}, "No pair has 'nowhere' in its name"),
        ({"sweep-knob1": "corruption", "sweep-values1": "fog:9"}, "severities 1 to 5"),
    ],
)
def test_what_cannot_be_is_a_sentence(query, words):
    app = pressed(sweep(**query), "Plan")
    assert words.lower() in said(app.error).lower()
    assert not app.exception


def test_a_grid_too_large_for_the_page_is_a_config(monkeypatch):
    monkeypatch.setattr(sweep_view, "MAX_LANES", 1)
    app = pressed(sweep(), "Plan")
    assert "2 lanes; up to 1 run from this page" in said(app.error)
    assert 'model = ["dis_fast"]' in app.code[0].value


@pytest.mark.slow
def test_a_broken_pair_is_said(tmp_path, monkeypatch):
    root = tmp_path / "public"
    MAKERS["sintel"](root)
    (root / "training/final/alley_1/frame_0003.png").write_bytes(b"no picture")
    monkeypatch.setenv("FLOWSCOPE_ROOTS", str(root))
    from pages.components import dataset_roots

    dataset_roots._below_roots.clear()
    app = pressed(sweep(dataset="public", split="final"), "Plan")
    app = pressed(app, "Start the sweep")
    assert "2 estimates failed. The first: alley" in said(app.warning)
