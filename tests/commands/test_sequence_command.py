"""A lane along frames in a row: what is printed and written, and what cannot be."""

import io
import json
import zipfile

import cv2
import numpy as np
import pandas as pd
import pytest

from flowcore.io.frames import write_frame

LANE = ("--model", "dis_fast", "--threads", "1")


@pytest.fixture
def walk(tmp_path):
    """Five frames of a texture that moves by 2 px a frame."""
    texture = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8).repeat(8, 0)
    folder = tmp_path / "walk"
    folder.mkdir()
    for index in range(5):
        frame = np.ascontiguousarray(np.roll(texture.repeat(8, 1), 2 * index, 1))
        write_frame(folder / f"shot{index}.png", frame)
    return folder


def test_numbers_film_and_flows(walk, run, tmp_path):
    files = {name: tmp_path / f"a.{name}" for name in ("csv", "mp4", "zip")}
    wanted = [word for name, path in files.items() for word in (f"--{name}", path)]
    part = ("--from", 2, "--pairs", 3)
    status, out, err = run("sequence", walk, *LANE, *part, *wanted, "--json")
    result = json.loads(out)
    assert status == 0
    assert (result["model"], result["sequence"], result["from"]) == ("dis_fast", "shot", 2)
    assert [pair["sequence"] for pair in result["pairs"]] == ["shot1", "shot2", "shot3"]
    flicker = [pair["metrics"].get("flicker") for pair in result["pairs"]]
    assert flicker[0] is None
    assert result["means"]["flicker"] == pytest.approx(np.mean(flicker[1:]))
    assert "3/3 walk/shot3: " in err
    table = pd.read_csv(files["csv"])
    assert list(table["flicker"][1:]) == pytest.approx(flicker[1:])
    video = cv2.VideoCapture(str(files["mp4"]))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    video.release()
    with zipfile.ZipFile(io.BytesIO(files["zip"].read_bytes())) as archive:
        assert archive.namelist()[:3] == ["0000.flo", "0001.flo", "0002.flo"]


def test_a_broken_pair_is_listed(walk, run):
    (walk / "shot2.png").write_bytes(b"no picture")
    status, out, _ = run("sequence", walk, *LANE, "--json")
    assert status == 1
    assert [pair["sequence"] for pair in json.loads(out)["failed"]] == ["shot1", "shot2"]
    status, out, _ = run("sequence", walk, *LANE, "--from", 2, "--pairs", 1)
    assert status == 2


def test_ctrl_c_keeps_what_was_done(walk, run, tmp_path, ctrl_c_at):
    with ctrl_c_at("shot2"):
        status, out, err = run("sequence", walk, *LANE, "--csv", tmp_path / "a.csv")
    assert status == 130
    assert "means over 2 pairs" in out
    assert "what was done is kept" in err
    assert len(pd.read_csv(tmp_path / "a.csv")) == 2


def test_one_of_several_sequences_and_a_video(walk, run, tmp_path):
    writer = cv2.VideoWriter(
        str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48)
    )
    for path in sorted(walk.iterdir()):
        writer.write(cv2.imread(str(path)))
    writer.release()
    assert run("sequence", tmp_path / "film.avi", *LANE)[0] == 0
    (tmp_path / "film.avi").rename(walk / "film.avi")
    status, _, err = run("sequence", walk, *LANE)
    assert status == 2
    assert "Say by --name which sequence of shot, film; got none." in err
    status, out, _ = run("sequence", walk, *LANE, "--name", "film", "--pairs", 2, "--json")
    assert status == 0
    assert [pair["sequence"] for pair in json.loads(out)["pairs"]] == ["film/0000", "film/0001"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--from", "5"), "pairs 1 to 4, got --from 5"),
        (("--pairs", "0"), "got --from 1 and 0 pairs"),
        (("--csv", "nowhere/a.csv"), "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_is_a_sentence(walk, run, words, sentence):
    status, _, err = run("sequence", walk, *LANE, *words)
    assert status == 2
    assert sentence in err


def test_pairs_that_stand_alone(folder, run):
    status, _, err = run("sequence", folder / "root", *LANE)
    assert status == 2
    assert "no three frames in a row" in err
