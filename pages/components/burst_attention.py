"""One patch: where each head looked in each frame, how surely, and which motion that implies."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import streamlit as st
import torch
from plotly.subplots import make_subplots

from flowcore.bursts.restore import Restoration, attention_of_patch
from flowcore.models.burst_attention import entropy, expected_displacement, halo_share
from flowcore.models.burst_config import BurstConfig
from flowcore.models.burst_store import burst_cards, load_burst_net
from flowcore.types import Burst

__all__ = ["show_attention"]

PICTURE, ROW, COL = "burst-patch-picture", "patch-row", "patch-col"
TARGET, ARROW, TRUTH = "#ffd400", "#ff2a6d", "#05d9e8"
ALL = "all"
STRETCH = 3.0  # of the arrows: displacements are small beside a field


def show_attention(burst: Burst, nets: Mapping[str, Restoration]) -> None:
    """A picture to choose a patch on, the attention of its middle, and a table of the heads."""
    st.header("Where a patch looks")
    methods = list(dict.fromkeys(one.method for one in nets.values()))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.selectbox(
            "Net", methods, key="attention-net", bind="query-params", width=200,
            help="Attention is shown with target patches side by side.",
        )  # fmt: skip
        config = burst_cards()[method].config
        rows, cols = config.rows_and_cols(*burst.size)
        row, col = (
            _number(label, count, key)
            for label, count, key in (("Row", rows, ROW), ("Column", cols, COL))
        )
        heads = [ALL, *map(str, range(1, config.heads + 1))]
        head = st.segmented_control(
            "Head", heads, default=ALL, required=True, key="attention-head", bind="query-params",
            help="all: the heads as they count for the pixels.",
        )  # fmt: skip
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _patch_picture(burst, config, row, col)
    weights, shares = _weights(burst.digest, method, row, col, burst)
    index = -1 if head == ALL else int(head) - 1
    with right:
        figure = _fields(burst, config, row, col, weights[index])
        st.plotly_chart(
            figure,
            width="stretch",
            key="burst-fields",
            config={"displayModeBar": False},
            alt="Attention of one patch over the frames",
        )
        st.caption(
            "The source field of each frame; red: attention, on one scale. Yellow: the target "
            f"patch. Arrows, {STRETCH:g} times as long: pink the displacement that the attention "
            "implies (expected offset), cyan the true one where it is known."
        )
    _table(burst, config, weights, shares)


def _number(label: str, count: int, key: str) -> int:
    if st.session_state.get(key, 0) >= count:
        st.session_state[key] = count - 1
    return st.number_input(
        f"{label} of the patch", 0, count - 1, min(count // 2, count - 1), key=key, width=150,
        bind="query-params", help="From the top left, counted from 0; or click a patch below.",
    )  # fmt: skip


def _patch_picture(burst: Burst, config: BurstConfig, row: int, col: int) -> None:
    """The middle frame; a click on a patch chooses it."""
    step, (height, width) = config.target_field, burst.size
    figure = px.imshow(burst.frames[burst.reference], binary_string=True)
    figure.update_traces(hoverinfo="skip", hovertemplate=None)
    x, y = np.meshgrid(np.arange(step / 2, width, step), np.arange(step / 2, height, step))
    figure.add_scatter(
        x=x.ravel() - 0.5,
        y=y.ravel() - 0.5,
        mode="markers",
        marker={"opacity": 0, "size": 14, "symbol": "square"},
        hovertemplate="patch here<extra></extra>",
    )
    figure.add_shape(
        type="rect", x0=col * step - 0.5, x1=(col + 1) * step - 0.5, y0=row * step - 0.5,
        y1=(row + 1) * step - 0.5, line={"color": TARGET, "width": 3},
    )  # fmt: skip
    figure.update_xaxes(visible=False, range=[-0.5, width - 0.5])
    figure.update_yaxes(visible=False, range=[height - 0.5, -0.5])
    figure.update_layout(height=340, margin={"t": 0, "b": 0, "l": 0, "r": 0}, showlegend=False)
    st.plotly_chart(
        figure,
        width="stretch",
        key=PICTURE,
        on_select=partial(_take_patch, step),
        selection_mode="points",
        config={"displayModeBar": False},
        alt="The middle frame, to choose a patch on",
    )
    st.caption("Click a patch, or give its row and column above.")


def _take_patch(step: int) -> None:
    points = st.session_state[PICTURE].get("selection", {}).get("points", [])
    if points:
        st.session_state[COL] = int(points[0]["x"] // step)
        st.session_state[ROW] = int(points[0]["y"] // step)


@st.cache_data(max_entries=32, show_spinner=False)
def _weights(
    digest: str, method: str, row: int, col: int, _burst: Burst
) -> tuple[np.ndarray, np.ndarray]:
    """Attention ``(heads + 1, T, T, M, S, S)``, the last entry over the heads, and their shares."""
    net = load_burst_net(method)
    weights = attention_of_patch(net, _burst, row, col).weights[0]
    shares = net.head_shares.detach()
    together = torch.einsum("h,hyxmrc->yxmrc", shares, weights)[None]
    return torch.cat([weights, together]).numpy(), shares.numpy()


def _fields(
    burst: Burst, config: BurstConfig, row: int, col: int, weights: np.ndarray
) -> go.Figure:
    """The source field of each frame under the mean attention of the patch's tokens."""
    near, side = config.halo, config.source_field
    top, left = row * config.target_field - near, col * config.target_field - near
    mean = weights.mean((0, 1))  # (M, S, S)
    offsets = expected_displacement(torch.from_numpy(weights)[None, None], config)
    offsets = offsets[0, 0].mean((0, 1)).numpy()  # (M, 2)
    figure = make_subplots(
        1,
        len(burst.frames),
        subplot_titles=[_title(burst, number) for number in range(len(burst.frames))],
        horizontal_spacing=0.01,
    )
    for number, frame in enumerate(burst.frames):
        place = {"row": 1, "col": number + 1}
        padded = np.pad(frame, ((near, side), (near, side), (0, 0)), mode="edge")
        field = padded[top + near : top + near + side, left + near : left + near + side]
        is_seen = number in config.inputs
        heat = mean[config.inputs.index(number)] if is_seen else np.zeros_like(mean[0])
        shown = _overlay(field, heat.repeat(config.token, 0).repeat(config.token, 1), mean.max())
        figure.add_trace(go.Image(z=shown, hoverinfo="skip"), **place)
        inner = (near - 0.5, side - near - 0.5)
        figure.add_shape(
            type="rect", x0=inner[0], x1=inner[1], y0=inner[0], y1=inner[1],
            line={"color": TARGET, "width": 2}, **place,
        )  # fmt: skip
        if number != burst.reference:
            middle = (side - 1) / 2
            if burst.motion is not None:
                _arrow(figure, middle, burst.motion[number], TRUTH, number)
            if is_seen:
                _arrow(figure, middle, offsets[config.inputs.index(number)], ARROW, number)
    figure.update_xaxes(visible=False, range=[-0.5, side - 0.5])
    figure.update_yaxes(visible=False, range=[side - 0.5, -0.5], scaleanchor="x")
    figure.update_layout(height=230, margin={"t": 28, "b": 0, "l": 0, "r": 0}, showlegend=False)
    return figure


