"""The page Bursts as a script: nets beside baselines, attention of a patch, refusals in words."""

import numpy as np
import pytest
import streamlit as st

from flowcore.io.frames import encode_frame
from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


@pytest.fixture(autouse=True)
def small_samples(monkeypatch):
    monkeypatch.setattr("flowcore.data.bursts._SAMPLE_SIZE", 64)
    st.cache_resource.clear()


def bursts(**query):
    return finished(opened("bursts", **query), seconds=200)


def table(app, column):
    return next(frame.value for frame in app.dataframe if column in frame.value)


def pictures(*sizes):
    return [
        (f"{n}.png", encode_frame(np.full((*size, 3), 40 * n, np.uint8)), "")
        for n, size in enumerate(sizes)
    ]


def uploaded(*sizes):
    query = {"burst-source": "Frames", "burst-nets": ["burst.static"]}
    app = opened("bursts", **query)
    return app.file_uploader(key="burst-frames").set_value(pictures(*sizes)).run()


def test_nets_beside_baselines():
    app = bursts()
    assert app.title[0].value == "Bursts"
    assert not app.error
    figures = table(app, "psnr")
    assert list(figures.index) == [
        "burst.dynamic",
        "burst.static",
        "middle frame as it is",
        "mean",
        "median",
        "non-local means",
        "flow-aligned mean",
    ]
    assert figures["psnr"].idxmin() == "middle frame as it is"
    assert figures["psnr"].idxmax() == "burst.dynamic"
    assert any("Best net" in text.value for text in app.markdown)
    heads = table(app, "entropy")
    assert list(heads.index) == [*(f"head {n}" for n in range(1, 5)), "all heads"]
    assert heads["counts"][:-1].sum() == pytest.approx(100, abs=0.1)
    flows = next(f.value for f in app.dataframe if "attention of burst.dynamic" in f.value.index)
    assert len(flows) == 3


def test_a_patch_by_row_and_column():
    app = bursts()
    before = table(app, "entropy")
    app.number_input(key="patch-row").set_value(0)
    app = finished(app.number_input(key="patch-col").set_value(7).run())
    assert not table(app, "entropy").equals(before)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([(20, 24)] * 4, "odd number of frames, 3 or more, so that one is in the middle; got 4"),
        ([(20, 24)], "got 1"),
        ([(20, 24), (20, 24), (21, 24)], "number 3 is 24x21 px"),
    ],
)
def test_bursts_that_are_none(sizes, words):
    app = uploaded(*sizes)
    assert any(words in error.value for error in app.error)
    assert not app.exception


def test_a_burst_of_three_is_refused_by_the_net_and_taken_by_the_mean():
    app = finished(uploaded(*[(20, 24)] * 3))
    assert any("takes 5 frames, the burst has 3" in error.value for error in app.error)
    assert "mean" in table(app, "seconds").index


def test_an_upload_has_no_truth():
    app = finished(uploaded(*[(20, 24)] * 5), seconds=200)
    assert "psnr" not in table(app, "seconds")
    assert any("No clean frame is known" in caption.value for caption in app.caption)
    assert "error" not in table(app, "entropy")
