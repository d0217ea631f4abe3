"""The lanes of a comparison: a model and what is done around it, side by side."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore import models
from flowcore.errors import ConfigError, FlowcoreError
from flowcore.knobs import KNOBS, caption, config_from
from flowcore.pipeline import DEFAULT_MODEL
from flowcore.types import FlowField, PipelineConfig
from pages.components.knob_widgets import (
    WHOLE,
    draw_knob,
    read_old_links,
    refuse_links,
    value_of,
)
from pages.components.presets import (
    LANE_KNOBS,
    MAX_LANES,
    PRESETS,
    apply_preset,
    duplicate_lane,
    remove_lane,
    swap_lanes,
)
from pages.components.uploads import flow_of
from pages.components.weights_import import import_weights_here
from pages.components.words import as_text

__all__ = [
    "LaneChoice",
    "choose_lanes",
    "choose_threads",
    "lane_settings",
    "run_and_threads",
    "say_changed",
]

EXTERNAL = "external flow file"
DEFAULT_MODELS = (DEFAULT_MODEL, "dis_medium", "farneback", "tvl1")
LANES_PER_ROW = 4
MAX_THREADS = os.cpu_count() or 1
ASKED, PENDING, PRESSED, CHANGED = "lanes-asked", "lanes-pending", "lanes-pressed", "lanes-changed"
REFUSED = "links-refused"  # what the address asked for in vain, said until Run is pressed


@dataclass(frozen=True)
class LaneChoice:
    """What the user wants in one lane; ``flow`` is that of another tool, ready to show."""

    title: str
    config: PipelineConfig
    flow: FlowField | None = None


def choose_lanes() -> tuple[list[LaneChoice], int, bool]:
    """The lanes as last run, each titled differently; the threads; whether Run was just pressed.

    The widgets are a fragment: a change of a setting costs no run of the page, and is computed when
    Run is pressed; what adds, removes or moves lanes is taken at once. A lane whose settings
    contradict each other says so in its place and is left out.
    """
    is_new = "lanes" not in st.session_state  # the page is entered, its widgets are new
    if is_new:
        st.session_state.pop(ASKED, None)
    read_old_links()
    if is_new:
        numbers = {"lanes": (1, MAX_LANES), "threads": (1, MAX_THREADS)}
        st.session_state[REFUSED] = refuse_links([*models.available(), EXTERNAL], numbers)
    for sentence in st.session_state[REFUSED]:
        st.warning(sentence)
    _widgets()
    lanes, threads = st.session_state.setdefault(ASKED, st.session_state[PENDING])
    pressed = st.session_state.pop(PRESSED, False)
    if pressed:
        st.session_state[REFUSED] = []
    return list(lanes), threads, pressed


@st.fragment
def _widgets() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pressed = st.button("Run", type="primary", shortcut="Ctrl+Enter", key="run-lanes")
        preset = st.menu_button("Presets", list(PRESETS), key="preset")
        if preset is not None:
            apply_preset(preset, _model_of_first_lane())
            _take()
        count = st.number_input(
            "Lanes", 1, MAX_LANES, 3, key="lanes", bind="query-params", width=150, on_change=_take
        )
        threads = choose_threads()
        import_weights_here()
        change = st.empty()
    lanes: dict[str, LaneChoice] = {}
    for number in range(1, count + 1):
        if number % LANES_PER_ROW == 1:
            columns = st.columns(min(LANES_PER_ROW, count + 1 - number))
        with columns[(number - 1) % LANES_PER_ROW].container(border=True, gap="xxsmall"):
            lane = _lane(number)
        if lane is not None:
            title = lane.title if lane.title not in lanes else f"{lane.title} ({number})"
            lanes[title] = replace(lane, title=title)
    st.session_state[PENDING] = tuple(lanes.values()), threads
    is_changed = st.session_state.pop(CHANGED, False)
    if pressed or is_changed:
        st.session_state[ASKED], st.session_state[PRESSED] = st.session_state[PENDING], pressed
        st.rerun()
    if _key(st.session_state.get(ASKED)) not in (None, _key(st.session_state[PENDING])):
        say_changed(change)


def say_changed(place: DeltaGenerator, button: str = "Run") -> None:
    """That the settings are no longer those of what is shown."""
    place.badge(f"Settings changed: press {button}", color="orange")


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


def lane_settings(lane: int | str, model: str) -> dict[str, Any]:
    """What the knobs show that this lane has: those of every lane, and those of its chunks.

    ``lane`` is the number after their words in the address.
    """
    card = models.describe(model)
    has = {
        "": True,
        "iterations": card.default_iterations is not None,
        "passes": card.default_passes is not None,
        "weights": card.is_learnt,
    }
    shown: dict[str, Any] = {}
    columns = st.columns(2)
    for knob in LANE_KNOBS:  # chunks come before what belongs to them
        is_of_chunks = knob.name == "chunks" or knob.needs == "chunks"
        is_cut = shown.get("chunks") not in (None, WHOLE)
        if has.get(knob.needs, is_cut):
            with columns[is_of_chunks]:
                shown[knob.name] = draw_knob(knob, lane)
    return shown


def _take(action: Callable[..., None] = lambda: None, *arguments: int) -> None:
    """Do something with the lanes, and compute what they are then."""
    action(*arguments)
    st.session_state[CHANGED] = True


def _key(lanes: tuple[tuple[LaneChoice, ...], int] | None) -> object:
    """What tells lanes that were asked for from others."""
    if lanes is None:
        return None
    chosen, threads = lanes
    return threads, [(lane.title, lane.config, lane.flow and lane.flow.digest) for lane in chosen]


def _lane(number: int) -> LaneChoice | None:
    names = models.available()
    model = st.selectbox(
        f"Lane {number}",
        [*names, EXTERNAL],
        index=names.index(DEFAULT_MODELS[(number - 1) % len(DEFAULT_MODELS)]),
        key=f"model{number}",
        bind="query-params",
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.popover("Settings", type="tertiary"):
            shown = {} if model == EXTERNAL else lane_settings(number, model)
            uploaded = None
            if model == EXTERNAL:
                uploaded = st.file_uploader("Flow file of another tool", key=f"flow{number}")
            name, is_shown = _identity(number)
        if not is_shown:
            st.caption("Not shown.", width="content")
            return None
        try:
            lane = _choice(model, shown, name, uploaded)
        except FlowcoreError as error:
            st.error(as_text(error))
            return None
        _, _, settings = caption(lane.config).partition(", ")
        st.caption(", ".join(filter(None, (name, settings))) or "as it is", width="content")
        return lane


def _choice(model: str, shown: Mapping[str, Any], name: str, uploaded: Any) -> LaneChoice:
    """The lane as its widgets stand."""
    if model != EXTERNAL:
        values = {key: value_of(KNOBS[key], value) for key, value in shown.items()}
        config = config_from({"model": model} | values)
        return LaneChoice(name or caption(config), config)
    if uploaded is None:
        raise ConfigError("Drop the flow file of another tool under Settings, then run.")
    reading = flow_of(uploaded, key="lane-layout")
    if reading.doubt:
        st.caption(reading.doubt)
    return LaneChoice(name or "external", PipelineConfig("external"), reading.flow)


def _identity(number: int) -> tuple[str, bool]:
    """The lane's own name, and whether it is shown; also the buttons that move it about."""
    name = st.text_input(
        "Name (its settings, if left empty)", max_chars=40, key=f"name{number}", bind="query-params"
    )
    is_shown = st.toggle(
        "Show this lane", True, key=f"shown{number}", bind="query-params", on_change=_take
    )
    with st.container(horizontal=True):
        for label, action, *arguments in (
            ("Duplicate", duplicate_lane, number),
            ("Move left", swap_lanes, number, number - 1),
            ("Move right", swap_lanes, number, number + 1),
            ("Remove", remove_lane, number),
        ):
            st.button(label, key=f"{label}-{number}", on_click=_take, args=(action, *arguments))
    plain = re.sub(r"[^\w .,+-]", "", name)  # titles stand in texts that know markup
    return plain[:40].strip(), is_shown


def _model_of_first_lane() -> str:
    model = st.session_state.get("model1", DEFAULT_MODELS[0])
    return model if model in models.available() else DEFAULT_MODELS[0]
