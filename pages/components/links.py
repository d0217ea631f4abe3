"""Links from one page to another: of lanes, pair and data set they say all there is to say."""

import re
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from flowcore.knobs import KNOBS

__all__ = ["OF_LANES", "enter"]

PAGE = "page-entered"
OF_LANES = "(lanes|threads|(name|shown|" + "|".join(knob.word for knob in KNOBS.values()) + r")\d)"
"""What an address says of lanes."""
OF_PAIR = "(source|sample|dx|dy|rotation|zoom|noise|jpeg|side|occluder|sequence)"
OF_DATASET = "(dataset|split|view|reel|reel-from|reel-pairs|at|sweep-[a-z]+[0-9]?)"
ASKED = "lanes-asked"  # what was computed last, in `lane_form`
_SAID = re.compile("|".join((OF_LANES, OF_PAIR, OF_DATASET, ASKED)))


def enter(page: str) -> None:
    """Take note of which page runs; before its widgets are drawn.

    Streamlit remembers what was chosen for as long as a session lasts, and a link leaves out what
    is as usual: without this it would open with some settings of its own and some of the past.
    What the page that was left had in its own address is as the link says, since the link was
    made from it; of these Streamlit passes on the value and not the address.
    """
    before = st.session_state.get(PAGE)
    st.session_state[PAGE] = page
    context = get_script_run_ctx()
    said = parse_qs(context.query_string).keys() if context is not None else set()
    if before in (None, page) or not said:
        return
    passed_on = said - set(st.query_params)
    for key in [str(key) for key in st.session_state if _SAID.fullmatch(str(key))]:
        if key not in passed_on:
            del st.session_state[key]
