"""Which number is looked at, kept in the address by its key, so that a link outlives its words."""

from collections.abc import Sequence

import streamlit as st

from flowcore.metrics.definitions import describe

__all__ = ["choose_number"]


def choose_number(label: str, keys: Sequence[str], name: str, *, help: str | None = None) -> str:
    """One of these metrics, at first the first; its key is in the address under that ``name``.

    A link that has its label in place of its key is understood.
    """
    labels = {key: describe(key).label for key in keys}
    widget = f"number-{name}"
    if st.session_state.get(widget) not in labels:
        asked = st.query_params.get(name)
        matching = (key for key, words in labels.items() if asked in (key, words))
        st.session_state[widget] = next(matching, keys[0])
    chosen: str = st.selectbox(
        label, keys, format_func=labels.__getitem__, key=widget, width=320, help=help
    )
    if chosen == keys[0]:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != chosen:
        st.query_params[name] = chosen
    return chosen
