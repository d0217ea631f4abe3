"""The figure builder: truth first, what the viewer says taken over, bad input in a sentence."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.patience import patient

SCRIPT = """
import numpy as np
import streamlit as st
from flowcore.data.synthetic import make_pair
from flowcore.lane import external_lane
from flowcore.types import FlowField
from flowcore.viz.scale import Scale
from pages.components.figures import show_figure_builder

texture = np.random.default_rng(0).integers(0, 256, (60, 100, 3), np.uint8)
pair = make_pair(texture, dx=3, name="texture")
off = FlowField(pair.truth.uv + np.float32(1))
lanes = {"good": external_lane(pair, pair.truth), "bad": external_lane(pair, off)}
lanes = {name: lanes[name] for name in st.session_state.get("titles", ("good", "bad"))}
region = st.session_state.get("region")
show_figure_builder(pair, lanes, Scale.up_to(12), region)
st.text("the rest of the page")
"""


@pytest.fixture
def app():
    app = AppTest.from_string(SCRIPT, default_timeout=patient(60))
    app.session_state["figure-builder"] = True
    return app.run()


def caption(app):
    """The figure's, to be copied."""
    assert not app.exception
    return app.code[0].value if len(app.code) == 2 else ""


def error(app):
    (alert,) = app.error
    assert not app.exception
    assert app.text[-1].value == "the rest of the page"
    return alert.value


def named(app, kind, label):
    return next(widget for widget in getattr(app, kind) if widget.label.startswith(label))


def test_the_usual_figure_needs_no_choice(app):
    assert caption(app) == (
        "texture, 100x60 px. (a) First frame. (b) Truth. (c, e) good (external): flow, error. "
        "(d, f) bad (external): flow, error. EPE: lower is better. Scale bar: 20 px. "
        "Full color at 12 px. Errors are brightest from 3 px."
    )
    assert app.get("image")
    assert any(text.value.startswith("174.6 x ") for text in app.caption)
    labels = [button.label for button in app.get("download_button")]
    assert labels == ["PDF", "SVG", "PNG, 300 dpi", "PNG, 600 dpi", "Table (LaTeX)"]


def test_closed_it_draws_nothing():
    app = AppTest.from_string(SCRIPT, default_timeout=patient(60)).run()
    assert not app.get("image")
    assert not app.exception


def test_the_order_of_picking_is_that_of_the_figure(app):
    app = named(app, "multiselect", "Lanes").set_value(["bad", "good"]).run()
    assert "(c, e) bad (external)" in caption(app)
    app = named(app, "multiselect", "Layers").set_value(["warped", "flow"]).run()
    assert "(c, e) bad (external): warped second, flow." in caption(app)


def test_panels_can_be_picked_one_by_one(app):
    app = app.get("button_group")[0].set_value("One by one").run()
    app = named(app, "multiselect", "Panels").set_value(["bad: Better than good", "Truth"]).run()
    assert "(b) Truth. (a) bad (external): better than good" in caption(app)


def test_the_panes_of_the_viewer_are_taken_over(app):
    app = app.get("button_group")[0].set_value("As in the viewer").run()
    assert "(a) First frame. (b) Truth. (c) good (external): flow" in caption(app)
    app.query_params["view"] = "wipe.0.1--1.wins.0--t.flow--t.arrows--f.second--0.map.Entropy"
    text = caption(app.run())
    assert "(a) bad (external): better than good" in text
    assert "(c) Second frame" in text
    assert "do not have: 2." in " ".join(element.value for element in app.caption)
    app.query_params["view"] = "grid.0.0--9.flow"
    assert "No pane of the viewer" in error(app.run())


def test_lanes_that_come_later_are_in_the_figure(app):
    app.session_state["titles"] = ("good",)
    assert "bad" not in caption(app.run())
    app.session_state["titles"] = ("good", "bad")
    assert "bad" in caption(app.run())


@pytest.mark.parametrize(("use", "words"), [
    ("crop", "Shown: x 10..39, y 20..49 px."), ("inset", "Enlarged: x 10..39, y 20..49 px (white)"),
])  # fmt: skip
def test_the_rectangle_of_the_viewer_is_taken_over(app, use, words):
    app.session_state["region"] = (10, 20, 40, 50)
    app = app.run()
    assert "10..39" not in caption(app)
    (choice,) = (one for one in app.get("button_group") if one.label.startswith("Rectangle"))
    assert words in caption(choice.set_value(use).run())


def test_boxes_can_be_typed(app):
    app.text_input(key="figure-crop").set_value("0, 0, 50, 60")
    app.text_input(key="figure-insets").set_value("1,2,9,9; 20, 20, 30,30")
    text = caption(app.run())
    assert "Shown: x 0..49, y 0..59 px." in text
    assert "x 1..8, y 2..8 px (white); x 20..29, y 20..29 px (yellow)" in text


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("figure-crop", "1, 2, 3", "left,top,right,bottom"),
        ("figure-crop", "0, 0, 101, 60", "must lie in 100x60 px"),
        ("figure-insets", "5, 5, 5, 9", "left,top,right,bottom"),
        ("figure-insets", "90, 50, 101, 60", "must lie in"),
        ("figure-insets", "a; b", "got 'a'"),
    ],
)
def test_a_bad_box_is_a_sentence_and_the_choices_stay(app, key, value, words):
    named(app, "multiselect", "Lanes").set_value(["bad"])
    app = app.text_input(key=key).set_value(value).run()
    assert words in error(app)
    app = app.text_input(key=key).set_value("").run()
    assert "good" not in caption(app)


def test_a_figure_narrower_than_its_labels_is_a_sentence(app):
    app = app.selectbox(key="figure-style").set_value("Another width").run()
    app = app.number_input(key="figure-width").set_value(30.0).run()
    app = app.number_input(key="figure-columns").set_value(4).run()
    assert "wide at 8 pt, its panel" in error(app)
    assert "Table (LaTeX)" in [button.label for button in app.get("download_button")]


def test_what_is_larger_than_memory_cannot_be_asked_for(app, monkeypatch):
    monkeypatch.setattr("flowcore.export.figure.build.available_memory", lambda: 50_000_000)
    assert caption(app.run())
    off = [one for one in app.get("download_button") if one.proto.disabled]
    assert [one.label for one in off] == ["PNG, 600 dpi"]
    assert "50.0 MB are free" in off[0].proto.help


def test_the_latex_table_has_the_chosen_columns(app):
    app = named(app, "multiselect", "Columns").set_value(["fl_all", "epe"]).run()
    latex = app.code[1].value
    assert r"& Fl-all (\%) $\downarrow$ & EPE (px) $\downarrow$ \\" in latex
    assert r"\textbf{0.000}" in latex
    assert "WAUC" not in latex
