"""The labels of a pair in their palette, and how much of each frame a class takes."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore.data.classes import CLASS_SETS
from flowcore.errors import InputError
from flowcore.io.frames import encode_frame
from flowcore.types import FramePair, IntArray, UInt8Array
from flowcore.viz.palette import class_colors
from pages.components.words import as_text

__all__ = ["ShownClasses", "choose_classes", "has_labels", "show_class_shares", "show_label_maps"]

NUMBERS = "numbers"


@dataclass(frozen=True)
class ShownClasses:
    """How the classes of a pair are called and drawn; ``key`` is of a set, or ``numbers``."""

    key: str

    def name(self, number: int) -> str:
        """Of a class."""
        if self.key == NUMBERS:
            return f"class {number}"
        return CLASS_SETS[self.key].names[number]

    def drawn(self, labels: IntArray) -> UInt8Array:
        """Labels as a picture (H, W, 3)."""
        return class_colors(labels) if self.key == NUMBERS else CLASS_SETS[self.key].drawn(labels)


def has_labels(pair: FramePair) -> bool:
    """Whether any pixel of the first frame is labelled."""
    return pair.labels is not None and bool(pair.labels.any())


def choose_classes(pair: FramePair) -> ShownClasses | None:
    """The palette of the pair's labels; None where the pair has none, which is said."""
    if pair.labels is None or not has_labels(pair):
        st.info(
            "This pair has no labels. Choose the sample Coffee break or Occluder, or drop label "
            "images beside two frames: a PNG of one channel with a class number per pixel, 0 where "
            "nothing is labelled."
        )
        return None
    titles = {NUMBERS: "None: the classes' numbers"}
    titles |= {key: classes.name for key, classes in CLASS_SETS.items()}
    key = st.selectbox(
        "Palette", list(titles), format_func=titles.get, key="palette", bind="query-params",
        width=320,
    )  # fmt: skip
    chosen = ShownClasses(key)
    try:
        for labels in (pair.labels, pair.second_labels):
            if labels is not None:
                chosen.drawn(labels)
    except InputError as error:
        st.warning(f"{as_text(error)} Their numbers are shown instead.")
        return ShownClasses(NUMBERS)
    return chosen


def show_label_maps(pair: FramePair, classes: ShownClasses) -> DeltaGenerator:
    """Both label maps; the place beside them is for each class's share of the frames."""
    maps, beside = st.columns([2, 1], gap="medium")
    pictures = _pictures(pair.digest, classes.key, pair)
    names = ("Labels of the first frame", "Labels of the second frame")
    with maps, st.grid(2, min_column_width=170):
        for name, picture in zip(names, pictures, strict=False):
            st.image(picture, name, width="stretch", alt=name)
    if len(pictures) < 2:
        maps.caption("The second frame's labels are not known: nothing can be said of what moves.")
    return beside


def show_class_shares(pair: FramePair, classes: ShownClasses) -> None:
    """Each class's color and share of the frames, as bars."""
    known = [labels for labels in (pair.labels, pair.second_labels) if labels is not None]
    numbers = np.unique(np.concatenate([np.unique(labels) for labels in known]))[::-1]
    colors = classes.drawn(numbers[None].astype(np.int32))[0]
    figure = go.Figure()
    for name, labels, opacity in zip(("first", "second"), known, (1.0, 0.55), strict=False):
        figure.add_bar(
            y=[classes.name(number) if number else "unlabelled" for number in numbers.tolist()],
            x=[100 * float(np.mean(labels == number)) for number in numbers],
            orientation="h",
            name=name,
            marker={"color": [f"rgb{tuple(color)}" for color in colors.tolist()]},
            opacity=opacity,
            hovertemplate=f"%{{x:.2f}} % of the {name} frame",
            showlegend=False,
        )
    figure.update_xaxes(title_text="pixels, % (pale: second frame)")
    figure.update_layout(
        height=max(180, 60 + 34 * len(numbers)), margin={"t": 10, "b": 10, "l": 10, "r": 10}
    )
    st.plotly_chart(figure, width="stretch", key="class-shares", alt="Share of each class")


@st.cache_data(max_entries=16, show_spinner=False)
def _pictures(digest: str, key: str, _pair: FramePair) -> list[bytes]:
    both = (_pair.labels, _pair.second_labels)
    return [encode_frame(ShownClasses(key).drawn(one)) for one in both if one is not None]
