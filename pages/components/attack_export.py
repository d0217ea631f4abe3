"""What can be taken away from an attack: frames, curve and table, and the command."""

import pandas as pd
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.io.frames import encode_frame
from flowcore.robustness.attacks.attack import Attacked
from flowcore.types import FramePair
from pages.components.takeaway import takeaway

__all__ = ["show_curve_file", "show_frames", "show_recipe"]


def show_frames(changed: FramePair, attacked: Attacked | None = None) -> None:
    """The attacked frames as PNG, as they were measured; of an attack also its trained patch."""
    with st.popover("Attacked frames (PNG)"):
        pictures = {"first": changed.first, "second": changed.second}
        if attacked is not None and attacked.patch is not None:
            pictures["patch"] = attacked.patch
        for name, picture in pictures.items():
            takeaway(
                f"{name.capitalize()} (PNG)",
                lambda picture=picture: encode_frame(picture),
                f"{name}.png",
                key=f"attacked-{name}",
            )


def show_curve_file(attacked: Attacked) -> None:
    """Every step of the attack as CSV."""
    table = pd.DataFrame(step._asdict() for step in attacked.curve)
    takeaway(
        "Curve (CSV)",
        lambda: csv_of(table),
        "flowscope-attack.csv",
    )


def show_recipe(command: str) -> None:
    """The command that does the same."""
    with st.popover("Copy as command"):
        st.caption(
            "The folder `pair` holds first.png, second.png and truth.flo, as `flowcore sample` "
            "writes them; a target flow is target.flo there."
        )
        st.code(command, "bash", wrap_lines=True)
