"""The rectangle that is marked in the viewer: from the address, with numbers of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import streamlit as st

from flowcore.errors import ConfigError
from flowcore.lane import Lane
from flowcore.types import Box, FramePair
from pages.components.common import ask_of_all
from pages.components.runs import Run
from pages.components.tasks import measure_within

__all__ = ["choose_region", "lanes_within", "set_region"]

PARAMETER = "region"
STATE = "region"


class _Kept(NamedTuple):
    size: tuple[int, int]  # of the frames in which it is marked
    box: Box | None
    refused: str = ""  # why what the address said could not be


def choose_region(pair: FramePair) -> Box | None:
    """What is marked; it stays for other frames of the same size."""
    kept: _Kept | None = st.session_state.get(STATE)
    if kept is None:
        kept = _linked(pair)
    elif kept.size != pair.size:
        kept = _Kept(pair.size, None)
    st.session_state[STATE] = kept
    _write(kept.box)
    if kept.refused:
        st.warning(kept.refused)
    return kept.box


def set_region(corners: Sequence[int]) -> None:
    """Take over what was marked in the viewer: left, top, right, bottom; nothing to remove it."""
    kept: _Kept | None = st.session_state.get(STATE)
    if kept is None:
        return
    box = Box(*map(int, corners)) if corners else None
    try:
        if box is not None:
            box.mask(kept.size)
    except ConfigError:
        return  # of a frame that is no longer shown
    st.session_state[STATE] = _Kept(kept.size, box)


def lanes_within(
    pair: FramePair, runs: Sequence[Run], lanes: Mapping[str, Lane], box: Box, *, again: bool
) -> dict[str, Lane]:
    """The lanes with their metrics over the rectangle, as soon as these are measured."""
    found = ask_of_all("region", measure_within, pair, runs, lanes, box, again=again)
    return {
        title: replace(lane, metrics=metrics)
        for (title, lane), metrics in zip(lanes.items(), found or (), strict=False)
    }


def _linked(pair: FramePair) -> _Kept:
    """What the address says; a link that makes no sense says so."""
    text = st.query_params.get(PARAMETER)
    if text is None:
        return _Kept(pair.size, None)
    try:
        box = Box.parse(text)
        box.mask(pair.size)
    except ConfigError as error:
        return _Kept(pair.size, None, f"The link marks a rectangle that cannot be. {error}")
    return _Kept(pair.size, box)


def _write(box: Box | None) -> None:
    if box is not None:
        st.query_params[PARAMETER] = str(box)
    elif PARAMETER in st.query_params:
        del st.query_params[PARAMETER]