def _title(burst: Burst, number: int) -> str:
    return f"{number}, middle" if number == burst.reference else f"frame {number}"


def _overlay(field: np.ndarray, heat: np.ndarray, most: float) -> np.ndarray:
    """The field in gray, redder where the attention is strong."""
    gray = field.mean(-1, keepdims=True).repeat(3, -1)
    share = np.sqrt(heat / max(most, 1e-9))[..., None]
    return np.uint8(gray * (1 - 0.85 * share) + np.array([255, 40, 40]) * 0.85 * share)


def _arrow(figure: go.Figure, middle: float, offset: np.ndarray, color: str, number: int) -> None:
    axis = "" if number == 0 else str(number + 1)
    u, v = (STRETCH * float(part) for part in offset)
    figure.add_annotation(
        x=middle + u, y=middle + v, ax=middle, ay=middle, text="", showarrow=True,
        xref=f"x{axis}", yref=f"y{axis}", axref=f"x{axis}", ayref=f"y{axis}",
        arrowhead=2, arrowsize=1, arrowwidth=2.5, arrowcolor=color,
    )  # fmt: skip


def _table(burst: Burst, config: BurstConfig, weights: np.ndarray, shares: np.ndarray) -> None:
    """A row for each head and one for all: share, entropy, halo, and implied motion."""
    tensor = torch.from_numpy(weights)[None]
    last = config.inputs[-1]
    offsets = expected_displacement(tensor, config)[0, :, :, :, -1].mean((1, 2)).numpy()
    frame = pd.DataFrame(
        {
            "counts": [*(100 * shares), 100.0],
            "entropy": entropy(tensor)[0].mean((1, 2)).numpy(),
            "halo": 100 * halo_share(tensor, config)[0].mean((1, 2)).numpy(),
            "u": offsets[:, 0],
            "v": offsets[:, 1],
        },
        index=[*(f"head {number + 1}" for number in range(config.heads)), "all heads"],
    )
    if burst.motion is not None:
        frame["error"] = np.hypot(*(offsets - burst.motion[last]).T)
    most = np.log2(len(config.inputs) * config.source_tokens**2)
    columns = {
        "counts": ("Counts for, %", "%.0f", "Its share in the average of the pixels."),
        "entropy": (
            "Entropy, bits",
            "%.2f",
            f"0: one token; {most:.1f}: all tokens of all frames alike.",
        ),
        "halo": ("Outside the target, %", "%.0f", "Attention in the halo around the target patch."),
        "u": (f"Right in frame {last}, px", "%.2f", "Expected offset from the middle frame."),
        "v": (f"Down in frame {last}, px", "%.2f", "Expected offset from the middle frame."),
        "error": ("EPE, px ↓", "%.2f", "Distance to the true displacement. Lower is better."),
    }
    st.dataframe(
        frame,
        column_config={
            key: st.column_config.NumberColumn(label, format=form, help=text)
            for key, (label, form, text) in columns.items()
        },
        alt="Attention of each head",
    )
