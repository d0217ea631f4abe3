"""What the garbage collector need not look at again."""

import gc

import streamlit as st

__all__ = ["spare_modules"]

MINUTES = 10


@st.cache_resource(ttl=60 * MINUTES, show_spinner=False)
def spare_modules(page: str) -> None:
    """Take what this page has imported out of the collector's sight, anew every ten minutes.

    After every run of a script or fragment Streamlit collects all garbage. With torch and plotly
    loaded that is a quarter of a second over 320,000 objects which never go, and pictures that the
    browser has asked for wait for it. What visitors had open just then is out of sight as well, so
    it is looked at each time before.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
