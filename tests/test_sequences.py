"""A lane along frames in a row: numbers of each pair, flicker, broken ones, what is exported."""

import io
import json
import zipfile

import cv2
import numpy as np
import pandas as pd
import pytest

from flowcore.data.datasets import open_dataset
from flowcore.errors import InputError, UnknownModelError
from flowcore.export.sequence import flows_mp4, flows_zip, sequence_csv
from flowcore.io.flow_files import decode_flow
from flowcore.io.frames import write_frame
from flowcore.lane import run_lane
from flowcore.scores import Failure
from flowcore.sequences import follow
from flowcore.types import FlowField, PipelineConfig

CONFIG = PipelineConfig("dis_fast")


@pytest.fixture
def folder(tmp_path):
    """Five frames of a texture that moves by 2 px a frame to the right, then stops."""
    texture = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8).repeat(8, 0)
    texture = cv2.GaussianBlur(texture.repeat(8, 1), (0, 0), 2)
    for index, shift in enumerate((0, 2, 4, 6, 6)):
        write_frame(tmp_path / f"walk{index}.png", np.roll(texture, shift, 1))
    return tmp_path


def followed(folder, config=CONFIG):
    return list(follow(open_dataset(folder).pairs, config, threads=1))


def test_numbers_are_those_of_the_lane_and_flicker_joins_them(folder):
    moments = followed(folder)
    first, *others = [moment.score for moment in moments]
    lane = run_lane(moments[0].pair, CONFIG, threads=1)
    assert first.metrics == lane.metrics
    assert "flicker" not in first.metrics
    calm, sudden = others[0].value("flicker"), others[-1].value("flicker")
    assert calm < 0.3
    assert sudden == pytest.approx(2, abs=0.4)
    assert "flicker_truth" not in others[0].metrics
    assert [one.sequence for one in others] == ["walk1", "walk2", "walk3"]


def test_flicker_of_the_truth(folder, monkeypatch):
    from dataclasses import replace

    from flowcore.data.files import PairFiles

    load = PairFiles.load

    def with_truth(files):
        pair, u = load(files), 2 - 2 * (files.sequence == "walk3")
        return replace(pair, truth=FlowField(np.full((*pair.size, 2), (u, 0), np.float32)))

    monkeypatch.setattr(PairFiles, "load", with_truth)
    scores = [moment.score for moment in followed(folder)]
    assert [score.value("flicker_truth") for score in scores[1:]] == [0, 0, 2]
    assert all("epe" in score.metrics for score in scores)


def test_a_broken_pair_is_listed_and_not_jumped_over(folder):
    (folder / "walk2.png").write_bytes(b"no picture")
    moments = followed(folder)
    assert [isinstance(moment, Failure) for moment in moments] == [False, True, True, False]
    assert "flicker" not in moments[3].score.metrics
    assert "walk2.png" in moments[1].reason


def test_a_model_that_is_not_here(folder):
    with pytest.raises(UnknownModelError):
        followed(folder, PipelineConfig("dis_fsat"))


def test_a_film_of_frames_and_flows(folder, tmp_path):
    moments = followed(folder)
    film = flows_mp4(((one.pair.first, one.flow) for one in moments), "dis_fast", max_magnitude=2)
    path = tmp_path / "film.mp4"
    path.write_bytes(film)
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 4
    assert video.get(cv2.CAP_PROP_FRAME_WIDTH) == 2 * 64
    video.release()
    with pytest.raises(InputError, match="got none"):
        flows_mp4([], "dis_fast", max_magnitude=1)


def test_flow_files_by_number_with_names_and_settings(folder):
    moments = followed(folder)
    named = [("=walk", moment.flow) for moment in moments]
    with zipfile.ZipFile(io.BytesIO(flows_zip(named, CONFIG, threads=1))) as archive:
        names = archive.namelist()
        assert names == [*(f"{n:04d}.flo" for n in range(4)), "pairs.csv", "settings.json"]
        flow = decode_flow(archive.read("0002.flo"))
        assert np.array_equal(flow.uv, moments[2].flow.uv)
        table = pd.read_csv(io.BytesIO(archive.read("pairs.csv")))
        assert list(table["pair"]) == ["'=walk"] * 4
        settings = json.loads(archive.read("settings.json"))
    assert settings["config"]["model"] == "dis_fast"
    assert (settings["threads"], settings["weights_sha256"]) == (1, None)
    assert "torch" in settings["versions"]


def test_numbers_as_a_table(folder):
    scores = [moment.score for moment in followed(folder)]
    table = pd.read_csv(io.StringIO(sequence_csv({"one": scores, "two": scores[:1]})))
    assert list(table["lane"]) == ["one"] * 4 + ["two"]
    assert np.isnan(table["flicker"][0])
    assert table["flicker"][3] == pytest.approx(scores[3].value("flicker"))
