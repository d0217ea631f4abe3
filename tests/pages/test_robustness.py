"""The page Robustness as a script: corruptions, attacks and what is refused, on a tiny pair."""

from dataclasses import replace

import numpy as np
import pytest

from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from flowcore.types import FlowField
from pages.components.work import shared_queue
from tests.pages.waiting import finished, opened
from tests.patience import wait_until

pytestmark = pytest.mark.usefixtures("server_queues")
NET, CLASSICAL = "scope_035.scenes", "dis_fast"


@pytest.fixture(autouse=True)
def tiny_sample(monkeypatch, pair):
    monkeypatch.setattr("flowcore.data.samples.load", lambda name: pair)


def robustness(models=(NET, CLASSICAL), **query):
    return opened("robustness", models=list(models), **query)


def attacks(models=(NET, CLASSICAL), **query):
    return robustness(models, **{"part": "Attacks", "steps-pgd": "2", **query})


def table(app, column):
    return next(frame.value for frame in app.dataframe if column in frame.value)


def by_label(elements, label):
    return next(element for element in elements if element.label == label)


def said(elements):
    return " ".join(element.value for element in elements)


def command(app):
    return app.code[-1].value


def test_everything_can_be_taken_away():
    app = finished(robustness([CLASSICAL], kind="Fog", **{"take-everything": "true"}))
    assert not app.error
    labels = [button.label for button in app.get("download_button")]
    assert {"Panel sheet (PNG)", "Report (HTML)", "Everything (ZIP)"} <= set(labels)
    lanes = by_label(app.selectbox, "Lane").options
    assert lanes == [f"{CLASSICAL}, corrupted", f"{CLASSICAL}, clean"]


def test_every_lane_on_corrupted_frames():
    app = finished(robustness(kind="Fog", severity="5"))
    assert app.title[0].value == "Robustness"
    assert not app.error
    figures = table(app, "after")
    assert list(figures.index) == [NET, CLASSICAL]
    assert (figures["shift"] > 0).all()
    assert (figures["after"] > figures["before"]).all()
    assert len(app.get("plotly_chart")) == 1
    assert "--kind fog --mode same" in command(app)
    assert "pulls the flow towards zero" in said(app.caption)


def test_the_curve_and_the_figures_agree():
    app = finished(robustness([CLASSICAL], kind="Banding", severity="4"))
    spec = app.get("plotly_chart")[0].proto.spec
    shift = table(app, "shift")["shift"].item()
    app = finished(by_label(app.get("segmented_control"), "Shown").set_value("shift").run())
    assert app.get("plotly_chart")[0].proto.spec != spec
    assert shift > 0
    assert shift == pytest.approx(table(app, "shift")["shift"].item())


def test_a_kind_that_is_the_same_in_both_frames_by_nature():
    app = finished(robustness([CLASSICAL], kind="JPEG", mode="independent"))
    assert "nothing is drawn at random" in said(app.caption)
    assert "--mode same" in command(app)


def test_moving_needs_the_motion(monkeypatch, pair):
    unknown = replace(pair, truth=None)
    monkeypatch.setattr("flowcore.data.samples.load", lambda name: unknown)
    app = finished(robustness([CLASSICAL], kind="Fog", mode="moving"))
    assert "needs its motion" in said(app.error)
    app = by_label(app.get("segmented_control"), "In the two frames").set_value("same").run()
    app = finished(app)
    assert not app.error
    assert list(table(app, "shift")) == ["shift"]  # no truth, no error


def test_all_kinds_and_the_ranking():
    app = finished(robustness(["dis_ultrafast", CLASSICAL], **{"all-kinds": "true"}), seconds=200)
    shifts = table(app, "family")
    assert len(shifts) == 20
    assert list(shifts) == ["family", "dis_ultrafast", CLASSICAL]
    assert "1 in robustness" in said(app.caption)
    assert len(app.get("plotly_chart")) == 2


def test_no_model_is_a_sentence():
    app = robustness()
    app.multiselect(key="models").set_value([]).run()
    assert "Choose a model" in said(app.info)
    assert not app.exception


def test_an_attack_on_a_net_and_what_others_make_of_it():
    app = finished(attacks())
    assert not app.error
    damage, saved = (
        float(by_label(app.metric, label).value.removesuffix(" px"))
        for label in ("Damage", "Damage, saved")
    )
    assert damage > 0
    assert saved > 0
    figures = table(app, "after")
    assert list(figures.index) == [NET, CLASSICAL]
    assert figures["shift"][NET] == pytest.approx(saved, abs=0.006)
    words = command(app)
    assert f"--model {NET} --on {CLASSICAL}" in words
    assert "--attack pgd --epsilon 0.005 --steps 2" in words


def test_settings_wait_for_the_button():
    app = finished(attacks())
    before = by_label(app.metric, "Damage").value
    app = app.slider(key="epsilon").set_value(0.05).run()
    assert by_label(app.metric, "Damage").value == before
    assert "press Attack" in said(app.markdown)
    app = finished(by_label(app.button, "Attack").click().run())
    assert by_label(app.metric, "Damage").value != before
    assert "press Attack" not in said(app.markdown)


