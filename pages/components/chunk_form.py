"""How to cut: the knobs of chunked inference, and the lanes to compare it with."""

import math
from dataclasses import dataclass
from typing import Any

import streamlit as st

from flowcore import models
from flowcore.budget import grid_for
from flowcore.chunking.plan import plan_chunks
from flowcore.errors import FlowcoreError
from flowcore.knobs import KNOBS, config_from
from flowcore.pipeline import DEFAULT_MODEL, load_model
from flowcore.types import ChunkGrid, FramePair, PipelineConfig
from pages.components.knob_widgets import draw_knob, key_of, read_old_links, value_of
from pages.components.lane_form import LaneChoice, choose_threads, say_changed
from pages.components.weights_import import import_weights_here
from pages.components.words import as_text

__all__ = ["ChunkChoice", "by_size", "choose_chunks", "rivals"]

BY_COUNT, BY_HALF, BY_SIZE, BY_MEMORY = "rows x columns", "just over half", "chunk size", "memory"
WAYS = {BY_COUNT: "chunks", BY_HALF: "chunks", BY_SIZE: "chunk_size", BY_MEMORY: "max_bytes"}
FIRST = {"chunks": "2x2", "chunk_size": "256x256", "max_bytes": 100.0}
HALF_OVERLAP = "10%"  # of the chunk, which is then 53 % of the side
WAY_KEY = "way"
OLD_WORDS = {
    "counts": "chunks",
    "mb": "memory",
    "aware": "motion-aware",
    "seam": "seam-blur",
    "refine": "refine-share",
}
ASKED = "chunking-asked"


@dataclass(frozen=True)
class ChunkChoice:
    """What is to be cut how.

    Parameters
    ----------
    config : PipelineConfig
        With the grid as chosen.
    grid : ChunkGrid
        What that comes to on the pair: rows and columns.
    threads : int
    is_asked, is_pressed : bool
        Whether these settings are to be computed; whether Run was just pressed.
    """

    config: PipelineConfig
    grid: ChunkGrid
    threads: int
    is_asked: bool
    is_pressed: bool


def choose_chunks(pair: FramePair) -> ChunkChoice | None:
    """The settings as they stand; None, with a word why, where they do not fit the pair."""
    _read_old_links()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            names = models.available()
            model = st.selectbox(
                "Model", names, names.index(DEFAULT_MODEL), key="model", bind="query-params"
            )
            way = st.segmented_control(
                "Cut by",
                list(WAYS),
                default=BY_COUNT,
                required=True,
                key=WAY_KEY,
                bind="query-params",
                wrap=True,
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            cut = _cut(way)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            pressed = st.button("Run", type="primary", shortcut="Ctrl+Enter")
            threads = choose_threads()
            import_weights_here()
            change = st.empty()
    try:
        values = {name: value_of(KNOBS[name], shown) for name, shown in cut.items()}
        config = config_from({"model": model} | values)
        grid = grid_for(load_model(model), pair.size, config)
    except FlowcoreError as error:
        st.error(as_text(error))
        return None
    asked = (pair.digest, config, threads)
    if pressed or ASKED not in st.session_state:
        st.session_state[ASKED] = asked
    is_asked = st.session_state[ASKED] == asked
    if not is_asked:
        say_changed(change)
    return ChunkChoice(config, grid, threads, is_asked, pressed)


def by_size(height: int, width: int) -> None:
    """Let the chunks be of this size, from now on; for callbacks."""
    is_new = st.session_state[WAY_KEY] != BY_SIZE
    st.session_state[WAY_KEY] = BY_SIZE
    key, size = key_of(KNOBS["chunk_size"]), f"{max(16, height)}x{max(16, width)}"
    st.session_state[key] = size
    if is_new:  # no widget yet that would tell the address
        st.query_params[key] = size


def _read_old_links() -> None:
    """Links made before the knobs had one name each."""
    old = st.query_params
    if "ch" in old and "cw" in old:
        st.session_state.setdefault("chunk-size", f"{old.pop('ch')}x{old.pop('cw')}")
    if "percent" in old:
        st.session_state.setdefault("overlap", f"{old.pop('percent')}%")
    read_old_links(OLD_WORDS)


def rivals(pair: FramePair, choice: ChunkChoice) -> list[LaneChoice]:
    """The chunked lane between the whole frame and the frame resized to one chunk's size."""
    model, (height, width) = choice.config.model, pair.size
    chunk = plan_chunks(height, width, choice.grid)[0]
    scale = max(0.01, math.sqrt(math.prod(chunk.size) / (height * width)))
    counts = f"{choice.grid.rows}x{choice.grid.cols}"
    lanes = [LaneChoice(f"{model}, whole", PipelineConfig(model))]
    if choice.grid.rows * choice.grid.cols > 1:
        lanes.append(LaneChoice(f"{model}, {counts} chunks", choice.config))
        lanes.append(
            LaneChoice(f"{model}, resized by {scale:.2f}", PipelineConfig(model, round(scale, 4)))
        )
    return lanes


def _cut(way: str) -> dict[str, Any]:
    """What the knobs show that this way of cutting has."""
    cut: dict[str, Any] = {}
    if way == BY_HALF:
        cut |= {"chunks": "2x2", "overlap": HALF_OVERLAP}
    else:
        how_many = KNOBS[WAYS[way]]
        cut[how_many.name] = draw_knob(how_many, default=FIRST[how_many.name], width=180)
        cut["overlap"] = draw_knob(KNOBS["overlap"], width=140)
    cut["blend"] = draw_knob(KNOBS["blend"], width=120)
    with st.popover("More"):
        for name in ("halo", "motion_aware", "seam_blur", "refine_share"):
            cut[name] = draw_knob(KNOBS[name])
    return cut
