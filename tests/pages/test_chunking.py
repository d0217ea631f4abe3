"""The page Chunking as a script: it cuts, compares, shows the seams, measures a curve, advises."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from flowcore.chunking.losses import measured_losses
from flowcore.io.frames import encode_frame
from tests.pages.waiting import finished, opened
from tests.patience import patient

TEXTURE = np.random.default_rng(0).integers(0, 256, (12, 17, 3), np.uint8).repeat(8, 0).repeat(8, 1)
PAIR = (TEXTURE[:, 3:131], TEXTURE[:, :128])

pytestmark = pytest.mark.usefixtures("server_queues")


def chunking(**query):
    return finished(opened("chunking", **{"sample": "Sub-pixel", "model": "dis_fast", **query}))


def costs(app):
    return next(frame.value for frame in app.dataframe if "moved" in frame.value)


def test_three_lanes_and_their_seams():
    app = chunking()
    table = costs(app)
    assert list(table.index)[:2] == ["dis_fast, whole", "dis_fast, 2x2 chunks"]
    assert table.index[2].startswith("dis_fast, resized by 0.5")
    assert (table["epe"] > 0).all()
    whole, chunked, resized = table["moved"]
    assert resized < whole < chunked
    assert [metric.label for metric in app.metric][-1] == "Matches cut off"
    words = " ".join(caption.value for caption in app.caption)
    assert "What to expect of dis_fast was not measured beforehand." in words
    assert "Measure a curve" in words
    takeaways = {button.label for button in app.get("download_button")}
    assert takeaways >= {"Everything (ZIP)", "Metrics (CSV)", "flo (.flo)"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"way": "just over half"}, "2x2 chunks of "),
        ({"way": "chunk size", "chunk-size": "128x128"}, "chunks of "),
        ({"way": "memory", "memory": "15"}, "chunks of "),
        ({"chunks": "2x4", "overlap": "25%"}, "2x4 chunks of "),
        ({"counts": "2x4", "unit": "% of a chunk", "percent": "25"}, "2x4 chunks of "),  # before
        ({"way": "chunk size", "ch": "128", "cw": "128"}, "chunks of "),
    ],
)
def test_every_way_of_cutting(query, words):
    app = chunking(**query)
    assert not app.error
    assert any(words in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"chunks": "two"}, "such as 2x3"),
        ({"overlap": "much"}, "Expected a whole number, got 'much'"),
        ({"way": "chunk size", "chunk-size": "16x16"}, "use chunks of 33 px or more"),
        ({"way": "memory", "memory": "1"}, "No grid of chunks keeps dis_fast .* the least is"),
    ],
)
def test_what_does_not_fit_is_said(query, message):
    app = chunking(**query)
    assert re.search(message, app.error[0].value)
    assert not app.exception


def test_a_curve_and_the_advice_from_it():
    app = chunking(curve="Number of chunks")
    next(button for button in app.button if button.label == "Measure").click().run()
    finished(app)
    assert any("the whole frame" in text.value for text in app.markdown)
    app.number_input(key="advice-s").set_value(0.001).run()
    assert "Nothing that was measured keeps to this" in app.info[-1].value


@pytest.mark.slow
def test_frames_that_do_not_move_lose_nothing_that_can_be_told():
    app = chunking(sample="Static", curve="Number of chunks")
    next(button for button in app.button if button.label == "Measure").click().run()
    finished(app)
    assert any("MB" in text.value for text in app.markdown)


def test_lanes_and_a_curve_run_side_by_side():
    app = opened("chunking", sample="Large displacement", model="tvl1")
    next(button for button in app.button if button.label == "Measure").click().run()
    assert not app.exception
    for key in ("cancel", "cancel-curve"):
        app.button(key=key).click().run()
    assert not app.exception
    assert any("Press Measure" in info.value for info in app.info)


def test_frames_without_truth_are_told_what_is_missing():
    app = chunking(source="Two frames")
    files = [
        (f"{name}.png", encode_frame(frame), "") for name, frame in zip("ab", PAIR, strict=True)
    ]
    app = finished(app.file_uploader(key="frames").set_value(files).run())
    next(button for button in app.button if button.label == "Run").click().run()
    app = finished(app)
    assert "epe" not in costs(app)
    words = " ".join(info.value for info in app.info)
    assert "Errors near the seams need a pair with truth" in words
    assert "matches cut off needs a pair with truth" in words


def test_losses_are_expected_before_anything_is_measured():
    app = chunking(model="scope_070.scenes")
    app.number_input(key="advice-s").set_value(1e4).run()  # for machines of any speed
    assert not app.exception
    advice = next(text.value for text in app.markdown if "EPE than the whole" in text.value)
    known = measured_losses().query("model == 'scope_070.scenes' and measured_on == 'middlebury'")
    best = known.loc[known["epe_loss_percent"].idxmin()]
    way = "motion-aware" if best["motion_aware"] else f"overlap {best['overlap_px']}"
    assert advice.startswith(f"**scope_070.scenes, {best['chunks']}, {way}**")
    loss = best["epe_loss_percent"]
    assert f"{abs(loss):.1f} % {'less' if loss < 0 else 'more'} EPE" in advice
    app.number_input(key="advice-mb").set_value(20).run()
    app.selectbox(key="advice-data").set_value("generated, 64 pairs").run()
    table = app.dataframe[-1].value
    assert (table["peak_mb"] <= 20).all()
    assert table["loss"].is_monotonic_increasing
    app.number_input(key="advice-mb").set_value(1).run()
    assert "Nothing of the table keeps to this" in app.info[-1].value


def test_seams_are_shown_of_the_lanes_that_worked():
    def page():
        from flowcore.data import samples
        from flowcore.lane import external_lane
        from flowcore.types import ChunkGrid, PipelineConfig
        from pages.components.chunk_form import ChunkChoice
        from pages.components.chunk_seams import show_seams

        pair = samples.load("subpixel")
        config = PipelineConfig("dis_fast", chunks=ChunkGrid(2, 2))
        choice = ChunkChoice(config, config.chunks, 1, is_asked=True, is_pressed=False)
        show_seams(pair, choice, {"whole": external_lane(pair, pair.truth)})

    app = AppTest.from_function(page, default_timeout=patient(60)).run()
    assert not app.exception
    assert [header.value for header in app.header] == ["Seams"]
    assert app.selectbox(key="seam-lane").options == ["whole"]
