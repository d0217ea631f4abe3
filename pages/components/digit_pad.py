"""A pad to draw a digit on, as a Streamlit component."""

import base64
import binascii

import numpy as np
import streamlit as st

from flowcore.digits.data import CANVAS
from flowcore.errors import InputError
from flowcore.places import ASSETS
from flowcore.types import UInt8Array

__all__ = ["drawing_pad"]

FOLDER = ASSETS / "digits"

_PAD = st.components.v2.component(
    "drawing_pad",
    html='<div class="pad"></div>',
    css=(FOLDER / "pad.css").read_text(encoding="utf-8"),
    js=(FOLDER / "pad.js").read_text(encoding="utf-8"),
)


def drawing_pad(*, key: str) -> UInt8Array | None:
    """What is drawn, as a frame ``(64, 64, 3)``, white on black; None before the first stroke."""
    drawing = _PAD(key=key, on_drawing_change=lambda: None).drawing
    return _frame_of(drawing) if drawing else None


def _frame_of(drawing: object) -> UInt8Array:
    """The gray values that the browser sent as base64, one byte per pixel."""
    try:
        values = np.frombuffer(base64.b64decode(str(drawing), validate=True), np.uint8)
        return np.repeat(values.reshape(CANVAS, CANVAS, 1), 3, axis=2)
    except (binascii.Error, ValueError) as caught:
        raise InputError(f"The drawing is not {CANVAS}x{CANVAS} gray values.") from caught
