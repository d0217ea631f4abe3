"""A short clip on Compare: which pairs are played, how many, and what each is called."""

import gzip
import io
import json

import numpy as np
import pytest
from PIL import Image

from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from flowcore.types import FlowField, PipelineConfig
from pages.components import clip
from pages.components.clip_task import estimate_clip
from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


def film(num_frames):
    """A GIF in which a texture moves right by 2 px a frame."""
    texture = np.random.default_rng(0).integers(0, 256, (6, 8), np.uint8).repeat(8, 0).repeat(8, 1)
    first, *others = (Image.fromarray(np.roll(texture, 2 * i, 1)) for i in range(num_frames))
    stream = io.BytesIO()
    first.save(stream, "GIF", save_all=True, append_images=others, duration=100)
    return stream.getvalue()


def png(number, height=48):
    noise = np.random.default_rng(number).integers(0, 256, (height, 64, 3), np.uint8)
    return f"{number}.png", encode_frame(noise), ""


def played(app):
    """What the viewer is told of a clip."""
    payload = app.get("bidi_component")[-1].proto.bytes
    return json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")]).get("clip", [])


def labels(app):
    return [entry["label"] for entry in played(app)]


def infos(app):
    return [info.value for info in app.info]


@pytest.fixture
def app():
    app = opened("compare", lanes="1", model1="dis_fast", source="Video")
    app.file_uploader(key="video").set_value(("film.gif", film(6), ""))
    return finished(app.run())


def test_pairs_from_the_chosen_one_on_are_played(app):
    assert played(app) == []
    app = finished(app.number_input(key="clip").set_value(3).run())
    assert labels(app) == ["frames 0 and 1", "frames 1 and 2", "frames 2 and 3"]
    first, *others = [entry["url"] for entry in played(app)]
    assert first == ""
    assert len(set(others)) == 2
    app = finished(app.number_input(key="video-step").set_value(2).run())
    assert labels(app) == ["frames 0 and 2", "frames 2 and 4"]
    assert infos(app) == ["2 of 3 pairs can be played: the frames end there."]


def test_no_more_pixels_are_played_than_can_be_afforded(app, monkeypatch):
    monkeypatch.setattr(clip, "MAX_PIXELS", 2 * 48 * 64)
    app = finished(app.number_input(key="clip").set_value(4).run())
    assert labels(app) == ["frames 0 and 1", "frames 1 and 2"]
    assert "2 of 4 pairs can be played" in infos(app)[0]


def test_files_in_a_row_are_played_and_one_of_another_size_is_said(app):
    app = finished(app.segmented_control(key="source").set_value("Two frames").run())
    files = [png(i) for i in range(4)]
    app = finished(app.file_uploader(key="frames").set_value(files).run())
    app = finished(app.number_input(key="clip").set_value(2).run())
    assert labels(app) == ["frames 0 and 1", "frames 1 and 2"]
    files[2] = png(2, height=32)
    app = finished(app.file_uploader(key="frames").set_value(files).run())
    assert labels(app) == []
    assert "the second 64x32 (width x height)" in app.error[0].value


def test_a_sample_is_no_film(app):
    app = finished(app.number_input(key="clip").set_value(3).run())
    app = finished(app.segmented_control(key="source").set_value("Sample").run())
    assert played(app) == []
    assert not [widget for widget in app.number_input if widget.key == "clip"]


def test_the_probe_looks_into_the_pair_that_is_shown(app):
    app = finished(app.number_input(key="clip").set_value(3).run())
    app.session_state["clip-shown"] = 1
    app.number_input(key="px").set_value(30)
    app = finished(app.number_input(key="py").set_value(20).run())
    assert "Of frames 1 and 2." in [caption.value for caption in app.caption]
    app.session_state["clip-shown"] = 7  # of a longer clip
    app = finished(app.run())
    assert not [caption for caption in app.caption if caption.value.startswith("Of frames")]


def test_the_flow_of_a_file_keeps_its_place_in_pairs_that_it_says_nothing_of(pair):
    """Lanes are known by their place: one that were left out would change the others' colors."""
    lanes = [("file", None), ("dis_fast", PipelineConfig("dis_fast"))]
    ((payload, _),) = estimate_clip(lambda done, words: None, [pair], lanes, 1)
    header = json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")])
    assert [lane["title"] for lane in header["lanes"]] == ["file", "dis_fast"]
    span = header["lanes"][0]["valid"]
    body = payload[4 + int.from_bytes(payload[:4], "little") :]
    known = gzip.decompress(body[span["offset"] : span["offset"] + span["length"]])
    assert not any(known)


def test_a_flow_file_beside_a_clip_is_said_to_be_of_one_pair(app):
    flow = encode_flow(FlowField(np.zeros((48, 64, 2), np.float32)), "flo")
    app.number_input(key="lanes").set_value(2)
    app = finished(app.run())
    app = finished(app.selectbox(key="model2").set_value("external flow file").run())
    app.file_uploader(key="flow2").set_value(("other.flo", flow, ""))
    app = finished(app.run())
    app = finished(app.button(key="run-lanes").click().run())
    app = finished(app.number_input(key="clip").set_value(2).run())
    assert labels(app) == ["frames 0 and 1", "frames 1 and 2"]
    (said,) = infos(app)
    assert said == "A flow file is that of one pair: external is gray in those after it."
