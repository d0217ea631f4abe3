"""Digits: can a small net find a point of a digit, and what does an argmax do for it?"""

import streamlit as st

from pages.components.digit_answers import show_answers
from pages.components.digit_canvas import choose_canvas
from pages.components.digit_form import choose_nets
from pages.components.digit_maps import show_maps
from pages.components.digit_results import show_results
from pages.components.digit_run import train_nets

st.title("Digits")
st.caption(
    "Where in a picture is a point? Small nets look for a corner or the center of a handwritten "
    "digit, each trained in seconds: a lab for argmax features."
)
choice = choose_nets()
trained = train_nets(choice)

st.header("On a digit")
canvas = choose_canvas(choice)
if canvas is not None:
    show_maps(canvas, choice, trained)

st.header("Which net is best")
show_results(choice, trained)

st.header("Questions and answers")
show_answers()
