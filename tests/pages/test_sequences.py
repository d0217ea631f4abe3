"""Sequences on the page Datasets: parts of them, what is measured along them, and the viewer."""

import io
import json
import zipfile
from functools import partial

import numpy as np
import pytest

from flowcore.data.datasets import open_dataset
from flowcore.data.reels import reels_of
from flowcore.io.frames import write_frame
from flowcore.scores import Failure
from flowcore.types import PipelineConfig
from pages.components import dataset_roots, sequence_takeaway
from pages.components.lane_form import LaneChoice
from pages.components.sequence_runs import Stretch, key_of_work
from pages.components.sequence_task import Followed, follow_lane, make_film, make_flow_files
from pages.components.tasks import call
from pages.components.work import shared_queue
from tests.pages.waiting import finished, opened
from tests.patience import wait_until

CONFIG = PipelineConfig("dis_fast")
pytestmark = pytest.mark.usefixtures("server_queues")


@pytest.fixture(autouse=True)
def walk(tmp_path, monkeypatch):
    """A root with six frames of a texture that moves right by 2 px a frame."""
    texture = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8).repeat(8, 0)
    folder = tmp_path / "public" / "walk"
    folder.mkdir(parents=True)
    for index in range(6):
        frame = np.ascontiguousarray(np.roll(texture.repeat(8, 1), 2 * index, 1))
        write_frame(folder / f"shot{index}.png", frame)
    monkeypatch.setenv("FLOWSCOPE_ROOTS", str(tmp_path / "public"))
    monkeypatch.setenv("FLOWSCOPE_STORE", str(tmp_path / "runs.sqlite"))
    dataset_roots._below_roots.clear()
    return folder


def sequences(**query):
    fixed = {"dataset": "public/walk", "view": "Sequences", "lanes": "1", "model1": "dis_fast"}
    return opened("datasets", **(fixed | query))


def measured(app):
    return finished(next(one for one in app.button if one.label == "Run").click().run())


def said(elements):
    return " ".join(element.value for element in elements)


def clip(app):
    payload = app.get("bidi_component")[-1].proto.bytes
    return json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")]).get("clip", [])


def test_a_part_of_a_sequence_is_followed_shown_and_taken_away():
    app = finished(sequences(**{"reel-from": "2", "reel-pairs": "3"}))
    assert "Press Run to follow these lanes along 3 pairs" in said(app.info)
    assert "Pairs 2 to 4 of 5" in said(app.caption)
    app = measured(app)
    assert not app.error
    along = app.selectbox(key="number-along")
    assert along.options[:2] == ["Photometric error", "Flicker"]
    means = app.dataframe[0].value
    assert list(means.index) == ["dis_fast"]
    assert means["flicker"].item() < 1
    command = "flowcore sequence ROOT --name shot --from 2 --pairs 3 --model dis_fast"
    assert app.code[0].value.startswith(command)
    labels = [one.label for one in app.button]
    assert {"Pair 2", "Pair 3", "Pair 4", "Make film (MP4)", "Make flow files (ZIP)"} <= set(labels)
    app = next(one for one in app.button if one.label == "Pair 4").click().run()
    app = finished(app)
    assert app.slider(key="at").value == 4
    (link,) = [one.proto for one in app.get("page_link") if one.proto.label == "Open in Compare"]
    assert {"sequence=shot3", "model1=dis_fast"} <= set(link.query_string.split("&"))
    assert "at=4" in str(app.query_params) or app.query_params["at"] in ("4", ["4"])
    app = next(one for one in app.button if one.label == "Make flow files (ZIP)").click().run()
    app = finished(app)
    assert "Flow files (ZIP)" in [one.proto.label for one in app.get("download_button")]


@pytest.mark.parametrize("asked", ["flicker", "Flicker"])
def test_the_number_along_a_sequence_is_in_the_address_by_its_key(asked):
    app = measured(finished(sequences(along=asked)))
    assert app.selectbox(key="number-along").value == "flicker"
    assert app.query_params["along"] in ("flicker", ["flicker"])


def whole(task, pairs, *settings):
    return task(lambda *_: False, pairs, CONFIG, 1, *settings)


def in_turns(task, pairs, *settings):
    """The same by jobs each of which is asked to finish at once."""
    done, num_turns = None, 0
    while done is None or not done.is_complete:
        done = task(lambda *_: True, pairs, CONFIG, 1, *settings, done)
        num_turns += 1
    assert num_turns == len(pairs)
    return done


def test_what_gives_way_again_and_again_comes_to_the_same(walk):
    (walk / "shot3.png").write_bytes(b"no picture")
    pairs = open_dataset(walk).pairs
    along, parts = whole(follow_lane, pairs).along, in_turns(follow_lane, pairs).along
    assert [isinstance(one, Failure) for one in parts] == [False, False, True, True, False]
    for one, other in zip(along, parts, strict=True):
        assert isinstance(one, Failure) or one.score.metrics == other.score.metrics
    film = "dis_fast", 2.0
    assert in_turns(make_film, pairs, *film).file == whole(make_film, pairs, *film).file
    both = [task(make_flow_files, pairs).file for task in (whole, in_turns)]
    archives = [zipfile.ZipFile(io.BytesIO(one)) for one in both]
    assert len(archives[0].namelist()) == 3 + 2
    for name in archives[0].namelist():
        assert archives[0].read(name) == archives[1].read(name)


def test_a_lane_that_gave_way_goes_on(walk):
    pairs = open_dataset(walk, inside=walk.parent).pairs
    first = follow_lane(lambda *_: True, pairs, CONFIG, 1)
    assert not first.is_complete
    stretch, lane = Stretch(*reels_of(pairs), 0, 5), LaneChoice("dis_fast", CONFIG)
    key, queue = key_of_work("follow", stretch, lane, 1), shared_queue("lanes")
    job = queue.submit(key, call, partial(Followed, *first))
    wait_until(lambda: job.is_over)
    app = finished(sequences(threads="1"))
    assert "flicker" in app.dataframe[0].value
    assert queue.get(key).result.is_complete
    queue.drop(key)


def test_pairs_from_the_one_that_is_looked_at_are_played():
    app = finished(sequences(at="3", clip="2"))
    assert [entry["label"] for entry in clip(app)] == ["frames 2 and 3", "frames 3 and 4"]


def test_a_pair_of_a_sequence_is_played_in_compare_as_well():
    app = finished(
        opened("compare", source="Data set", dataset="public/walk", sequence="shot3", lanes="1",
               model1="dis_fast", clip="2")
    )  # fmt: skip
    assert [entry["label"] for entry in clip(app)] == ["frames 3 and 4", "frames 4 and 5"]


def test_a_broken_pair_is_said_and_the_rest_is_drawn(walk):
    (walk / "shot5.png").write_bytes(b"no picture")
    app = measured(finished(sequences(at="1")))
    assert "1 pair could not be measured" in {box.label for box in app.expander}
    assert "flicker" in app.dataframe[0].value


def test_addresses_beyond_the_end_and_flows_that_are_too_large(monkeypatch):
    monkeypatch.setattr(sequence_takeaway, "MAX_FLOW_BYTES", 1000)
    app = measured(finished(sequences(at="99", **{"reel-from": "77", "reel-pairs": "88"})))
    assert not app.exception
    assert "The flow files would take" in said(app.caption)


def test_without_frames_in_a_row_there_is_no_such_view():
    app = opened("datasets", view="Sequences", lanes="1", model1="dis_fast")
    assert not app.exception
    assert app.segmented_control(key="view").options == ["All pairs", "Sweep"]
