"""The speed that has the full color: as the pair suggests, or as the person set it."""

import math
from typing import NamedTuple

import streamlit as st

from flowcore.types import FramePair
from flowcore.viz.scale import Scale

__all__ = ["choose_scale", "set_scale"]

PARAMETER = "full-color"
STATE = "color-scale"


class _Kept(NamedTuple):
    digest: str  # of the pair's frames: another pair has another scale
    magnitude: float | None
    refused: str = ""  # why what the address said could not be


def choose_scale(pair: FramePair, usual: Scale) -> Scale:
    """The usual scale, unless the address or the viewer says another for this pair."""
    kept: _Kept | None = st.session_state.get(STATE)
    if kept is None:
        kept = _linked(pair)
    elif kept.digest != pair.frames_digest:
        kept = _Kept(pair.frames_digest, None)
        st.query_params.pop(PARAMETER, None)
    st.session_state[STATE] = kept
    if kept.refused:
        st.warning(kept.refused)
    if kept.magnitude is None:
        return usual
    return Scale.up_to(kept.magnitude, noise_floor=usual.noise_floor)


def set_scale(magnitude: float) -> None:
    """Take over what was set in the viewer, px."""
    kept: _Kept | None = st.session_state.get(STATE)
    if kept is not None and _is_usable(magnitude):
        st.session_state[STATE] = _Kept(kept.digest, magnitude)
        st.query_params[PARAMETER] = f"{magnitude:g}"


def _linked(pair: FramePair) -> _Kept:
    """What the address says; a link that makes no sense says so."""
    digest, text = pair.frames_digest, st.query_params.get(PARAMETER)
    if text is None:
        return _Kept(digest, None)
    try:
        magnitude = float(text)
    except ValueError:
        magnitude = math.nan
    if _is_usable(magnitude):
        return _Kept(digest, magnitude)
    del st.query_params[PARAMETER]
    refused = "The full color of this link is no number of px above 0; the usual one is taken."
    return _Kept(digest, None, refused)


def _is_usable(magnitude: float) -> bool:
    return math.isfinite(magnitude) and 0 < magnitude < 1e6
