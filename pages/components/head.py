"""The head of a lab: its title, what is looked at in one line, and the drawer to choose it from."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

__all__ = ["show_head"]

T = TypeVar("T")


def show_head(
    title: str,
    question: str,
    choose: Callable[[DeltaGenerator], T],
    in_words: Callable[[T], str],
    *,
    drawer: str = "Frames",
) -> T:
    """What ``choose`` gives, whose widgets are in the drawer of that label.

    It is told where to say what is wrong with a choice, so that it is seen with the drawer closed.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(title, width="content")
        place = st.popover(drawer, width=160)
        line = st.empty()
    if question:
        st.caption(question)
    messages = st.container()
    with place:
        chosen = choose(messages)
    line.caption(in_words(chosen), width="content")
    return chosen
