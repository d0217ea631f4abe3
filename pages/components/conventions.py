"""A warning in plain words where a flow of somebody else seems to be meant differently."""

import streamlit as st

from flowcore.metrics.convention import CONVENTIONS, suspect_convention
from flowcore.types import FlowField, FramePair

__all__ = ["warn_of_convention"]


def warn_of_convention(what: str, flow: FlowField, pair: FramePair) -> None:
    """Say under which convention the flow would explain the frames clearly better, if any."""
    suspected = _suspect(flow.uv.tobytes(), pair.digest, flow, pair)
    if suspected:
        st.warning(f"{what} explains the frames better if it {CONVENTIONS[suspected]}.")


@st.cache_data(max_entries=32, show_spinner=False)
def _suspect(content: bytes, digest: str, _flow: FlowField, _pair: FramePair) -> str | None:
    return suspect_convention(_flow, _pair)
