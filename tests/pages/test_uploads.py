"""Uploaded frames and flows: order, names, pages, scaling and layouts, as the page has them."""

from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from flowcore.types import FlowField
from pages.components.uploads import in_natural_order, plain_name
from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


@pytest.fixture
def app():
    return finished(opened("compare", lanes="1", model1="dis_fast", source="Two frames"))


def dropped(app, *files, key="frames"):
    return finished(app.file_uploader(key=key).set_value([(*file, "") for file in files]).run())


def frames(pair):
    return ("a.png", encode_frame(pair.first)), ("b.png", encode_frame(pair.second))


def gray(values):
    stream = BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


def tiff(*pages):
    first, *others = map(Image.fromarray, pages)
    stream = BytesIO()
    first.save(stream, "TIFF", save_all=True, append_images=others)
    return stream.getvalue()


def captions(app):
    return [element.value for element in app.caption]


def frame_captions(app):
    pictures = [image.caption for group in app.get("image") for image in group.proto.imgs]
    return [caption for caption in pictures if "frame" in caption]


def used(app):
    return app.session_state["last_pair"]


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["frame10.png", "frame9.png"], ["frame9.png", "frame10.png"]),
        (["b.png", "A.png"], ["A.png", "b.png"]),
        (["a0002.png", "a10.png", "a1.png"], ["a1.png", "a0002.png", "a10.png"]),
        (["2-10.png", "10-2.png", "2-9.png"], ["2-9.png", "2-10.png", "10-2.png"]),
        (["left.png", "1.png", "a" + "9" * 9999], ["1.png", "a" + "9" * 9999, "left.png"]),
    ],
)
def test_names_are_in_natural_order(names, ordered):
    files = [SimpleNamespace(name=name) for name in names]
    assert [file.name for file in in_natural_order(files)] == ordered


def test_names_lose_what_markup_is_made_of():
    file = SimpleNamespace(name="../![x](http://a.b)<img src=x>:red[a]$x$.png")
    assert plain_name(file) == "..x(httpa.b)img srcxredax.png"


def test_frames_are_in_natural_order_with_their_names_under_them(app, pair):
    first, second = encode_frame(pair.first), encode_frame(pair.second)
    app = dropped(app, ("frame_10.png", second), ("frame_9.png", first))
    assert used(app).frames_digest == pair.frames_digest
    assert frame_captions(app)[:2] == ["First frame: frame_9.png", "Second frame: frame_10.png"]
    app = finished(app.toggle(key="swap").set_value(True).run())
    assert used(app).frames_digest == pair.reversed().frames_digest
    assert frame_captions(app)[:2] == ["First frame: frame_10.png", "Second frame: frame_9.png"]


def test_two_files_of_one_name_are_swapped_too(app, pair):
    first, second = encode_frame(pair.first), encode_frame(pair.second)
    app = dropped(app, ("0001.png", first), ("0001.png", second))
    assert used(app).frames_digest == pair.frames_digest
    app = finished(app.toggle(key="swap").set_value(True).run())
    assert used(app).frames_digest == pair.reversed().frames_digest


def test_pages_of_a_tiff_are_frames(app, pair):
    pages = [frame[..., 0] for frame in (pair.first, pair.second, pair.first)]
    app = dropped(app, ("stack.tif", tiff(*pages)))
    assert frame_captions(app)[:2] == [
        "First frame: stack.tif, page 0",
        "Second frame: stack.tif, page 1",
    ]
    np.testing.assert_array_equal(used(app).second[..., 0], pages[1])
    app = finished(app.slider(key="page-first").set_value(1).run())
    np.testing.assert_array_equal(used(app).first[..., 0], pages[1])
    np.testing.assert_array_equal(used(app).second[..., 0], pages[2])


def test_deep_frames_are_scaled_alike_and_the_range_can_be_chosen(app, pair):
    first, second = (frame[..., 0] * np.uint16(4) for frame in (pair.first, pair.second))
    app = dropped(app, ("a.tif", tiff(first)), ("b.tif", tiff(second)))
    note = "16-bit values were scaled to 8 bits by the"
    assert any(text.startswith(f"{note} range that is used") for text in captions(app))
    assert used(app).first.max() == 255
    app = finished(app.selectbox(key="value-range").set_value("full").run())
    assert any(text.startswith(f"{note} full range, 0 to 65535") for text in captions(app))
    assert used(app).first.max() == 4


