"""Where a pair comes from: a sample, uploads, a video, one image set in motion, a data set."""

from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore.data import samples
from flowcore.errors import FlowcoreError
from flowcore.export.panels import draw_truth, shared_scale
from flowcore.io.frames import encode_frame, reduce_frame
from flowcore.io.video import decode_video_frames, probe_video, video_thumbnails
from flowcore.types import FramePair
from pages.components.clip import Film, remember_film
from pages.components.conventions import warn_of_convention
from pages.components.dataset_picker import pick_pair_of_dataset
from pages.components.files import decoded, moved
from pages.components.head import show_head
from pages.components.pair_store import STILL, forget_pair, keep_pair, linked_pair
from pages.components.pair_upload import upload_pair
from pages.components.scrubber import choose_two
from pages.components.uploads import PICTURES, VIDEOS, frames_of, plain_name
from pages.components.words import as_text

__all__ = ["pick_pair"]

UPLOADED = ("Two frames", "Video")
PREVIEW_SIDE = 960  # px; sharp on any screen, and small on its way there
MAX_SIDE = 3840  # of one image in motion, px: some seconds of work


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
    """The frames and the truth, small."""
    first, second = (f": {name}" if name else "" for name in pair.frame_names)
    captions = (f"First frame{first}", f"Second frame{second}", "True flow")
    previews = _previews(pair.digest, pair)
    for column, caption, preview in zip(
        st.columns(len(previews)), captions, previews, strict=False
    ):
        column.image(preview, caption, width="stretch", alt=caption)


@st.cache_data(max_entries=16, show_spinner=False)
def _previews(digest: str, _pair: FramePair) -> list[bytes]:
    """As files, made once and not at every run of the page."""
    pictures = [_pair.first, _pair.second]
    if _pair.truth is not None:
        pictures.append(draw_truth(_pair, shared_scale(_pair, [])))
    small = (reduce_frame(picture, PREVIEW_SIDE) for picture in pictures)
    return [encode_frame(picture, format="jpeg") for picture in small]


def _chosen(messages: DeltaGenerator) -> FramePair:
    source = st.segmented_control(
        "Frames",
        list(_SOURCES),
        default=next(iter(_SOURCES)),
        required=True,
        key="source",
        bind="query-params",
    )
    remember_film(None)
    try:
        pair = _SOURCES[source]()
        if pair is not None and source in UPLOADED:
            keep_pair(pair)
    except FlowcoreError as error:
        messages.error(as_text(error))
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
    shown = st.session_state.get("last_pair") or samples.load(samples.names()[0])
    for note in shown.notes:
        messages.caption(as_text(note))
    return shown


def _sample() -> FramePair:
    titles = {key: sample.title for key, sample in samples.SAMPLES.items()}
    key = st.selectbox(
        "Sample", list(titles), format_func=titles.get, key="sample", bind="query-params"
    )
    st.caption(samples.SAMPLES[key].description)
    return samples.load(key)


def _video() -> FramePair | None:
    file = st.file_uploader("A video", type=VIDEOS, key="video")
    if file is None:
        return None
    data = file.getvalue()
    info = decoded(probe_video, data)
    if info.num_frames < 2:
        st.info("This video has one frame; two are needed.")
        return None
    indices = choose_two(
        info.num_frames,
        "video",
        thumbnails=lambda indices: decoded(video_thumbnails, data, tuple(indices)),
    )
    load = partial(decoded, decode_video_frames, data)
    remember_film(Film(file.file_id, info.num_frames, indices, load))
    frames = load(indices)
    first, second = (f"frame {index}" for index in indices)
    return FramePair(
        *frames,
        name=f"{plain_name(file)}, frames {indices[0]} and {indices[1]}",
        frame_names=(first, second),
    )


def _one_image() -> FramePair:
    still = _still()
    photo = still.first if still else samples.load("large").first
    knobs = _motion_knobs()
    pair = moved(photo, **knobs)
    return replace(pair, notes=(*still.notes, *pair.notes)) if still else pair


def _still() -> FramePair | None:
    """The dropped image, twice, or the one that a link names; None once it is taken away."""
    file = st.file_uploader("Any image; a sample photo if left empty", type=PICTURES, key="image")
    if file is not None:
        read = frames_of([file], [plain_name(file)], key="image-range")
        still = FramePair(*read.frames * 2, notes=read.notes)
        keep_pair(still, parameter=STILL)
        st.session_state["still-dropped"] = True
        return still
    if "still-dropped" in st.session_state:
        forget_pair(parameter=STILL)
        return None
    return linked_pair(parameter=STILL)


def _motion_knobs() -> dict[str, object]:
    def number(label: str, low: float, high: float, usual: float, step: float, key: str) -> float:
        """In the address too; whole numbers where the bounds are."""
        return st.number_input(
            label, low, high, usual, step, width=140, key=key, bind="query-params"
        )

    with st.container(horizontal=True):
        dx = number("Right, px", -200.0, 200.0, 8.0, 0.5, "dx")
        dy = number("Down, px", -200.0, 200.0, -3.0, 0.5, "dy")
        rotation = number("Rotation, degrees", -90.0, 90.0, 0.0, 1.0, "rotation")
        zoom = number("Zoom", 0.5, 2.0, 1.0, 0.05, "zoom")
        noise = number("Noise, gray levels", 0.0, 100.0, 0.0, 5.0, "noise")
        quality = number("JPEG quality", 1, 100, 100, 5, "jpeg")
        side = number("At most, px a side", 64, MAX_SIDE, 1024, 64, "side")
    occluder = st.toggle("An occluder that moves against it", key="occluder", bind="query-params")
    return {
        "dx": dx,
        "dy": dy,
        "rotation": rotation,
        "zoom": zoom,
        "noise": noise,
        "jpeg_quality": quality if quality < 100 else None,
        "max_side": side,
        "occluder": (-2 * dx, -2 * dy) if occluder else None,
    }


_SOURCES = {
    "Sample": _sample,
    "Two frames": upload_pair,
    "Video": _video,
    "One image": _one_image,
    "Data set": pick_pair_of_dataset,
}