def test_stop_keeps_the_best():
    app = attacks([NET], **{"steps-pgd": "5000"})
    queue = shared_queue("lanes")
    (job,) = queue.active()
    wait_until(lambda: job.partial)
    app = app.run()
    by_label(app.button, "Stop").click().run()
    wait_until(lambda: job.is_over)
    assert job.state == "done"
    app = finished(app.run())
    assert "the best so far" in said(app.info)
    assert by_label(app.metric, "Damage").value.endswith("px")
    by_label(app.button, "Attack").click().run()
    (again,) = queue.active()
    assert again is not job


def test_cancel_keeps_nothing():
    app = attacks([NET], **{"steps-pgd": "5000"})
    wait_until(lambda: shared_queue("lanes").active()[0].partial)
    by_label(app.run().button, "Cancel").click().run()
    app = finished(app.run())
    assert "nothing was kept" in said(app.info)
    assert not app.metric


METHODS = {
    "fgsm": {"attack": "FGSM"},
    "ifgsm": {
        "attack": "iterated FGSM", "steps-ifgsm": "2", "target": "turned around", "loss": "cosine"
    },
    "pgd": {"attack": "PGD", "norm": "L2", "frames": "both alike"},
    "pcfa": {"attack": "PCFA", "steps-pcfa": "2", "pcfa-target": "zero flow"},
    "patch": {"attack": "patch", "steps-patch": "2", "patch": "25"},
    "square": {"attack": "square", "steps-square": "3", "frames": "first"},
    "pixels": {"attack": "few pixels", "steps-pixels": "10", "pixels": "3"},
}  # fmt: skip


@pytest.mark.parametrize(
    "method",
    [pytest.param(name, marks=pytest.mark.slow) if name == "pcfa" else name for name in METHODS],
)
def test_every_method(method):
    app = finished(attacks([NET], **METHODS[method]))
    assert not app.error
    assert by_label(app.metric, "Damage").value.endswith("px")
    assert f"--attack {method}" in command(app)
    is_local = method in ("patch", "pixels")
    assert any("reach" in frame.value for frame in app.dataframe) == is_local
    labels = [metric.label for metric in app.metric]
    assert ("Nearer to target" in labels) == (method in ("ifgsm", "pcfa"))


@pytest.mark.parametrize(
    ("models", "query", "words"),
    [
        ([CLASSICAL], {}, "dis_fast has no gradient, which PGD needs"),
        (
            [NET],
            {"target": "zero flow", "loss": "cosine"},
            "says nothing about a flow of zero length",
        ),
        ([NET], {"attack": "few pixels", "steps-pixels": "2"}, "takes 5 calls or more"),
        ([NET], {"attack": "patch", "patch": "201", "steps-patch": "1"}, "larger than the frame"),
        ([NET], {"target": "flow file"}, "Drop the flow to bring about"),
    ],
)
def test_what_cannot_be_is_a_sentence(models, query, words):
    app = finished(attacks(models, **query))
    assert words in said(app.error)
    assert not app.metric


def test_a_target_of_another_size():
    app = attacks([NET], target="flow file")
    flow = encode_flow(FlowField(np.zeros((5, 7, 2), np.float32)), "flo")
    app.file_uploader(key="target-flow").set_value([("t.flo", flow, "")])
    app = finished(app.run())
    assert "The target flow is 7x5 (width x height)" in said(app.error)


def test_matrix_defences_and_map():
    app = finished(
        attacks(matrix="true", defend="true", defences=["blur, 1 px"], map="true", cell="64"),
        seconds=120,
    )
    assert not app.error
    matrix = next(frame.value for frame in app.dataframe if CLASSICAL in frame.value)
    assert list(matrix.index) == [f"{NET}, pgd", f"{CLASSICAL}, square"]
    defences = table(app, "knowing")
    assert list(defences.index) == ["no defence", "blur, 1 px"]
    assert (defences["knowing"] >= defences["unknowing"]).all()
    captions = [image.caption for group in app.get("image") for image in group.proto.imgs]
    assert any("one pixel in the middle of each cell" in caption for caption in captions)
    assert "--matrix --defences blur --vulnerability 64" in command(app)


def test_a_patch_of_ones_own():
    app = attacks(
        attack="own patch", **{"patch-x": "25", "patch-angle": "-30", "patch-scale": "1.5"}
    )
    assert "Drop a square picture" in said(app.info)
    patch = np.random.default_rng(0).integers(0, 256, (31, 31, 3), np.uint8)
    app.file_uploader(key="patch-file").set_value([("p.png", encode_frame(patch), "")])
    app = finished(app.run())
    assert not app.error
    assert table(app, "reach")["share"][NET] > 0
    words = command(app)
    assert "--patch patch.png --at 31.8,47.5" in words
    assert "--patch-angle=-30 --patch-scale=1.5" in words


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((20, 31, 3), np.uint8), "A patch is a square picture"),
        (np.zeros((120, 120, 3), np.uint8), "larger than the frame of 128x96 px"),
    ],
)
def test_a_patch_that_is_none(picture, words):
    app = attacks([CLASSICAL], attack="own patch")
    app.file_uploader(key="patch-file").set_value([("p.png", encode_frame(picture), "")])
    app = finished(app.run())
    assert words in said(app.error)
