"""What the garbage collector need not look at again."""

import gc

import streamlit as st

__all__ = ["spare_modules"]


@st.cache_resource(show_spinner=False)
def spare_modules(page: str) -> None:
    """Take what this page has imported out of the collector's sight, once for each server.

    After every run of a script or fragment Streamlit collects all garbage. With torch and plotly
    loaded that is a quarter of a second over 320,000 objects which never go, and pictures that the
    browser has asked for wait for it.
    """
    gc.collect()
    gc.freeze()
