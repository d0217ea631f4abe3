"""Where a pair comes from: a sample, two uploaded frames, a video, or one image set in motion."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore.data import samples
from flowcore.data.synthetic import make_pair
from flowcore.errors import FlowcoreError, InputError
from flowcore.export.panels import draw_truth, shared_scale
from flowcore.io.flow_files import decode_flow
from flowcore.io.frames import decode_frame, decode_labels, decode_mask
from flowcore.io.video import decode_video_frames, probe_video
from flowcore.types import FramePair, UInt8Array
from pages.components.conventions import warn_of_convention
from pages.components.files import decoded
from pages.components.head import show_head
from pages.components.pair_store import keep_pair, linked_pair

__all__ = ["pick_pair"]

PICTURES = ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "ppm", "pgm", "avif"]
VIDEOS = ["mp4", "avi", "gif"]
UPLOADED = ("Two frames", "Video")
FLOWS = ["flo", "png", "pfm", "npy", "npz", "flo5"]


def pick_pair(title: str, question: str = "") -> FramePair:
    """The pair that the user has chosen; the head of a page, which says it in one line.

    While a choice is incomplete or cannot be read, this is said beside it and the last pair stays.
    """
    return show_head(title, question, _chosen_and_shown, _in_words)


def _chosen_and_shown(messages: DeltaGenerator) -> FramePair:
    pair = _chosen(messages)
    _show(pair)
    return pair


def _in_words(pair: FramePair) -> str:
    """The pair in one line: name, size, and what is known about it."""
    parts = {"truth": pair.truth, "labels": pair.labels, "occlusions": pair.occluded}
    known = [name for name, part in parts.items() if part is not None]
    height, width = pair.size
    return f"{pair.name or 'pair'}, {width} x {height} px, with {', '.join(known) or 'no truth'}."


def _show(pair: FramePair) -> None:
    """The frames, small."""
    pictures = {"First frame": pair.first, "Second frame": pair.second}
    if pair.truth is not None:
        pictures["True flow"] = _true_flow(pair.digest, pair)
    for column, (caption, picture) in zip(st.columns(len(pictures)), pictures.items(), strict=True):
        column.image(picture, caption, width="stretch", alt=caption)


@st.cache_data(max_entries=16, show_spinner=False)
def _true_flow(digest: str, _pair: FramePair) -> UInt8Array:
    return draw_truth(_pair, shared_scale(_pair, []))


def _chosen(messages: DeltaGenerator) -> FramePair:
    source = st.segmented_control(
        "Frames",
        list(_SOURCES),
        default=next(iter(_SOURCES)),
        required=True,
        key="source",
        bind="query-params",
    )
    try:
        pair = _SOURCES[source]()
        if pair is not None and source in UPLOADED:
            keep_pair(pair)
    except FlowcoreError as error:
        messages.error(str(error))
        pair = None
    with messages:
        if pair is None and source in UPLOADED and "last_pair" not in st.session_state:
            pair = linked_pair()
        if pair is not None and pair.truth is not None and source in UPLOADED:
            warn_of_convention("The true flow", pair.truth, pair)
    if pair is not None:
        st.session_state["last_pair"] = pair
    elif "last_pair" in st.session_state:
        st.caption(f"Still showing the last pair: {st.session_state['last_pair'].name}.")
    return st.session_state.get("last_pair") or samples.load(samples.names()[0])


def _sample() -> FramePair:
    titles = {key: sample.title for key, sample in samples.SAMPLES.items()}
    key = st.selectbox(
        "Sample", list(titles), format_func=titles.get, key="sample", bind="query-params"
    )
    st.caption(samples.SAMPLES[key].description)
    return samples.load(key)


def _upload() -> FramePair | None:
    files = st.file_uploader(
        "Two frames, the first one first by name",
        type=PICTURES,
        accept_multiple_files=True,
        key="frames",
        help="PNG, JPEG, WebP, TIFF, BMP, PPM, AVIF; 8 or 16 bit; up to 40 million pixels.",
    )
    swap = st.toggle("Swap the frames", key="swap")
    if len(files) != 2:
        if files:
            st.info(f"Two frames are needed, {len(files)} given.")
        return None
    first, second = sorted(files, key=lambda file: file.name, reverse=swap)
    frames = [
        decoded(decode_frame, file.getvalue(), name=name)
        for file, name in ((first, "The first frame"), (second, "The second frame"))
    ]
    return _with_truth(FramePair(*frames, name="uploaded frames"))


def _with_truth(pair: FramePair) -> FramePair:
    """The pair and what is uploaded about its motion; each file is refused by itself."""
    with st.expander("Truth, labels, occlusions (optional)"):
        known = {}
        for field, label, types, decode in (
            ("truth", "True flow: .flo, KITTI PNG, .pfm, .npy, .npz, .flo5", FLOWS, decode_flow),
            ("labels", "Labels: one class number per pixel", ["png"], decode_labels),
            ("occluded", "Occlusions: white = hidden in the second frame", ["png"], decode_mask),
        ):
            file = st.file_uploader(label, type=types, key=field)
            if file is None:
                continue
            try:
                known[field] = decoded(decode, file.getvalue())
                FramePair(pair.first, pair.second, **{field: known[field]})
                if field == "truth" and not known[field].valid.any():
                    raise InputError(f"{file.name} knows no pixel of the true flow; left out.")
            except FlowcoreError as error:
                known.pop(field, None)
                st.error(str(error))
    return FramePair(pair.first, pair.second, name=pair.name, **known)


def _video() -> FramePair | None:
    file = st.file_uploader("A video", type=VIDEOS, key="video")
    if file is None:
        return None
    data = file.getvalue()
    info = decoded(probe_video, data)
    if info.num_frames < 2:
        st.info("This video has one frame; two are needed.")
        return None
    left, right = st.columns(2)
    first = left.number_input("First frame", 0, info.num_frames - 2, 0, key="video-first")
    step = right.number_input("Frames to the second", 1, info.num_frames - 1 - first, 1, key="step")
    frames = decoded(decode_video_frames, data, (first, first + step))
    return FramePair(*frames, name=f"video, frames {first} and {first + step}")


def _one_image() -> FramePair:
    file = st.file_uploader("Any image; a sample photo if left empty", type=PICTURES, key="image")
    photo = decoded(decode_frame, file.getvalue()) if file else samples.load("large").first
    knobs = _motion_knobs()
    return _moved(photo.tobytes(), photo.shape, **knobs)


def _motion_knobs() -> dict[str, object]:
    with st.container(horizontal=True):
        dx = st.number_input("Right, px", -200.0, 200.0, 8.0, 0.5, width=110, key="dx")
        dy = st.number_input("Down, px", -200.0, 200.0, -3.0, 0.5, width=110, key="dy")
        rotation = st.number_input("Rotation, degrees", -90.0, 90.0, 0.0, width=140, key="rotation")
        zoom = st.number_input("Zoom", 0.5, 2.0, 1.0, 0.05, width=110, key="zoom")
        noise = st.number_input("Noise, gray levels", 0.0, 100.0, 0.0, 5.0, width=140, key="noise")
        quality = st.number_input("JPEG quality", 1, 100, 100, 5, width=120, key="jpeg")
    occluder = st.toggle("An occluder that moves against it", key="occluder")
    return {
        "dx": dx,
        "dy": dy,
        "rotation": rotation,
        "zoom": zoom,
        "noise": noise,
        "jpeg_quality": quality if quality < 100 else None,
        "occluder": (-2 * dx, -2 * dy) if occluder else None,
    }


@st.cache_resource(max_entries=4, show_spinner=False)
def _moved(pixels: bytes, shape: tuple[int, ...], **knobs: object) -> FramePair:
    photo = np.frombuffer(pixels, np.uint8).reshape(shape)
    return make_pair(photo, **knobs, name="one image in motion")


_SOURCES = {"Sample": _sample, "Two frames": _upload, "Video": _video, "One image": _one_image}
