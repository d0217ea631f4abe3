"""Errors over folders of pairs: what is printed, listed, kept, and the exit status."""

import json

import numpy as np
import pytest
from PIL import Image

from flowcore import evaluation
from flowcore.errors import StoreError
from flowcore.io.flow_files import read_flow, write_flow
from flowcore.store import RunStore
from flowcore.types import FlowField
from tests.data.layouts import sintel


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


def test_ctrl_c_keeps_what_was_done(folder, run, ctrl_c_at):
    with ctrl_c_at("two"):
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


def test_a_stored_run_is_not_computed_again(folder, run, ctrl_c_at, monkeypatch):
    command = ["evaluate", folder / "root", "--model", "dis_fast", "--json"]
    command += ["--store", folder / "runs.sqlite"]
    with ctrl_c_at("two"):
        status, out, _ = run(*command)
    (one,) = json.loads(out)["pairs"]
    assert status == 130
    computed = []
    estimate = evaluation.run
    monkeypatch.setattr(
        evaluation, "run", lambda *args, **kw: computed.append(1) or estimate(*args, **kw)
    )
    status, out, _ = run(*command)
    assert status == 0
    assert json.loads(out)["pairs"][0] == one
    assert len(computed) == 1  # the pair that was missing
    _, again, _ = run(*command)
    assert again == out
    with RunStore(folder / "runs.sqlite") as store:
        assert [record.status for record in store.runs()] == ["done", "done", "stopped"]
    (folder / "root/set/two/frame2.png").write_bytes(
        (folder / "root/set/two/frame1.png").read_bytes()
    )
    assert run(*command)[0] == 0
    assert len(computed) == 2  # other frames under the same name
    assert run(*command, "--out", folder / "flows")[0] == 0
    assert len(computed) == 4  # the flows are not kept


def test_what_a_store_complains_of_loses_nothing(folder, run, monkeypatch):
    command = ["evaluate", folder / "root", "--model", "dis_fast", "--json"]
    add = RunStore.add

    def full(store, number, position, *rest):
        if position:
            raise StoreError("The disk is full.")
        add(store, number, position, *rest)

    monkeypatch.setattr(RunStore, "add", full)
    status, out, err = run(*command, "--store", folder / "runs.sqlite")
    assert status == 2
    assert [pair["sequence"] for pair in json.loads(out)["pairs"]] == ["one"]
    assert "flowcore: The disk is full." in err


def test_a_benchmark_in_its_own_folders(tmp_path, run):
    sintel(tmp_path)
    status, out, err = run("evaluate", tmp_path, "--model", "dis_fast", "--split", "final")
    assert status == 0
    assert "sintel-final         2" in out
    assert "2/2 sintel-final/alley_1/frame_0002: " in err
    status, _, err = run("evaluate", tmp_path, "--layout", "hd1k")
    assert status == 2
    assert "not laid out as hd1k" in err


def test_frames_without_truth(folder, run):
    frames = folder / "frames"
    frames.mkdir()
    for number in (1, 2):
        picture = (folder / f"root/set/one/frame{number}.png").read_bytes()
        (frames / f"shot{number}.png").write_bytes(picture)
    status, out, _ = run("evaluate", frames, "--model", "dis_fast", "--json")
    (pair,) = json.loads(out)["pairs"]
    assert status == 0
    assert pair["epe"] is None
    assert pair["metrics"]["psnr"] > pair["metrics"]["psnr_identity"]
    assert json.loads(out)["datasets"]["frames"]["epe"] is None
    _, out, err = run("evaluate", frames, "--model", "dis_fast")
    assert "no truth: warp PSNR" in out
    assert " dB" in err
