"""Sets of lanes that answer one question, and moving lanes about.

A lane's knobs live in the session under a word and the lane's number, as its widgets have them.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from flowcore import models
from flowcore.knobs import KNOBS
from pages.components.knob_widgets import widget_default

__all__ = [
    "DEFAULTS",
    "LANE_KNOBS",
    "MAX_LANES",
    "PRESETS",
    "apply_preset",
    "duplicate_lane",
    "remove_lane",
    "swap_lanes",
]

MAX_LANES = 8
LANE_KNOBS = [
    knob for name, knob in KNOBS.items() if name not in ("model", "chunk_size", "max_bytes")
]
"""The settings that each lane has a widget for; other ways to cut are on the page Chunking."""
DEFAULTS: Mapping[str, object] = {
    **{knob.word: widget_default(knob) for knob in LANE_KNOBS},
    "name": "",
    "shown": True,
}

Knobs = Mapping[str, object]


def _classical_against_learnt(_: str) -> list[Knobs]:
    learnt = [name for name in models.distinct() if models.describe(name).is_learnt]
    classical = ["dis_medium", "tvl1"] if learnt else ["dis_medium", "farneback", "tvl1", "ilk"]
    return [{"model": name} for name in [*classical, *learnt][:MAX_LANES]]


def _family(model: str) -> list[Knobs]:
    """All available models of the family; the three presets of DIS for a classical method."""
    family = models.describe(model).family
    names = [name for name in models.distinct() if models.describe(name).family == family]
    if family == "classical":
        names = ["dis_ultrafast", "dis_fast", "dis_medium"]
    return [{"model": name} for name in names[:MAX_LANES]]


def _whole_chunked_resized(model: str) -> list[Knobs]:
    ways: list[Knobs] = [{}, {"chunks": "2x2"}, {"chunks": "4x4"}, {"scale": 0.5}]
    return [{"model": model, **way} for way in ways]


def _blur_sweep(model: str) -> list[Knobs]:
    return [{"model": model, "blur": sigma} for sigma in (0.0, 1.0, 2.0, 4.0)]


PRESETS = {
    "Classical against learnt": _classical_against_learnt,
    "Sizes of one family": _family,
    "Whole, chunked, resized": _whole_chunked_resized,
    "Blur sweep": _blur_sweep,
}


def apply_preset(name: str, model: str) -> None:
    """Set all lanes as the preset has them, around ``model``; before their widgets are drawn."""
    _write(PRESETS[name](model))


def duplicate_lane(number: int) -> None:
    """Put a copy of a lane right after it; the last of eight falls off."""
    lanes = _read()
    _write([*lanes[:number], lanes[number - 1], *lanes[number:]][:MAX_LANES])


def remove_lane(number: int) -> None:
    """Take a lane away; the last one stays."""
    lanes = _read()
    if len(lanes) > 1:
        _write([*lanes[: number - 1], *lanes[number:]])


def swap_lanes(number: int, other: int) -> None:
    """Exchange two lanes; an uploaded flow file stays where it was dropped."""
    lanes = _read()
    if 1 <= other <= len(lanes):
        lanes[number - 1], lanes[other - 1] = lanes[other - 1], lanes[number - 1]
        _write(lanes)


def _read() -> list[Knobs]:
    count = st.session_state["lanes"]
    return [
        {
            word: st.session_state.get(f"{word}{number}", DEFAULTS.get(word))
            for word in ("model", *DEFAULTS)
        }
        for number in range(1, count + 1)
    ]


def _write(lanes: Sequence[Knobs]) -> None:
    """All lanes as widgets have them; in the address too, which new widgets do not see to."""
    num_before = st.session_state.get("lanes", 0)
    st.session_state["lanes"] = len(lanes)
    for number, knobs in enumerate(lanes, start=1):
        for word, value in {**DEFAULTS, **knobs}.items():
            key = f"{word}{number}"
            st.session_state[key] = value
            if number > num_before and value != DEFAULTS.get(word):
                st.query_params[key] = str(value)
