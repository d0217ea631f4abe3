"""A warning in plain words where a flow of somebody else seems to be meant differently."""

import streamlit as st

from flowcore.metrics.convention import suspicion
from flowcore.types import FlowField, FramePair

__all__ = ["warn_of_convention"]


def warn_of_convention(what: str, flow: FlowField, pair: FramePair) -> None:
    """Say under which convention the flow would explain the frames clearly better, if any."""
    sentence = _suspicion(what, flow.digest, pair.digest, flow, pair)
    if sentence:
        st.warning(sentence)


@st.cache_data(max_entries=32, show_spinner=False)
def _suspicion(
    what: str, content: str, digest: str, _flow: FlowField, _pair: FramePair
) -> str | None:
    return suspicion(what, _flow, _pair)
