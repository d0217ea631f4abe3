"""The form of the lanes: a model and what is done around it, side by side."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from flowcore import models
from flowcore.errors import ConfigError, FlowcoreError
from flowcore.io.flow_files import decode_flow
from flowcore.knobs import KNOBS, caption, config_from
from flowcore.pipeline import DEFAULT_MODEL
from flowcore.types import FlowField, PipelineConfig
from pages.components.files import decoded
from pages.components.knob_widgets import WHOLE, draw_knob, read_old_links, value_of
from pages.components.presets import (
    LANE_KNOBS,
    MAX_LANES,
    PRESETS,
    apply_preset,
    duplicate_lane,
    swap_lanes,
)
from pages.components.weights_import import import_weights_here

__all__ = ["LaneChoice", "choose_lanes", "choose_threads", "run_and_threads"]

EXTERNAL = "external flow file"
DEFAULT_MODELS = (DEFAULT_MODEL, "dis_medium", "farneback", "tvl1")
LANES_PER_ROW = 4
MAX_THREADS = os.cpu_count() or 1


@dataclass(frozen=True)
class LaneChoice:
    """What the user wants in one lane; ``flow`` is that of another tool, ready to show."""

    title: str
    config: PipelineConfig
    flow: FlowField | None = None


def choose_lanes() -> tuple[list[LaneChoice], int, bool]:
    """The lanes as last run, each titled differently; the threads; whether Run was just pressed.

    A lane whose settings contradict each other says so in its place and is left out.
    """
    read_old_links()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        preset = st.menu_button("Presets", list(PRESETS), key="preset")
        if preset is not None:
            apply_preset(preset, _model_of_first_lane())
        count = st.segmented_control(
            "Lanes",
            range(1, MAX_LANES + 1),
            default=3,
            required=True,
            key="lanes",
            bind="query-params",
        )
        import_weights_here()
    with st.form("lanes-form", border=False):
        lanes: dict[str, LaneChoice] = {}
        for number in range(1, count + 1):
            if number % LANES_PER_ROW == 1:
                columns = st.columns(min(LANES_PER_ROW, count + 1 - number))
            with columns[(number - 1) % LANES_PER_ROW].container(border=True):
                lane = _lane(number)
            if lane is not None:
                title = lane.title if lane.title not in lanes else f"{lane.title} ({number})"
                lanes[title] = replace(lane, title=title)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            pressed, threads = run_and_threads()
    return list(lanes.values()), threads, pressed


def run_and_threads() -> tuple[bool, int]:
    """The end of a form: whether Run was just pressed, and the threads of each estimate."""
    pressed = st.form_submit_button("Run", type="primary", shortcut="Ctrl+Enter")
    return pressed, choose_threads()


def choose_threads() -> int:
    """Processor threads of each estimate."""
    return st.number_input(
        "Threads",
        1,
        MAX_THREADS,
        MAX_THREADS,
        key="threads",
        bind="query-params",
        width=120,
        help="Processor threads of each estimate: compare timings at one count only.",
    )


def _lane(number: int) -> LaneChoice | None:
    names = models.available()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = st.selectbox(
            f"Lane {number}",
            [*names, EXTERNAL],
            index=names.index(DEFAULT_MODELS[(number - 1) % len(DEFAULT_MODELS)]),
            key=f"model{number}",
            bind="query-params",
        )
        with st.popover("Settings"):
            shown = _settings(number)
            uploaded = st.file_uploader("Flow file of another tool", key=f"flow{number}")
            name, is_shown = _identity(number)
    if not is_shown:
        return None
    try:
        if model == EXTERNAL:
            if uploaded is None:
                raise ConfigError("Drop the flow file of another tool under Settings, then run.")
            flow = decoded(decode_flow, uploaded.getvalue())
            return LaneChoice(name or "external", PipelineConfig("external"), flow)
        config = _config(model, shown)
        return LaneChoice(name or caption(config), config)
    except FlowcoreError as error:
        st.error(str(error))
        return None


def _identity(number: int) -> tuple[str, bool]:
    """The lane's own name, and whether it is shown; also the buttons that move it about."""
    name = st.text_input(
        "Name (its settings, if left empty)", max_chars=40, key=f"name{number}", bind="query-params"
    )
    is_shown = st.toggle("Show this lane", value=True, key=f"shown{number}", bind="query-params")
    with st.container(horizontal=True):
        for label, action, *arguments in (
            ("Duplicate", duplicate_lane, number),
            ("Move left", swap_lanes, number, number - 1),
            ("Move right", swap_lanes, number, number + 1),
        ):
            st.form_submit_button(
                label, key=f"{label}-{number}", on_click=action, args=tuple(arguments)
            )
    plain = re.sub(r"[^\w .,+-]", "", name)  # titles stand in texts that know markup
    return plain[:40].strip(), is_shown


def _model_of_first_lane() -> str:
    model = st.session_state.get("model1", DEFAULT_MODELS[0])
    return model if model in models.available() else DEFAULT_MODELS[0]


def _settings(number: int) -> dict[str, Any]:
    """What the knobs of one lane show: those of every lane, and those of its chunks."""
    shown = {}
    columns = st.columns(2)
    for knob in LANE_KNOBS:
        is_of_chunks = knob.name == "chunks" or knob.needs == "chunks"
        with columns[is_of_chunks]:
            shown[knob.name] = draw_knob(knob, number)
    return shown


def _config(model: str, shown: Mapping[str, Any]) -> PipelineConfig:
    """The lane as its widgets stand; what its model or its cut does not take is left out."""
    card = models.describe(model)
    has = {
        "": True,
        "chunks": shown["chunks"] not in (None, WHOLE),
        "iterations": card.default_iterations is not None,
        "weights": card.is_learnt,
    }
    taken = {name: value for name, value in shown.items() if has[KNOBS[name].needs]}
    values = {name: value_of(KNOBS[name], value) for name, value in taken.items()}
    return config_from({"model": model} | values)
