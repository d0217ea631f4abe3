"""The full color: from the address, from the viewer, for one pair and no other."""

from streamlit.testing.v1 import AppTest

SCRIPT = """
import numpy as np
import streamlit as st
from flowcore.types import FramePair
from flowcore.viz.scale import Scale
from pages.components.color_scale import choose_scale, set_scale

frame = np.full((4, 5, 3), st.session_state.get("gray", 9), np.uint8)
st.button("set", on_click=set_scale, args=(7.5,))
st.button("nonsense", on_click=set_scale, args=(-1.0,))
st.text(choose_scale(FramePair(frame, frame), Scale.up_to(20)).max_magnitude)
"""


def opened(**query):
    app = AppTest.from_string(SCRIPT)
    for name, value in query.items():
        app.query_params[name.replace("_", "-")] = value
    return app.run()


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def test_it_is_the_usual_one_until_it_is_set():
    app = opened()
    assert app.text[0].value == "20"
    app = press(app, "set")
    assert app.text[0].value == "7.5"
    assert app.query_params["full-color"] == "7.5"
    assert press(app, "nonsense").text[0].value == "7.5"


def test_a_link_brings_it_and_another_pair_drops_it():
    app = opened(full_color="40")
    assert app.text[0].value == "40.0"
    app.session_state["gray"] = 10
    app.run()
    assert app.text[0].value == "20"
    assert "full-color" not in app.query_params


def test_a_link_without_sense_is_said():
    for text in ("white", "-3", "nan", "0"):
        app = opened(full_color=text)
        assert app.text[0].value == "20"
        assert "no number of px above 0" in app.warning[0].value
