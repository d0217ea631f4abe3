"""Uploaded frames and flows: their names and order, and what their files leave to be chosen."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

from flowcore.data.layout import natural_key
from flowcore.io.flow_files import FlowReading, interpret_flow
from flowcore.io.frames import Decoded, decode_frames
from pages.components.files import decoded

__all__ = [
    "FLOWS",
    "PICTURES",
    "VIDEOS",
    "flow_of",
    "frames_of",
    "in_natural_order",
    "plain_name",
]

PICTURES = ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "ppm", "pgm", "avif"]
VIDEOS = ["mp4", "m4v", "mov", "avi", "gif"]
FLOWS = ["flo", "png", "pfm", "npy", "npz", "flo5"]
VALUE_RANGES = {
    "auto": "Full range if half of it is used, else what is used",
    "full": "Full range of the file's numbers",
    "used": "From the lowest to the highest value in use",
}
PNG_LAYOUTS = {
    None: "As recognized",
    "kitti": "KITTI, HD1K: 64 steps per px",
    "dsec": "DSEC: 128 steps per px",
    "vkitti2": "Virtual KITTI 2: fractions of the frame",
}


def plain_name(file: Any) -> str:
    """The name of an uploaded file, without what could mean something in a text with markup."""
    return re.sub(r"[^\w .,+()-]", "", file.name)[-60:].strip() or "file"


def in_natural_order(files: Iterable[Any]) -> list[Any]:
    """Uploaded files by name, numbers in it by value: frame9 before frame10.

    Files of one name stay in the order in which they came.
    """
    return sorted(files, key=lambda file: natural_key(file.name))


def frames_of(
    files: Sequence[Any],
    names: Sequence[str],
    *,
    key: str,
    pages: Sequence[int | None] = (),
) -> Decoded:
    """The frames of uploaded files that belong together; deep ones get a select of their scaling.

    Raises
    ------
    FlowcoreError
        A file that cannot be read; the message calls it by its name here.
    """
    place = st.container()
    read: Decoded = decoded(
        decode_frames,
        tuple(file.getvalue() for file in files),
        names=tuple(names),
        pages=tuple(pages),
        value_range=st.session_state.get(key, "auto"),
    )
    if read.is_deep:
        place.selectbox(
            "Values of more than 8 bits",
            list(VALUE_RANGES),
            format_func=VALUE_RANGES.get,
            key=key,
            help="What becomes black and white, the same in all frames.",
        )
    return read


def flow_of(file: Any, *, key: str) -> FlowReading:
    """The flow of an uploaded file; a PNG, whose layout it does not prove, gets a select of it.

    Raises
    ------
    FlowcoreError
        The file cannot be read.
    """
    data, place, key = file.getvalue(), st.container(), f"{key}-{file.file_id}"
    reading: FlowReading = decoded(
        interpret_flow, data, name=plain_name(file), format=st.session_state.get(key)
    )
    if reading.format in PNG_LAYOUTS:
        place.selectbox(
            "Layout of the flow PNG", list(PNG_LAYOUTS), format_func=PNG_LAYOUTS.get, key=key
        )
    return reading
