"""The digit that the nets are asked about: a sample, a drawing or an upload."""

from typing import NamedTuple

import streamlit as st
import torch

from flowcore.digits.canvases import Canvases, load_digits, render
from flowcore.digits.data import canvas_from, mnist_from
from flowcore.digits.tasks import points_of
from flowcore.digits.training import TEST_SEED
from flowcore.errors import FlowcoreError
from flowcore.io.frames import decode_frame
from pages.components.digit_form import LabChoice
from pages.components.digit_pad import drawing_pad
from pages.components.files import decoded
from pages.components.uploads import PICTURES
from pages.components.words import as_text

__all__ = ["Shown", "choose_canvas"]

NUM_SAMPLES = 200


class Shown(NamedTuple):
    """A canvas ``(1, 1, 64, 64)``, the digit on it, and its six points ``(6, 2)``."""

    image: torch.Tensor
    digit: int
    points: torch.Tensor


def choose_canvas(choice: LabChoice) -> Shown | None:
    """The canvas to look at; None while there is nothing on it, which is said in words."""
    source = st.segmented_control(
        "Digit",
        list(_SOURCES),
        default="Sample",
        required=True,
        key="digits-source",
        bind="query-params",
    )
    try:
        return _SOURCES[source](choice)
    except FlowcoreError as error:
        st.error(as_text(error))
        return None


def _sample(choice: LabChoice) -> Shown:
    canvases = _samples(choice)
    number = st.slider(
        "Sample",
        0,
        NUM_SAMPLES - 1,
        0,
        key="digits-sample",
        bind="query-params",
        help="Digits that no net has been trained with.",
    )
    label = int(canvases.labels[number])
    return Shown(canvases.images[number : number + 1], label, canvases.points[number])


def _drawing(choice: LabChoice) -> Shown | None:
    left, right = st.columns([1, 2], gap="medium")
    with left:
        frame = drawing_pad(key="digits-pad")
    with right:
        digit = _which(choice)
        st.caption("Draw with mouse, finger or pen. The nets know digits 24 to 44 px high of 64.")
    if frame is None:
        st.info("Nothing is drawn yet.")
        return None
    return _own(canvas_from(frame), digit)


def _upload(choice: LabChoice) -> Shown | None:
    file = st.file_uploader(
        "A picture of one digit, on a plain background",
        type=PICTURES,
        key="digits-picture",
        help="It is reduced to 64x64 px; dark on light or light on dark.",
    )
    digit = _which(choice)
    if file is None:
        return None
    return _own(canvas_from(decoded(decode_frame, file.getvalue(), name="The picture")), digit)


def _which(choice: LabChoice) -> int:
    return st.selectbox(
        "It shows",
        choice.rule.digits,
        key=f"digits-which-{choice.task}",
        width=120,
        help="Needed for the target where each digit asks for a point of its own.",
    )


def _own(image: torch.Tensor, digit: int) -> Shown:
    return Shown(image, digit, points_of(image)[0])


def _samples(choice: LabChoice) -> Canvases:
    return _rendered(choice.rule.digits, choice.files)


@st.cache_resource(max_entries=4, show_spinner="Placing digits")
def _rendered(digits: tuple[int, ...], files: tuple[bytes, bytes] | None) -> Canvases:
    known = load_digits() if files is None else mnist_from(*files).parted()
    return render(known["test"].only(digits), NUM_SAMPLES, seed=TEST_SEED + 1)


_SOURCES = {"Sample": _sample, "Draw": _drawing, "Upload": _upload}
