"""The command task: one JSON document, videos and frames, refusals as sentences."""

import json
from contextlib import contextmanager

import pytest

from flowcore.commands import task
from flowcore.io.frames import read_frame
from flowcore.io.video import probe_video
from flowcore.tasks.surrogate import Surrogate, save_surrogate

FAST = ("--speed", 0.25, "--algorithm", "balance")
LANE = ("--model", "scope_035.scenes", "--iterations", 1)


def test_a_run_with_the_true_flow(run, tmp_path):
    status, out, _ = run(
        "task", "run", "--layout", "gate", "--model", "truth", "--seed", 2, "--speed", 0.25,
        "--texture", 0.5, "--video", tmp_path / "drive.mp4", "--out", tmp_path / "seen", "--json",
    )  # fmt: skip
    answer = json.loads(out)
    assert status == 0
    assert answer["course"] == {
        "layout": "gate", "seed": 2, "texture": 0.5, "speed": 0.25, "turn": 45.0,
        "obstacle_size": 0.25,
    }  # fmt: skip
    assert (answer["model"], answer["algorithm"], answer["stopped"]) == ("truth", "map", False)
    count = answer["score"]["num_frames"]
    assert len(answer["frames"]) == count
    assert set(answer["frames"][0]["pose"]) == {"x", "z", "heading"}
    assert answer["score"]["steering_error"] == 0
    assert len(list((tmp_path / "seen").iterdir())) == count + 1
    assert read_frame(tmp_path / "seen/frame001.png").shape == (120, 160, 3)
    assert probe_video((tmp_path / "drive.mp4").read_bytes()).num_frames == count


def test_an_attack_beside_the_clean_drive(run):
    status, out, _ = run("task", "attack", *FAST, *LANE, "--attack", "fgsm", "--every", 4, "--json")
    answer = json.loads(out)
    assert status == 0
    assert answer["attack"] == "fgsm"
    assert answer["clean"]["course"] == answer["course"]
    assert answer["clean"]["frames"][0]["pose"] == answer["frames"][0]["pose"]
    assert answer["clean"]["frames"][0]["ahead"] > answer["frames"][0]["ahead"]


@pytest.mark.parametrize(
    "more",
    [
        ("--attack", "noise", "--epsilon", 0.1),
        ("--attack", "square", "--steps", 2, "--every", 9, "--made-on", "dis_ultrafast"),
        ("--attack", "fgsm", "--surrogate", "surrogate.safetensors", "--every", 9),
    ],
)
def test_other_ways_to_perturb(run, tmp_path, monkeypatch, more):
    monkeypatch.chdir(tmp_path)
    save_surrogate("surrogate.safetensors", Surrogate("together"))
    status, text, _ = run("task", "attack", *FAST, "--model", "dis_fast", *more)
    assert status == 0
    assert text.splitlines()[0] == "dis_fast, balance, corridor 0"
    assert text.splitlines()[1].startswith("clean ")
    assert text.splitlines()[2].startswith(more[1])


def test_failures(run):
    command = (
        "task", "failures", "--algorithm", "balance", "--model", "truth", "--trials", 4,
        "--layouts", "room", "pillars", "--seed", 3,
    )  # fmt: skip
    status, out, _ = run(*command, "--json")
    answer = json.loads(out)
    assert status == 0
    assert len(answer["trials"]) == 4
    failed = [trial for trial in answer["trials"] if trial["score"]["outcome"] != "arrived"]
    assert sum(len(group["trials"]) for group in answer["groups"]) == len(failed) > 0
    assert {trial["blame"] for trial in failed} == {"algorithm"}
    assert sum(tried for _, tried in answer["rates"]["layout"].values()) == 2


def test_a_surrogate_is_taught_and_kept(run, tmp_path):
    file = tmp_path / "s.safetensors"
    status, text, _ = run(
        "task", "surrogate", "--model", "truth", "--courses", 2, "--epochs", 1, "--unseen", 1,
        "--kinds", "on_flow", "--out", file,
    )  # fmt: skip
    assert status == 0
    assert file.is_file()
    assert [line.split()[0] for line in text.splitlines()[1:]] == [
        "on_flow", "constant", "mean_flow"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("No layout is called 'maze'", ["run", "--layout", "maze"]),
        ("Speed lies in 0.06..0.25 m a frame, got 3", ["run", "--speed", "3"]),
        ("No algorithm is called 'luck'", ["run", "--algorithm", "luck"]),
        ("A video is .webm, .mp4 or .gif, got way.avi", ["run", "--video", "way.avi"]),
        ("A drive is attacked by fgsm", ["attack", "--attack", "patch"]),
        ("The true flow heeds no attack", ["attack", "--model", "truth"]),
        ("no gradient, which PGD needs", ["attack", "--model", "dis_fast"]),
        ("not through both", ["attack", "--made-on", "dis_fast", "--surrogate", "x"]),
        ("missing.safetensors does not hold", ["attack", "--surrogate", "missing.safetensors"]),
        ("one trial or more", ["failures", "--trials", "0"]),
        ("A lesson has 2 courses or more", ["surrogate", "--courses", "1"]),
        ("A study takes kinds out of", ["surrogate", "--kinds", "none", "--courses", "2"]),
    ],
)
def test_refusals(run, words, settings):
    status, out, err = run("task", *settings)
    assert (status, out) == (2, "")
    assert words in err


def test_ctrl_c_keeps_what_was_driven(run, monkeypatch):
    @contextmanager
    def stopped():
        yield lambda: True

    monkeypatch.setattr(task, "stop_asked_for", stopped)
    status, out, _ = run("task", "run", "--model", "truth", "--json")
    answer = json.loads(out)
    assert status == 130
    assert answer["stopped"] is True
    assert len(answer["frames"]) == 1
