"""The chunks on the first frame; a box that is dragged there becomes their size."""

import math
from itertools import pairwise

import numpy as np
import plotly.express as px
import plotly.graph_objects as go
import streamlit as st

from flowcore.chunking.motion import view_of
from flowcore.chunking.plan import plan_chunks, seam_lines
from flowcore.types import FramePair
from pages.components.chunk_form import ChunkChoice, by_size

__all__ = ["show_grid"]

KEY = "chunk-picture"
SEAM, SHARED, VIEW = "#ffd400", "rgba(255, 212, 0, 0.28)", "#00d5ff"
MAX_PIXELS = 600_000  # of the picture in the browser
LATTICE = 24  # invisible marks across, without which plotly offers no box


def show_grid(pair: FramePair, choice: ChunkChoice | None) -> None:
    """The seams, what neighbors share, and one chunk with its halo; the bare frame for no choice.

    A box can be dragged on both.
    """
    figure = _frame(pair)
    if choice is not None:
        _add_grid(figure, pair, choice)
    st.plotly_chart(
        figure,
        width="stretch",
        key=KEY,
        on_select=_take_box,
        selection_mode="box",
        config={"displayModeBar": False},
        alt="The first frame and its chunks",
    )
    st.caption(
        f"{_describe(pair, choice) if choice is not None else ''}Drag a box on the picture to "
        "make it the size of the chunks."
    )


def _describe(pair: FramePair, choice: ChunkChoice) -> str:
    height, width = plan_chunks(*pair.size, choice.grid)[0].size
    return (
        f"{choice.grid.rows}x{choice.grid.cols} chunks of {width}x{height} px (width x height). "
        "Yellow: the seams, and what neighbors share; cyan: what is computed for one of them. "
    )


def _frame(pair: FramePair) -> go.Figure:
    """The first frame, on which a box can be dragged."""
    height, width = pair.size
    thin = max(1, math.ceil(math.sqrt(height * width / MAX_PIXELS)))
    figure = px.imshow(
        pair.first[::thin, ::thin],
        x=np.arange(0, width, thin),
        y=np.arange(0, height, thin),
        binary_string=True,
        binary_compression_level=1,
    )
    figure.update_traces(hoverinfo="skip", hovertemplate=None)
    x, y = np.meshgrid(np.linspace(0, width, LATTICE), np.linspace(0, height, LATTICE))
    figure.add_scatter(
        x=x.ravel(), y=y.ravel(), mode="markers", marker={"opacity": 0}, hoverinfo="skip"
    )
    figure.update_xaxes(visible=False, range=[-0.5, width - 0.5])
    figure.update_yaxes(visible=False, range=[height - 0.5, -0.5])
    figure.update_layout(
        height=340,
        margin={"t": 0, "b": 0, "l": 0, "r": 0},
        dragmode="select",
        showlegend=False,
    )
    return figure


def _add_grid(figure: go.Figure, pair: FramePair, choice: ChunkChoice) -> None:
    height, width = pair.size
    chunks = plan_chunks(height, width, choice.grid)
    for left, right in _shared({(chunk.left, chunk.right) for chunk in chunks}):
        _add_box(figure, left, right, 0, height, fillcolor=SHARED, line_width=0)
    for top, bottom in _shared({(chunk.top, chunk.bottom) for chunk in chunks}):
        _add_box(figure, 0, width, top, bottom, fillcolor=SHARED, line_width=0)
    rows, cols = seam_lines(height, width, choice.grid)
    for line in cols:
        figure.add_vline(line, line={"color": SEAM, "width": 1.5})
    for line in rows:
        figure.add_hline(line, line={"color": SEAM, "width": 1.5})
    area = view_of(chunks[len(chunks) // 2], pair.size, halo=choice.grid.halo).area
    _add_box(figure, *area[2:], *area[:2], line={"color": VIEW, "width": 2.5})


def _shared(intervals: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """What each interval shares with the next."""
    return [
        (after[0], before[1])
        for before, after in pairwise(sorted(intervals))
        if after[0] < before[1]
    ]


def _add_box(
    figure: go.Figure, left: int, right: int, top: int, bottom: int, **look: object
) -> None:
    figure.add_shape(
        type="rect", x0=left - 0.5, x1=right - 0.5, y0=top - 0.5, y1=bottom - 0.5, **look
    )


def _take_box() -> None:
    """The box just dragged, if any, as the size of the chunks."""
    boxes = st.session_state[KEY].get("selection", {}).get("box", [])
    if boxes:
        width, height = (abs(int(boxes[-1][axis][1] - boxes[-1][axis][0])) for axis in "xy")
        by_size(height, width)
