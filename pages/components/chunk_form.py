"""How to cut: the knobs of chunked inference, and the lanes to compare it with."""

import math
import re
from dataclasses import dataclass
from typing import get_args

import streamlit as st

from flowcore import models
from flowcore.budget import grid_for
from flowcore.chunking.plan import plan_chunks
from flowcore.errors import ConfigError, FlowcoreError
from flowcore.pipeline import DEFAULT_MODEL, load_model
from flowcore.types import Blend, ChunkGrid, FramePair, PipelineConfig
from pages.components.lane_form import MAX_THREADS, LaneChoice
from pages.components.weights_import import import_weights_here

__all__ = ["ChunkChoice", "by_size", "choose_chunks", "rivals"]

BY_COUNT, BY_HALF, BY_SIZE, BY_MEMORY = "rows x columns", "just over half", "chunk size", "memory"
WAYS = (BY_COUNT, BY_HALF, BY_SIZE, BY_MEMORY)
HALF_OVERLAP = 0.1  # of the chunk, which is then 53 % of the side
WAY_KEY, SIZE_KEYS = "way", ("ch", "cw")
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
    import_weights_here()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            names = models.available()
            model = st.selectbox(
                "Model", names, names.index(DEFAULT_MODEL), key="model", bind="query-params"
            )
            way = st.segmented_control(
                "Cut by",
                WAYS,
                default=BY_COUNT,
                required=True,
                key=WAY_KEY,
                bind="query-params",
                wrap=True,
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            cut, threads = _cut(way), _number("Threads", 1, MAX_THREADS, MAX_THREADS, "threads")
        pressed = st.button("Run", type="primary", shortcut="Ctrl+Enter")
    try:
        config = PipelineConfig(model, chunks=_grid(**cut))
        grid = grid_for(load_model(model), pair.size, config)
    except FlowcoreError as error:
        st.error(str(error))
        return None
    asked = (pair.digest, config, threads)
    if pressed or ASKED not in st.session_state:
        st.session_state[ASKED] = asked
    is_asked = st.session_state[ASKED] == asked
    if not is_asked:
        st.caption("Press Run to compute these settings.")
    return ChunkChoice(config, grid, threads, is_asked, pressed)


def by_size(height: int, width: int) -> None:
    """Let the chunks be of this size, from now on; for callbacks."""
    is_new = st.session_state[WAY_KEY] != BY_SIZE
    st.session_state[WAY_KEY] = BY_SIZE
    for key, value in zip(SIZE_KEYS, (max(16, height), max(16, width)), strict=True):
        st.session_state[key] = value
        if is_new:  # no widget yet that would tell the address
            st.query_params[key] = value


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


def _cut(way: str) -> dict[str, object]:
    """The knobs that this way of cutting has."""
    knobs: dict[str, object] = {}
    if way == BY_COUNT:
        knobs["counts"] = st.selectbox(
            "Rows x columns",
            ["1x2", "2x2", "3x3", "4x4", "2x4"],
            1,
            accept_new_options=True,
            key="counts",
            bind="query-params",
            width=140,
        )
    elif way == BY_SIZE:
        knobs["chunk_size"] = tuple(
            _number(label, 16, 8192, 256, key, 16)
            for label, key in zip(("Height, px", "Width, px"), SIZE_KEYS, strict=True)
        )
    elif way == BY_MEMORY:
        knobs["megabytes"] = _number("Memory, MB", 1, 10**6, 100, "mb", 10)
    if way == BY_HALF:
        knobs |= {"counts": "2x2", "overlap": HALF_OVERLAP}
    else:
        knobs["overlap"] = _overlap()
    knobs["blend"] = st.selectbox(
        "Blend",
        get_args(Blend),
        get_args(Blend).index("hann"),
        key="blend",
        bind="query-params",
        width=120,
        help="Weights in the overlap. none: the later chunk wins, as in a plain loop; winner: cut "
        "in the middle, so that no two motions are averaged.",
    )
    with st.popover("More"):
        knobs["halo"] = _number(
            "Halo, px", 0, 512, 0, "halo", 8, help="Context that is computed and cropped away."
        )
        knobs["motion_aware"] = st.toggle(
            "Motion-aware",
            key="aware",
            bind="query-params",
            help="A quick pass over the whole frame says where each chunk moves; both crops are "
            "then placed so that the matches lie inside.",
        )
        knobs["seam_blur"] = _number("Blur of the seams, sigma in px", 0.0, 20.0, 0.0, "seam", 0.5)
        knobs["refine_share"] = _number(
            "Share to refine",
            0.0,
            1.0,
            1.0,
            "refine",
            0.1,
            help="Propose and refine: below 1 only the most doubtful share of the chunks is "
            "computed at full resolution, the rest at low resolution.",
        )
    return knobs


def _overlap() -> int | float:
    unit = st.segmented_control(
        "Overlap in",
        ("px", "% of a chunk"),
        default="px",
        required=True,
        key="unit",
        bind="query-params",
    )
    if unit == "px":
        return _number("Overlap, px", 0, 512, 32, "overlap", 8)
    return _number("Overlap, %", 0, 90, 10, "percent", 5) / 100


def _number(
    label: str,
    least: float,
    most: float,
    value: float,
    key: str,
    step: float = 1,
    *,
    help: str | None = None,
) -> float:
    return st.number_input(
        label, least, most, value, step, key=key, bind="query-params", width=130, help=help
    )


def _grid(
    *,
    counts: str | None = None,
    chunk_size: tuple[int, int] | None = None,
    megabytes: int | None = None,
    **knobs: object,
) -> ChunkGrid:
    rows = cols = 1
    if counts is not None:
        match = re.fullmatch(r"\s*(\d{1,3})\s*[x,]\s*(\d{1,3})\s*", counts)
        if match is None:
            raise ConfigError("Chunks are written as rows x columns, such as 2x3.")
        rows, cols = int(match[1]), int(match[2])
    max_bytes = None if megabytes is None else megabytes * 10**6
    return ChunkGrid(rows, cols, chunk_size=chunk_size, max_bytes=max_bytes, **knobs)
