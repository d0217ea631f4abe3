"""Which pixels the viewer points out: those of what was chosen last."""

from collections.abc import Callable

import streamlit as st

__all__ = ["is_chosen", "on_choice"]

LAST = "marked-by"


def on_choice(source: str) -> Callable[[], None]:
    """The callback of a widget in which pixels can be chosen."""

    def choose() -> None:
        st.session_state[LAST] = source

    return choose


def is_chosen(source: str) -> bool:
    """Whether this widget was the last in which something was chosen."""
    return st.session_state.get(LAST) == source
