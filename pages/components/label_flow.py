"""Labels and flow together: errors at borders, what is carried to another class, occlusions."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from flowcore.errors import InputError
from flowcore.io.frames import encode_frame
from flowcore.lane import Lane
from flowcore.metrics.labels import carried_labels
from flowcore.metrics.masks import mask_agreement
from flowcore.types import FlowField, FramePair
from flowcore.viz.layers import LAYERS, Subject
from flowcore.viz.overlay import outline_labels, overlay_mask
from flowcore.viz.scale import Scale
from pages.components.words import as_text

__all__ = ["show_borders", "show_occlusion"]


def show_borders(pair: FramePair, lanes: Mapping[str, Lane], scale: Scale) -> None:
    """Of every lane its error under the borders of the classes, and what it carries elsewhere."""
    st.subheader("At the borders of classes")
    with st.grid(2, min_column_width=240):
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


def show_occlusion(pair: FramePair, lanes: Mapping[str, Lane]) -> None:
    """What is hidden in the second frame, and what each lane's forward-backward check finds."""
    checked = {title: lane for title, lane in lanes.items() if lane.consistent is not None}
    if not checked:
        return
    st.subheader("Occlusion")
    st.caption(LAYERS["consistency"].caption)
    with st.grid(2, min_column_width=240):
        for title, lane in checked.items():
            subject = Subject(
                pair, Scale.up_to(1.0), lane.estimate.flow, consistent=lane.consistent
            )
            st.image(
                _consistency(pair.digest, _digest(lane), subject),
                title,
                width="stretch",
                alt=f"Occlusions by forward-backward check of {title}",
            )
    if pair.occluded is None:
        st.info("How right the check is takes a pair whose occlusions are known.")
        return
    rows = {
        title: mask_agreement(~lane.consistent, pair.occluded)._asdict()
        for title, lane in checked.items()
    }
    st.dataframe(
        pd.DataFrame(rows).T,
        column_config={
            key: st.column_config.NumberColumn(label, format="%.1f", help=about)
            for key, (label, about) in AGREEMENT.items()
        },
        placeholder="-",
        alt="How right the forward-backward check of every lane is",
    )


AGREEMENT = {
    "found": (
        "Occluded pixels found, % ↑",
        "Of the pixels that are hidden in the second frame, those where the flows disagree.",
    ),
    "right": (
        "Found pixels that are occluded, % ↑",
        "Of the pixels where the flows disagree, those that are hidden. The others are errors of "
        "either flow.",
    ),
    "iou": ("Intersection over union, % ↑", "Pixels that are both, of those that are either."),
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
def _consistency(digest: str, of_flow: str, _subject: Subject) -> bytes:
    return encode_frame(LAYERS["consistency"].draw(_subject), format="jpeg")
