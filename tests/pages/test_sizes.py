"""The page Sizes as a script: it opens, measures two classical methods, and gives the numbers."""

import numpy as np
import pytest

from flowcore.data.synthetic import make_pair
from flowcore.io.frames import encode_frame
from pages.components.size_form import _ways
from pages.components.size_shipping import _duration, _rounded
from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


def sizes(models=("dis_ultrafast", "dis_fast"), **query):
    query = {"models": list(models), "sample": "Sub-pixel", **query}
    return finished(opened("sizes", **query))


def table(app, column):
    return next(frame.value for frame in app.dataframe if column in frame.value)


def captions(app):
    return " ".join(element.value for element in app.caption)


def test_two_classical_methods_are_measured():
    app = sizes()
    assert app.title[0].value == "Sizes"
    measured = table(app, "seconds")
    assert list(measured.index) == ["dis_ultrafast", "dis_fast"]
    assert (measured["megabytes"] == 0).all()
    assert measured["gmacs"].isna().all()
    assert (measured["energy_low_j"] < measured["energy_high_j"]).all()
    assert len(app.get("plotly_chart")) == 2
    assert "no weights" in captions(app)
    assert "Not measured here" in captions(app)


def test_chunks_and_half_size_are_further_points():
    measured = table(sizes(["dis_fast"], chunked="true", resized="true"), "seconds")
    assert list(measured.index) == ["dis_fast", "dis_fast, 2x2", "dis_fast, scale 0.5"]


def test_only_what_refines_goes_over_a_pair_twice():
    ways = [_ways(name, False, False, True) for name in ("dis_fast", "scope_035.scenes")]
    assert [[way.passes for way in of_one] for of_one in ways] == [[None], [None, 2]]


@pytest.mark.parametrize(
    ("x", "y"), [("Parameters", "PSNR"), ("Operations", "Memory"), ("Energy", "Time")]
)
def test_every_chart_is_drawn(x, y):
    app = sizes(x=x, y=y)
    assert len(app.get("plotly_chart")) == 2


def test_shipping_follows_devices_link_and_grid():
    app = sizes(devices="7", grid="France")
    shipped = table(app, "One model")
    assert list(shipped["To 7 devices"]) == ["no weights"] * 2
    assert shipped["1,000,000 frames, g CO2"].str.contains(" to ").all()
    app.selectbox(key="link").set_value("another").run()
    assert app.number_input(key="rate").value == 100.0
    assert not app.exception


def test_frames_without_truth_are_judged_by_their_warp():
    texture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    pair = make_pair(np.ascontiguousarray(texture.repeat(8, 0).repeat(8, 1)), dx=3, dy=1)
    app = sizes(["dis_fast"], source="Two frames")
    files = [("a.png", encode_frame(pair.first), ""), ("b.png", encode_frame(pair.second), "")]
    app = finished(app.file_uploader(key="frames").set_value(files).run())
    measured = table(app, "seconds")
    assert "psnr" in measured
    assert "epe" not in measured
    control = next(item for item in app.get("segmented_control") if item.key == "y")
    assert control.value == "psnr"


def test_no_model_is_a_sentence():
    app = sizes()
    app.multiselect(key="models").set_value([])
    next(button for button in app.button if button.label == "Run").click().run()
    assert any("Choose a model" in info.value for info in app.info)
    assert not app.exception


def test_the_export_has_every_metric():
    app = sizes()
    labels = [button.proto.label for button in app.get("download_button")]
    assert "Sizes (CSV)" in labels
    assert "points_table(points).to_csv" in app.code[0].value


def test_what_is_not_counted_is_explained():
    app = sizes()
    assert any("outside torch" in info.value for info in app.info)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0136, "13.6 ms"), (5.45, "5.45 s"), (1090.56, "18.2 min"), (9e4, "25 h")],
)
def test_durations_for_people(seconds, text):
    assert _duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0312, "0.031"), (1.04, "1.0"), (38.7, "39"), (1013, "1,000"), (99.6, "100")],
)
def test_two_figures(value, text):
    assert _rounded(value) == text
