"""Labels and flow together: errors at borders, what is carried to another class, occlusions."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from flowcore.errors import InputError
from flowcore.io.frames import encode_frame
from flowcore.lane import Lane
from flowcore.metrics.labels import carried_labels
from flowcore.metrics.masks import mask_agreement
from flowcore.types import BoolArray, FlowField, FramePair
from flowcore.viz.layers import LAYERS, Subject
from flowcore.viz.overlay import outline_labels, overlay_mask
from flowcore.viz.scale import Scale
from pages.components.words import as_text

__all__ = ["Hidden", "show_borders", "show_occlusion"]


class Hidden(NamedTuple):
    """What is said to be hidden in the second frame, (H, W) bool, and what tells it from others."""

    mask: BoolArray
    digest: str


def show_borders(pair: FramePair, lanes: Mapping[str, Lane], scale: Scale) -> None:
    """Of every lane its error under the borders of the classes, and what it carries elsewhere."""
    with st.grid(4, min_column_width=240):
        for title, lane in lanes.items():
            if pair.truth is not None:
                st.image(
                    _error(pair.digest, _digest(lane), scale, pair, lane.estimate.flow),
                    f"Error of {title}, 0 to {scale.max_error:.3g} px, dark is good; "
                    "cyan lines are borders of classes",
                    width="stretch",
                    alt=f"Error of {title} with the borders of classes",
                )
            _show_missed(pair, title, lane)
    if pair.second_labels is None:
        st.info("What is carried to another class takes the labels of both frames.")


def show_occlusion(pair: FramePair, lanes: Mapping[str, Lane], heads: Mapping[str, Hidden]) -> None:
    """What is hidden in the second frame, by each lane's forward-backward check and by heads."""
    said = {
        f"{title}, forward-backward": Hidden(~lane.consistent, _digest(lane))
        for title, lane in lanes.items()
        if lane.consistent is not None
    } | dict(heads)
    if not said:
        st.info("No lane here has a flow backward, which tells what is hidden.")
        return
    st.caption(
        "Pink: forward and backward flow disagree, or the net's head says that the pixel is not "
        "visible in the second frame. Cyan lines: occluded by the truth, if known."
    )
    with st.grid(4, min_column_width=240):
        for title, hidden in said.items():
            picture = _hidden(pair.digest, hidden.digest, pair, hidden.mask)
            st.image(picture, title, width="stretch", alt=f"Occlusions by {title}")
    if pair.occluded is None:
        st.info("How right this is takes a pair whose occlusions are known.")
        return
    rows = {}
    for title, hidden in said.items():
        found = mask_agreement(hidden.mask, pair.occluded)
        rows[title] = {**found._asdict(), "f1": found.f1}
    st.dataframe(
        pd.DataFrame(rows).T,
        column_config={
            key: st.column_config.NumberColumn(label, format="%.1f", help=about)
            for key, (label, about) in AGREEMENT.items()
        },
        placeholder="-",
        alt="How right each of them is",
    )


AGREEMENT = {
    "found": (
        "Occluded pixels found, % ↑",
        "Of the pixels that are hidden in the second frame, those that are pink.",
    ),
    "right": (
        "Found pixels that are occluded, % ↑",
        "Of the pink pixels those that are hidden. The others are errors of either flow, or of the "
        "head.",
    ),
    "iou": ("Intersection over union, % ↑", "Pixels that are both, of those that are either."),
    "f1": ("F1, % ↑", "Harmonic mean of the first two."),
}


def _show_missed(pair: FramePair, title: str, lane: Lane) -> None:
    try:
        picture, share, count = _missed(pair.digest, _digest(lane), pair, lane.estimate.flow)
    except InputError as error:
        if pair.second_labels is not None:
            st.info(as_text(error))
        return
    st.image(
        picture,
        f"{title}: {share:.2f} % of {count:,} pixels are carried to another class (pink)",
        width="stretch",
        alt=f"Pixels that {title} carries to another class",
    )


def _digest(lane: Lane) -> str:
    return lane.estimate.flow.digest


@st.cache_data(max_entries=32, show_spinner=False)
def _error(digest: str, of_flow: str, scale: Scale, _pair: FramePair, _flow: FlowField) -> bytes:
    picture = LAYERS["error"].draw(Subject(_pair, scale, _flow))
    assert _pair.labels is not None  # the page says so before
    return encode_frame(outline_labels(picture, _pair.labels))


@st.cache_data(max_entries=32, show_spinner=False)
def _missed(
    digest: str, of_flow: str, _pair: FramePair, _flow: FlowField
) -> tuple[bytes, float, int]:
    carried = carried_labels(_flow, _pair)
    gray = (_pair.first.mean(2, keepdims=True) / 2).astype(np.uint8)  # that the pink is seen
    picture = overlay_mask(np.repeat(gray, 3, axis=2), carried.missed)
    return encode_frame(picture, format="jpeg"), carried.share, int(carried.looked_at.sum())


@st.cache_data(max_entries=32, show_spinner=False)
def _hidden(digest: str, of_mask: str, _pair: FramePair, _mask: BoolArray) -> bytes:
    subject = Subject(_pair, Scale.up_to(1.0), consistent=~_mask)
    return encode_frame(LAYERS["consistency"].draw(subject), format="jpeg")
