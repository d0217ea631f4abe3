"""A short clip on Compare: which pairs are played, how many, and what each is called."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from flowcore.io.frames import encode_frame
from pages.components import clip
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
