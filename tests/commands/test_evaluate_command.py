"""Errors over folders of pairs: what is printed, listed, kept, and the exit status."""

import json

import numpy as np
import pytest
from PIL import Image

from flowcore.data.files import load_pair
from flowcore.io.flow_files import read_flow, write_flow
from flowcore.types import FlowField


def test_evaluate_and_back(folder, run):
    status, out, err = run("evaluate", folder / "root", "--out", folder / "flows", "--json")
    result = json.loads(out)
    assert status == 0
    assert "set/one" in err
    assert [(p["dataset"], p["sequence"]) for p in result["pairs"]] == [
        ("set", "one"),
        ("set", "two"),
    ]
    scores = result["datasets"]["set"]
    assert scores["pairs"] == 2
    assert scores["epe"] == pytest.approx(np.mean([p["epe"] for p in result["pairs"]]))
    _, again, _ = run(
        "evaluate", folder / "root", "--model", f"external:{folder / 'flows'}", "--json"
    )
    assert json.loads(again)["datasets"]["set"]["epe"] == pytest.approx(scores["epe"], abs=1e-6)


def test_a_broken_pair_is_listed_and_the_others_are_measured(folder, run):
    (folder / "root/set/one/frame2.png").write_bytes(b"no picture")
    status, out, err = run("evaluate", folder / "root", "--model", "dis_fast", "--json")
    result = json.loads(out)
    assert status == 1
    assert [pair["sequence"] for pair in result["pairs"]] == ["two"]
    (failure,) = result["failed"]
    assert (failure["dataset"], failure["sequence"]) == ("set", "one")
    assert f"set/one: {failure['reason']}" in err
    (folder / "root/set/two/flow.flo").unlink()
    status, out, err = run("evaluate", folder / "root", "--model", "dis_fast", "--json")
    assert status == 2
    assert json.loads(out)["datasets"] == {}
    assert "neither flow.flo nor flow.png" in err
    assert "none of 2 pairs could be measured" in err


def test_ctrl_c_keeps_what_was_done(folder, run, monkeypatch):
    def load(files, **reading):
        if files.sequence == "two":
            raise KeyboardInterrupt
        return load_pair(files, **reading)

    monkeypatch.setattr("flowcore.evaluation.load_pair", load)
    status, out, err = run("evaluate", folder / "root", "--model", "dis_fast", "--json")
    assert status == 130
    assert [pair["sequence"] for pair in json.loads(out)["pairs"]] == ["one"]
    assert "what was done is kept" in err


def test_a_flow_of_another_tool_has_no_time(folder, run):
    run("evaluate", folder / "root", "--model", "dis_fast", "--out", folder / "flows")
    gap = np.ones((80, 100), bool)
    gap[:, 50:] = False
    flow = read_flow(folder / "flows/set/one.flo")
    write_flow(folder / "flows/set/one.flo", FlowField(flow.uv, gap))
    _, out, _ = run("evaluate", folder / "root", "--model", f"external:{folder}/flows", "--json")
    one, two = json.loads(out)["pairs"]
    assert one["seconds"] is None
    assert (one["density"], two["density"]) == (50, 100)
    assert one["num_pixels"] == 4000
    assert one["epe_filled"] != one["epe"]
    assert two["epe_filled"] == two["epe"]


def test_kitti_files_beside_the_truth(folder, run):
    """The right half moves by itself, the left half's last column is occluded."""
    beside = folder / "root/set/one"
    objects = np.zeros((80, 100), np.uint8)
    objects[:, 50:] = 3
    Image.fromarray(objects).save(beside / "obj_map.png")
    truth = read_flow(beside / "flow.flo")
    seen = np.ones((80, 100), bool)
    seen[:, 49] = False
    write_flow(beside / "flow_noc.png", FlowField(truth.uv, seen))
    _, out, _ = run("evaluate", folder / "root", "--model", "dis_fast", "--json")
    scores = json.loads(out)["pairs"][0]["metrics"]
    assert {"fl_bg", "fl_fg", "fl_noc", "epe_matched", "epe_unmatched"} <= set(scores)
    halves = (scores["epe_bg"] + scores["epe_fg"]) / 2
    assert halves == pytest.approx(scores["epe"], abs=1e-5)
    assert scores["epe"] * 100 == pytest.approx(
        99 * scores["epe_noc"] + scores["epe_unmatched"], abs=1e-3
    )


def test_pooled_scores_weigh_pixels(folder, run):
    """One pair has only a tenth of its truth: its mean counts half, its pixels a tenth."""
    valid = np.zeros((80, 100), bool)
    valid[:8] = True
    write_flow(
        folder / "root/set/two/flow.flo", FlowField(np.full((80, 100, 2), 50, np.float32), valid)
    )
    _, out, _ = run("evaluate", folder / "root", "--json")
    one, two = json.loads(out)["pairs"]
    scores = json.loads(out)["datasets"]["set"]
    assert (one["num_pixels"], two["num_pixels"]) == (8000, 800)
    assert scores["epe"] == pytest.approx((one["epe"] + two["epe"]) / 2)
    assert scores["epe_pooled"] == pytest.approx((10 * one["epe"] + two["epe"]) / 11)


@pytest.mark.data
def test_dis_medium_reproduces_its_table(real_data, run):
    _, out, _ = run("evaluate", real_data / "flow", "--model", "dis_medium", "--json")
    scores = {name: (s["epe"], s["fl_all"]) for name, s in json.loads(out)["datasets"].items()}
    expected = {
        "middlebury": (0.336, 1.30),
        "sintel": (0.332, 2.19),
        "kitti2012": (15.439, 40.98),
        "flyingchairs": (3.930, 17.06),
    }
    for name, numbers in expected.items():
        assert scores[name] == pytest.approx(numbers, rel=0.005)
