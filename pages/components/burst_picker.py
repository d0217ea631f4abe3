"""Where a burst comes from: a sample, uploaded frames, a video, or one image set in motion."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore.data.bursts import BURST_PHOTOS, burst_from_video, make_burst, sample_burst
from flowcore.data.samples import photo
from flowcore.errors import FlowcoreError
from flowcore.types import Burst, UInt8Array
from pages.components.files import decoded
from pages.components.head import show_head
from pages.components.uploads import (
    PICTURES,
    VIDEOS,
    frames_of,
    in_natural_order,
    plain_name,
)
from pages.components.words import as_text

__all__ = ["pick_burst"]

LAST = "last-burst"
MAX_SIDE = 640  # px; larger frames are cut about their middle


def pick_burst(title: str, question: str) -> Burst:
    """The burst that the user has chosen; the head of a page, which says it in one line.

    While a choice is incomplete or cannot be read, this is said beside it and the last burst stays.
    """
    burst = show_head(title, question, _chosen, _in_words)
    _show(burst)
    return burst


def _chosen(messages: DeltaGenerator) -> Burst:
    source = st.segmented_control(
        "Burst",
        list(_SOURCES),
        default=next(iter(_SOURCES)),
        required=True,
        key="burst-source",
        bind="query-params",
        help="An odd number of frames of one size; the middle one is reconstructed.",
    )
    burst = None
    try:
        burst = _SOURCES[source]()
    except FlowcoreError as error:
        messages.error(as_text(error))
    if burst is not None:
        st.session_state[LAST] = burst
    elif LAST in st.session_state:
        st.caption(f"Still showing the last burst: {st.session_state[LAST].name}.")
    return st.session_state.get(LAST) or _sampled(BURST_PHOTOS[0], 5.0, 30.0, 25.0)


def _sample() -> Burst:
    name = st.selectbox(
        "Photo",
        BURST_PHOTOS,
        key="burst-photo",
        bind="query-params",
        help="Photos that ship with scikit-image; 192x192 px of their middle.",
    )
    return _sampled(name, **_knobs())


def _upload() -> Burst | None:
    files = st.file_uploader(
        "Frames, in order by name",
        type=PICTURES,
        accept_multiple_files=True,
        key="burst-frames",
        help="An odd number, 3 or more, of one size; the nets that ship take 5.",
    )
    if not files:
        return None
    ordered = in_natural_order(files)
    frames = _frames(ordered, key="burst-range")
    return _cut(Burst(frames, name="uploaded frames"))


def _frames(files: Sequence[Any], *, key: str) -> tuple[UInt8Array, ...]:
    """The frames of uploaded files; what had to be assumed is said."""
    read = frames_of(files, [plain_name(file) for file in files], key=key)
    for note in read.notes:
        st.caption(as_text(note))
    return read.frames


def _video() -> Burst | None:
    file = st.file_uploader(
        "A video", type=VIDEOS, key="burst-video", help="Five frames of it: mp4, mov, avi or gif."
    )
    if file is None:
        return None
    with st.container(horizontal=True):
        start = st.number_input(
            "First frame",
            0,
            9999,
            0,
            key="burst-start",
            width=130,
            help="Counted from 0.",
        )
        every = st.number_input(
            "Every", 1, 100, 1, key="burst-every", width=130, help="Every Nth frame from there."
        )
    return _cut(decoded(burst_from_video, file.getvalue(), start=int(start), every=int(every)))


def _one_image() -> Burst:
    file = st.file_uploader(
        "Any image; a sample photo if left empty",
        type=PICTURES,
        key="burst-image",
        help="Set in motion here, so that motion and clean frame are known exactly.",
    )
    picture = _frames([file], key="burst-image-range")[0] if file else photo("chelsea")
    return _made(picture.tobytes(), picture.shape, **_knobs())


def _knobs() -> dict[str, float]:
    with st.container(horizontal=True):
        motion = st.number_input(
            "Motion in all, px",
            0.0,
            40.0,
            5.0,
            0.5,
            key="burst-motion",
            bind="query-params",
            width=150,
            help="From the first frame to the last, in equal steps. 0 is a static burst.",
        )
        angle = st.number_input(
            "Direction, degrees",
            0.0,
            359.0,
            30.0,
            5.0,
            key="burst-angle",
            bind="query-params",
            width=150,
            help="Clockwise on screen from right.",
        )
        noise = st.number_input(
            "Noise, gray levels",
            0.0,
            100.0,
            25.0,
            5.0,
            key="burst-noise",
            bind="query-params",
            width=150,
            help="Standard deviation of Gaussian noise on every frame, of 255.",
        )
    return {"motion": motion, "angle": angle, "noise": noise}


@st.cache_resource(max_entries=8, show_spinner=False)
def _sampled(name: str, motion: float, angle: float, noise: float) -> Burst:
    return sample_burst(name, motion=motion, angle=angle, noise=noise)


@st.cache_resource(max_entries=4, show_spinner=False)
def _made(pixels: bytes, shape: tuple[int, ...], **knobs: float) -> Burst:
    picture = np.frombuffer(pixels, np.uint8).reshape(shape)
    return _cut(make_burst(picture, **knobs, name="one image in motion"))


def _cut(burst: Burst) -> Burst:
    """The middle of the burst, where it is larger than a page can wait for."""
    height, width = burst.size
    if max(height, width) <= MAX_SIDE:
        return burst
    top, left = (max(0, length - MAX_SIDE) // 2 for length in (height, width))
    st.caption(f"Cut to the middle {min(width, MAX_SIDE)} x {min(height, MAX_SIDE)} px.")

    def middle(frame: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(frame[top : top + MAX_SIDE, left : left + MAX_SIDE])

    clean = None if burst.clean is None else middle(burst.clean)
    return Burst(tuple(map(middle, burst.frames)), clean, burst.motion, burst.name)


def _in_words(burst: Burst) -> str:
    """The burst in one line: name, size, and what is known about it."""
    height, width = burst.size
    known = "motion and clean middle frame known" if burst.motion is not None else "no truth known"
    return f"{burst.name}, {len(burst.frames)} frames of {width} x {height} px, {known}."


def _show(burst: Burst) -> None:
    """The five frames about the middle in one strip, so that they stay side by side on a phone."""
    around = min(5, len(burst.frames))
    first = burst.reference - around // 2
    frames = np.stack(burst.frames[first : first + around])
    gap = max(2, frames.shape[2] // 24)
    opaque = np.pad(frames, ((0, 0),) * 3 + ((0, 1),), constant_values=255)
    spaced = np.pad(opaque, ((0, 0), (0, 0), (0, gap), (0, 0)))
    strip = np.concatenate(list(spaced), axis=1)[:, :-gap]
    caption = f"Frames {first} to {first + around - 1}; {burst.reference} is the middle."
    st.image(strip, caption, width="stretch", alt=caption)


_SOURCES = {"Sample": _sample, "Frames": _upload, "Video": _video, "One image": _one_image}
