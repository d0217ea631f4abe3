"""The form of the lanes: a model and what is done around it, side by side."""

import os
import re
from dataclasses import dataclass, replace
from typing import get_args

import streamlit as st

from flowcore import models
from flowcore.errors import ConfigError, FlowcoreError
from flowcore.io.flow_files import decode_flow
from flowcore.pipeline import DEFAULT_MODEL
from flowcore.types import Blend, ChunkGrid, FlowField, PipelineConfig
from pages.components.files import decoded
from pages.components.presets import (
    DEFAULTS,
    MAX_LANES,
    PRESETS,
    apply_preset,
    duplicate_lane,
    swap_lanes,
)
from pages.components.weights_import import import_weights_here

__all__ = ["MAX_THREADS", "LaneChoice", "choose_lanes", "lane_title", "run_and_threads"]

EXTERNAL = "external flow file"
WHOLE = DEFAULTS["c"]
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
    threads = st.number_input(
        "Threads",
        1,
        MAX_THREADS,
        MAX_THREADS,
        key="threads",
        bind="query-params",
        width=120,
        help="Processor threads of each estimate: compare timings at one count only.",
    )
    return pressed, threads


def _lane(number: int) -> LaneChoice | None:
    names = models.available()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = st.selectbox(
            f"Lane {number}",
            [*names, EXTERNAL],
            index=names.index(DEFAULT_MODELS[(number - 1) % len(DEFAULT_MODELS)]),
            key=f"m{number}",
            bind="query-params",
        )
        with st.popover("Settings"):
            settings = _settings(number)
            uploaded = st.file_uploader("Flow file of another tool", key=f"f{number}")
            name, is_shown = _identity(number)
    if not is_shown:
        return None
    try:
        if model == EXTERNAL:
            if uploaded is None:
                raise ConfigError("Drop the flow file of another tool under Settings, then run.")
            flow = decoded(decode_flow, uploaded.getvalue())
            return LaneChoice(name or "external", PipelineConfig("external"), flow)
        config = _config(model, **settings)
        return LaneChoice(name or lane_title(config), config)
    except FlowcoreError as error:
        st.error(str(error))
        return None


def _identity(number: int) -> tuple[str, bool]:
    """The lane's own name, and whether it is shown; also the buttons that move it about."""
    name = st.text_input(
        "Name (its settings, if left empty)", max_chars=40, key=f"n{number}", bind="query-params"
    )
    is_shown = st.toggle("Show this lane", value=True, key=f"on{number}", bind="query-params")
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
    model = st.session_state.get("m1", DEFAULT_MODELS[0])
    return model if model in models.available() else DEFAULT_MODELS[0]


def _settings(number: int) -> dict[str, object]:
    """The knobs of one lane, as the widgets give them."""

    def key(name: str) -> dict[str, str]:
        return {"key": f"{name}{number}", "bind": "query-params"}

    return {
        "scale": st.number_input(
            "Scale", 0.1, 4.0, 1.0, 0.25, **key("s"), help="Resize factor before the model."
        ),
        "blur_sigma": st.number_input(
            "Blur sigma, px", 0.0, 20.0, 0.0, 0.5, **key("b"), help="Gaussian blur of both frames."
        ),
        "chunks": st.selectbox(
            "Chunks, rows x columns",
            [WHOLE, "1x2", "2x2", "3x3", "4x4"],
            accept_new_options=True,
            help="Chunked inference: estimate each chunk by itself and stitch. Type any RxC.",
            **key("c"),
        ),
        "overlap": st.number_input("Overlap, px", 0, 512, 32, 8, **key("o")),
        "blend": st.selectbox("Blend", get_args(Blend), index=2, **key("w")),
        "iterations": st.number_input(
            "Iterations (0: the model's own)",
            0,
            100,
            0,
            **key("i"),
            help="Refinement steps, for models that refine.",
        ),
    }


def _config(
    model: str,
    *,
    scale: float,
    blur_sigma: float,
    chunks: str | None,
    overlap: int,
    blend: Blend,
    iterations: int,
) -> PipelineConfig:
    grid = None
    if chunks not in (None, WHOLE):
        size = re.fullmatch(r"\s*(\d{1,3})\s*[x,]\s*(\d{1,3})\s*", chunks)
        if size is None:
            raise ConfigError("Chunks are written as rows x columns, such as 2x3.")
        grid = ChunkGrid(int(size[1]), int(size[2]), overlap, blend)
    refines = models.describe(model).default_iterations is not None
    return PipelineConfig(model, scale, blur_sigma, grid, iterations or None if refines else None)


def lane_title(config: PipelineConfig) -> str:
    """The model and what differs from the plain run, such as ``dis_medium, 2x2``."""
    parts = [config.model]
    if config.chunks:
        parts.append(f"{config.chunks.rows}x{config.chunks.cols}")
    if config.scale != 1:
        parts.append(f"scale {config.scale:g}")
    if config.blur_sigma:
        parts.append(f"blur {config.blur_sigma:g}")
    if config.iterations:
        parts.append(f"{config.iterations} iterations")
    return ", ".join(parts)
