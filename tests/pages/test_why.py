"""The Why card: of the best two lanes, also while they come one by one, until others are chosen."""

from streamlit.testing.v1 import AppTest

from tests.patience import patient

SCRIPT = """
import numpy as np
import streamlit as st
from flowcore.data.synthetic import make_pair
from flowcore.lane import external_lane
from flowcore.types import FlowField
from pages.components.why import show_why

texture = np.random.default_rng(0).integers(0, 256, (60, 100, 3), np.uint8)
pair = make_pair(texture, dx=3, name="texture")
off = {"bad": 3, "fair": 2, "good": 1, "best": 0.5}
lanes = {
    title: external_lane(pair, FlowField(pair.truth.uv + np.float32(off[title])))
    for title in st.session_state["titles"]
}
show_why(pair, lanes)
"""


def shown(app, *titles):
    app.session_state["titles"] = titles
    app.run()
    assert not app.exception
    return [box.value for box in app.selectbox]


def test_it_asks_of_the_best_two_until_others_are_chosen():
    app = AppTest.from_string(SCRIPT, default_timeout=patient(60))
    assert shown(app, "bad") == []
    assert shown(app, "bad", "fair") == ["fair", "bad"]
    assert shown(app, "bad", "fair", "good") == ["good", "fair"]
    app.selectbox[1].set_value("bad").run()
    assert shown(app, "bad", "fair", "good", "best") == ["good", "bad"]
    assert shown(app, "fair", "good", "best") == ["best", "good"]


def test_the_lane_of_the_other_box_trades_places():
    app = AppTest.from_string(SCRIPT, default_timeout=patient(60))
    assert shown(app, "fair", "good", "best") == ["best", "good"]
    app.selectbox[0].set_value("good").run()
    assert [box.value for box in app.selectbox] == ["good", "best"]
    assert shown(app, "bad", "fair", "good", "best") == ["good", "best"]


def test_what_a_browser_still_says_of_the_last_suggestion_is_no_choice():
    app = AppTest.from_string(SCRIPT, default_timeout=patient(60))
    assert shown(app, "bad", "fair") == ["fair", "bad"]
    late = {box.key: box.value for box in app.selectbox}
    assert shown(app, "bad", "fair", "good") == ["good", "fair"]
    for key, value in late.items():
        app.session_state[key] = value
    assert shown(app, "bad", "fair", "good") == ["good", "fair"]
