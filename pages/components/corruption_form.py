"""What corrupts the frames: kind, severity, what the two frames have in common, and the seed."""

from typing import NamedTuple

import streamlit as st

from flowcore.robustness.corruptions.draw import Mode
from flowcore.robustness.corruptions.kinds import CORRUPTIONS, MODES, SEVERITIES, mode_of

__all__ = ["CorruptionChoice", "choose_corruption"]

WHY = {
    "same": "The same in both frames: it stands still, so that it pulls the flow towards zero.",
    "independent": "Drawn for each frame by itself: it has no match in the other one, hides the "
    "motion, and shows none of its own.",
    "moving": "Moving with the scene: texture like any other, which hides the scene and helps to "
    "follow it. Rain and snow move by themselves.",
}
WHY_STRENGTH = {
    "same": "Equally strong in both frames: what is lost is lost in both, and what is left still "
    "matches.",
    "independent": "Of a strength of its own in each frame, as by a flickering lamp or a lens that "
    "hunts for focus: what belongs together looks different.",
}
ALONE = "Each frame is treated alike and by itself: nothing is drawn at random."


class CorruptionChoice(NamedTuple):
    """A corruption as chosen; ``wanted`` is the mode for kinds that have it."""

    kind: str
    severity: int
    mode: Mode
    wanted: Mode
    seed: int

    @property
    def label(self) -> str:
        """In words."""
        return f"{CORRUPTIONS[self.kind].label.lower()} {self.severity}"


def choose_corruption() -> CorruptionChoice:
    """The widgets, and a sentence why the mode decides the result."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Corruption",
            list(CORRUPTIONS),
            format_func=lambda name: CORRUPTIONS[name].label,
            key="kind",
            bind="query-params",
            width=260,
        )
        severity = st.segmented_control(
            "Severity",
            SEVERITIES,
            default=3,
            required=True,
            key="severity",
            bind="query-params",
            help="1 is mild, 5 is severe; the constants are those of the common corruptions of "
            "ImageNet-C where it has the kind.",
        )
        wanted = st.segmented_control(
            "In the two frames",
            list(MODES),
            default="same",
            required=True,
            key="mode",
            bind="query-params",
        )
        seed = st.number_input("Seed", 0, 2**31, 0, key="seed", bind="query-params", width=110)
    mode = mode_of(kind, wanted)
    st.caption(_why(kind, mode, wanted))
    return CorruptionChoice(kind, severity, mode, wanted, seed)


def _why(kind: str, mode: Mode, wanted: Mode) -> str:
    """Why the mode decides the result."""
    modes = CORRUPTIONS[kind].modes
    if len(modes) == 1:
        return ALONE
    sentence = (WHY if "moving" in modes else WHY_STRENGTH)[mode]
    return sentence if mode == wanted else f"It cannot be {wanted}. {sentence}"
