"""A channel of a lane's encoder with its argmax features."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from flowcore.features.channels import channel_features, encoder_levels
from flowcore.features.matching import Matching
from flowcore.viz.channels import channel_picture

__all__ = ["show_channels"]


def show_channels(inside: Mapping[str, Matching], pixel: tuple[int, int]) -> None:
    """One channel of the first frame's features: its map, extremes of rows and columns, pools."""
    if not st.toggle(
        "Encoder channels",
        key="channels",
        help="What one channel of the encoder holds, where each row and column is greatest and "
        "least (argmax features), and what pooling keeps of it.",
    ):
        return
    grids = {
        title: encoder_levels(matching.view_at(*pixel).levels) for title, matching in inside.items()
    }
    able = [title for title, levels in grids.items() if levels]
    if not able:
        st.info("No lane here has an encoder whose channels could be shown.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.selectbox("Lane of the channels", able, key="channels-lane", width=260)
        strides = {level.stride: level for level in grids[title]}
        stride = st.selectbox(
            "Grid, px", list(strides), key="channels-grid", width=120,
            help="Px of the model's frame that a cell is wide.",
        )  # fmt: skip
        level = strides[stride]
        number = st.number_input(
            "Channel", 0, len(level.queries) - 1, 0, key=f"channel-{len(level.queries)}",
            width=130, help=f"Of {len(level.queries)}, counted from 0.",
        )  # fmt: skip
        pool = st.number_input(
            "Pool, cells", 1, 16, 4, key="channels-pool", width=130,
            help="Side of the blocks of min and max pooling.",
        )  # fmt: skip
    found = channel_features(level, number, pool=pool)
    most = float(np.abs(found.values).max())
    rows = {"argmax": found.row_argmax, "argmin": found.row_argmin}
    columns = {"argmax": found.column_argmax, "argmin": found.column_argmin}
    pictures = {
        "Channel": channel_picture(found.values, most=most),
        "Row by row": channel_picture(found.values, most=most, rows=rows),
        "Column by column": channel_picture(found.values, most=most, columns=columns),
        "Max pooled": channel_picture(found.max_pooled, most=most),
        "Min pooled": channel_picture(found.min_pooled, most=most),
    }
    for column, (name, picture) in zip(st.columns(5), pictures.items(), strict=True):
        column.image(picture, name, width="stretch", alt=f"{name} of channel {number} of {title}")
    st.caption(
        f"Gray is 0, white {most:.3g}, black -{most:.3g}, one scale for all five. Yellow: where a "
        "row or column is greatest; cyan: where it is least. First frame; with chunks, the chunk "
        "of the pixel."
    )
