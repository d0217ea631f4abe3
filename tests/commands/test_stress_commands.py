"""The commands corrupt and attack: one JSON document, frames as PNG, refusals as sentences."""

import json

import numpy as np
import pytest

from flowcore.commands import attack
from flowcore.io.flow_files import write_flow
from flowcore.io.frames import read_frame, write_frame
from flowcore.types import FlowField


@pytest.fixture
def frames(folder):
    return [folder / "root/set/one" / f"frame{number}.png" for number in (1, 2)]


def test_corrupt(folder, frames, run):
    truth = folder / "root/set/one/flow.flo"
    status, out, _ = run(
        "corrupt", *frames, "--truth", truth, "--model", "dis_fast", "--on", "farneback",
        "--kind", "fog", "--kind", "jpeg", "--severity", 1, 5, "--mode", "moving", "--seed", 3,
        "--out", folder / "made", "--json",
    )  # fmt: skip
    answer = json.loads(out)
    assert status == 0
    assert [answer[key] for key in ("height", "width", "seed")] == [80, 100, 3]
    assert answer["mode"] == "moving"
    assert [lane["model"] for lane in answer["lanes"]] == ["dis_fast", "farneback"]
    points = answer["lanes"][0]["points"]
    assert [(point["kind"], point["severity"]) for point in points] == [
        ("", 0), ("fog", 1), ("fog", 5), ("jpeg", 1), ("jpeg", 5)
    ]  # fmt: skip
    assert points[0]["shift"] == 0 < points[4]["shift"]
    assert {rank["lane"] for rank in answer["ranking"]} == {"dis_fast", "farneback"}
    assert len(list((folder / "made").iterdir())) == 8
    assert read_frame(folder / "made/fog-5-second.png").shape == (80, 100, 3)
    _, text, _ = run("corrupt", *frames, "--model", "dis_fast", "--kind", "fog", "--severity", 2)
    assert "fog 2" in text
    assert "EPE" not in text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["--kind", "frost"], "No corruption is called 'frost'"),
        (["--kind", "fog", "--severity", "6"], "Severity is a whole number in 1..5, got 6"),
        (["--mode", "stereo"], "No mode is called 'stereo'"),
        (["--kind", "fog", "--mode", "moving"], "needs its motion"),
    ],
)
def test_corrupt_refuses(frames, run, settings, words):
    status, out, err = run("corrupt", *frames, "--model", "dis_fast", *settings)
    assert (status, out) == (2, "")
    assert words in err


def test_attack(folder, frames, run):
    truth = folder / "root/set/one/flow.flo"
    status, out, _ = run(
        "attack", *frames, "--truth", truth, "--model", "scope_035.scenes", "--iterations", 3,
        "--attack", "ifgsm", "--epsilon", 0.02, "--target", "negative", "--steps", 3,
        "--on", "dis_fast", "--defences", "blur", "--out", folder / "made", "--json",
    )  # fmt: skip
    answer = json.loads(out)
    assert status == 0
    assert answer["threat"] == {
        "method": "ifgsm", "epsilon": 0.02, "norm": "linf", "frames": "both", "loss": "epe",
        "steps": 3, "seed": 0, "box": "clip", "target": "negative",
    }  # fmt: skip
    assert [step["number"] for step in answer["curve"]] == [0, 1, 2, 3]
    assert answer["attacked_epe"] > answer["epe"]
    assert [other["model"] for other in answer["transfer"]] == ["dis_fast"]
    assert [row["name"] for row in answer["defences"]] == ["none", "blur"]
    assert answer["stopped"] is False
    change = read_frame(folder / "made/first.png").astype(int) - read_frame(frames[0])
    assert 0 < np.abs(change).max() <= 255 * 0.02


