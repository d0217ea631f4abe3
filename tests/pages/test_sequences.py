"""Sequences on the page Datasets: parts of them, what is measured along them, and the viewer."""

import json

import numpy as np
import pytest

from flowcore.io.frames import write_frame
from pages.components import dataset_roots, sequence_takeaway
from tests.pages.waiting import finished, opened

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
    along = app.selectbox(key="along")
    assert along.options[:2] == ["Photometric error", "Flicker"]
    means = app.dataframe[0].value
    assert list(means.index) == ["dis_fast"]
    assert means["flicker"].item() < 1
    labels = [one.label for one in app.button]
    assert {"Pair 2", "Pair 3", "Pair 4", "Make film (MP4)", "Make flow files (ZIP)"} <= set(labels)
    app = next(one for one in app.button if one.label == "Pair 4").click().run()
    app = finished(app)
    assert app.slider(key="at").value == 4
    assert "at=4" in str(app.query_params) or app.query_params["at"] in ("4", ["4"])
    app = next(one for one in app.button if one.label == "Make flow files (ZIP)").click().run()
    app = finished(app)
    assert "Flow files (ZIP)" in [one.proto.label for one in app.get("download_button")]


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