def test_a_flow_png_says_how_it_was_read_and_can_be_read_otherwise(app, pair):
    app = dropped(app, *frames(pair), ("t.png", encode_flow(pair.truth, "dsec")))
    assert used(app).truth.uv[0, 0].tolist() == [6, 2]
    assert any("read as a PNG of KITTI" in text for text in captions(app))
    assert any("a PNG of DSEC" in element.value for element in app.warning)
    layout = next(box for box in app.selectbox if box.label == "Layout of the flow PNG")
    app = finished(layout.set_value("dsec").run())
    assert used(app).truth.uv[0, 0].tolist() == [3, 1]
    assert used(app).notes == ()


def test_a_truth_that_knows_nothing_is_said_and_left_out(app, pair):
    nothing = FlowField(np.zeros((96, 128, 2), np.float32), np.zeros((96, 128), bool))
    app = dropped(app, *frames(pair), ("t.flo", encode_flow(nothing, "flo")))
    assert [element.value for element in app.error] == ["t.flo knows the motion of no pixel."]
    assert used(app).truth is None


def test_one_drop_is_sorted_by_name_and_content_and_can_be_corrected(app, pair):
    """As from KITTI's folders, where a frame, a flow and a map have one name."""
    seen = np.ones((96, 128), bool)
    seen[:, :30] = False
    visible = FlowField(pair.truth.uv, seen)
    objects = np.tile(np.arange(128, dtype=np.uint8) // 32, (96, 1))
    app = dropped(
        app,
        ("000_11.png", encode_frame(pair.second)),
        ("000_10.png", encode_flow(visible, "kitti")),
        ("000_10.png", encode_frame(pair.first)),
        ("000_10.png", encode_flow(pair.truth, "kitti")),
        ("000_10.png", gray(objects)),
        ("classes.png", gray(objects + np.uint8(1))),
    )
    found = used(app)
    assert found.frames_digest == pair.frames_digest
    assert (found.occluded == (pair.truth.valid & ~seen)).all()
    assert (found.foreground == (objects > 0)).all()
    assert found.labels[0, -1] == 4
    picked = next(box for box in app.selectbox if box.label == "classes.png")
    assert picked.value == "labels"
    app = finished(picked.set_value("unused").run())
    assert used(app).labels is None
    picked = next(box for box in app.selectbox if box.label == "classes.png")
    app = finished(picked.set_value("objects").run())
    assert "both taken for: Moving objects" in app.error[0].value
    assert used(app).foreground is None


def test_more_than_two_frames_are_stepped_through(app, pair):
    files = [(f"{i}.png", encode_frame(frame)) for i, frame in
             enumerate((pair.first, pair.second, pair.first))]  # fmt: skip
    app = dropped(app, *files)
    assert frame_captions(app)[:2] == ["First frame: 0.png", "Second frame: 1.png"]
    app = finished(app.button(key="frame-Next pair").click().run())
    assert used(app).frames_digest == pair.reversed().frames_digest
    assert app.button(key="frame-Next pair").disabled
    assert "Frames 1 and 2 of 3, counted from 0." in captions(app)
    app = finished(app.button(key="frame-Previous pair").click().run())
    assert used(app).frames_digest == pair.frames_digest


def test_what_a_file_holds_is_shown_as_text():
    app = opened("compare", lanes="1", model1="dis_fast", source="Video")
    app.file_uploader(key="video").set_value(("a.mp4", b"**[x](y)** holds no frames", "")).run()
    (error,) = app.error
    assert r"\*\*\[x\](y)" in error.value


def test_one_image_says_that_it_was_reduced_and_can_be_used_as_it_is():
    photo = np.random.default_rng(0).integers(0, 256, (40, 1280, 3), np.uint8)
    app = finished(opened("compare", lanes="1", model1="dis_fast", source="One image"))
    app = dropped(app, ("wide.png", encode_frame(photo)), key="image")
    note = "The image is reduced from 1280x40 to 1024x32 px."
    assert note in captions(app)
    assert used(app).size == (32, 1024)
    app = finished(app.number_input(key="side").set_value(1280).run())
    assert note not in captions(app)
    assert used(app).size == (40, 1280)