def test_matrix_map_and_a_change_for_two_pairs(folder, frames, run):
    options = (
        "attack", *frames, "--model", "scope_035.scenes", "--iterations", 2, "--steps", 2,
        "--norm", "l2", "--on", "dis_fast", "scope_070.scenes", "--matrix", "--vulnerability", 40,
        "--also", *frames, "--out", folder / "made",
    )  # fmt: skip
    status, out, _ = run(*options, "--json")
    answer = json.loads(out)
    assert status == 0
    assert answer["matrix"]["models"] == ["scope_035.scenes", "scope_070.scenes"]
    assert answer["matrix"]["measured"] == [*answer["matrix"]["models"], "dis_fast"]
    assert np.shape(answer["matrix"]["damage"]) == (2, 3)
    assert answer["vulnerability"]["cell"] == 40
    assert np.shape(answer["vulnerability"]["damage"]) == (2, 2)
    (also,) = answer["also"]
    assert also["saved_damage"] == pytest.approx(answer["saved_damage"], rel=1e-4)  # same frames
    made = [read_frame(folder / f"made/{stem}first.png") for stem in ("", "1-")]
    assert np.array_equal(*made)
    _, text, _ = run(*options)
    assert "measured on scope_035.scenes, scope_070.scenes, dis_fast (columns)" in text
    assert "a spot in each cell of 40 px" in text


def test_attack_towards_a_file(folder, frames, run):
    target = folder / "target.flo"
    write_flow(target, FlowField(np.zeros((80, 100, 2), np.float32)))
    status, text, _ = run(
        "attack", *frames, "--model", "scope_035.scenes", "--iterations", 2, "--attack", "fgsm",
        "--target", target,
    )  # fmt: skip
    assert status == 0
    assert "nearer to target by" in text


def test_a_patch_is_trained_and_placed(folder, frames, run):
    common = ("--model", "scope_035.scenes", "--iterations", 2)
    status, out, _ = run(
        "attack", *frames, *common, "--attack", "patch", "--epsilon", 21, "--steps", 2,
        "--out", folder / "trained", "--json",
    )  # fmt: skip
    assert status == 0
    assert json.loads(out)["spread"]["rings"][0]["inner"] == 0
    patch = folder / "trained/patch.png"
    assert read_frame(patch).shape == (21, 21, 3)
    status, out, _ = run(
        "attack", *frames, *common, "--patch", patch, "--at", "30,40", "--on", "dis_fast",
        "--out", folder / "placed", "--json",
    )  # fmt: skip
    answer = json.loads(out)
    assert status == 0
    assert answer["saved_damage"] > 0
    assert [other["model"] for other in answer["transfer"]] == ["dis_fast"]
    placed = read_frame(folder / "placed/first.png")
    assert np.array_equal(placed[40, 30], read_frame(patch)[10, 10])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["--attack", "pcfa"], "PCFA works towards a target flow"),
        (["--model", "dis_fast"], "dis_fast has no gradient, which PGD needs"),
        (["--attack", "patch", "--epsilon", "90"], "larger than the frame of 100x80"),
        (["--at", "3,4"], "--patch FILE is needed"),
        (["--target", "nowhere.flo"], "nowhere.flo"),
        (["--steps", "1", "--defences", "armor"], "No defence is called 'armor'"),
        (["--steps", "1", "--vulnerability", "90"], "fits the frame of 100x80 px"),
    ],
)
def test_attack_refuses(frames, run, settings, words):
    status, out, err = run("attack", *frames, "--iterations", "2", *settings)
    if "dis_fast" in settings:
        status, out, err = run("attack", *frames, *settings)
    assert (status, out) == (2, "")
    assert words in err


def test_where_a_patch_cannot_lie(folder, frames, run):
    patch = folder / "patch.png"
    write_frame(patch, np.zeros((9, 9, 3), np.uint8))
    for place, words in (("up", "two numbers such as 120,80"), ("300,4", "outside of 100x80")):
        status, _, err = run("attack", *frames, "--patch", patch, "--at", place)
        assert status == 2
        assert words in err


def test_ctrl_c_keeps_the_best(frames, run, monkeypatch):
    """What is asked after the first step says stop: status 130, and the answer is there."""
    from contextlib import contextmanager

    @contextmanager
    def stopped():
        yield lambda: True

    monkeypatch.setattr(attack, "stop_asked_for", stopped)
    status, out, _ = run(
        "attack", *frames, "--model", "scope_035.scenes", "--iterations", 2, "--steps", 9, "--json"
    )
    answer = json.loads(out)
    assert status == 130
    assert answer["stopped"] is True
    assert len(answer["curve"]) == 1
    assert answer["damage"] == pytest.approx(answer["curve"][0]["damage"], abs=1e-4)
