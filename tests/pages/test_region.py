"""The rectangle: from the address, from the viewer, for frames of one size."""

from streamlit.testing.v1 import AppTest

SCRIPT = """
import numpy as np
import streamlit as st
from flowcore.types import FramePair
from pages.components.region import choose_region, set_region

frame = np.zeros((40, st.session_state.get("width", 60), 3), np.uint8)
st.button("mark", on_click=set_region, args=([1, 2, 30, 40],))
st.button("outside", on_click=set_region, args=([0, 0, 61, 40],))
st.button("remove", on_click=set_region, args=([],))
st.text(choose_region(FramePair(frame, frame)))
"""


def opened(**query):
    app = AppTest.from_string(SCRIPT)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def test_it_is_marked_kept_and_removed():
    app = opened()
    assert app.text[0].value == "None"
    app = press(app, "mark")
    assert app.text[0].value == "1,2,30,40"
    assert app.query_params["region"] == "1,2,30,40"
    assert press(app, "outside").text[0].value == "1,2,30,40"
    app = press(app, "remove")
    assert app.text[0].value == "None"
    assert "region" not in app.query_params


def test_a_link_brings_it_and_frames_of_another_size_drop_it():
    app = opened(region="0,0,5,5")
    assert app.text[0].value == "0,0,5,5"
    app.session_state["width"] = 61
    app.run()
    assert app.text[0].value == "None"
    assert "region" not in app.query_params


def test_a_link_without_sense_is_said():
    for text, word in (("0,0,61,40", "not inside the frame"), ("all", "left,top,right,bottom")):
        app = opened(region=text).run()  # said until another one is marked
        assert app.text[0].value == "None"
        assert word in app.warning[0].value
        assert "region" not in app.query_params
        assert not press(app, "mark").warning
