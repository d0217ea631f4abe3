"""What corrupts the frames: kind, severity, what the two frames have in common, and the seed."""

from typing import NamedTuple

import streamlit as st

from flowcore.robustness.corruptions.draw import Mode
from flowcore.robustness.corruptions.kinds import CORRUPTIONS, MODES, SEVERITIES, mode_of

__all__ = ["CorruptionChoice", "choose_corruption"]

WHY = {
    "same": "What is the same in both frames stands still, so that it pulls the flow towards zero.",
    "independent": "What is drawn for each frame by itself has no match in the other one: it hides "
    "the motion, and shows none of its own.",
    "moving": "What moves with the scene is texture like any other: it hides the scene and helps "
    "to follow it.",
}
ALONE = "This corruption is the same in both frames by nature."


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
    why = f"{MODES[mode].capitalize()}. {WHY[mode]}"
    if mode != wanted:
        others = " or ".join(CORRUPTIONS[kind].modes)
        why = ALONE if len(CORRUPTIONS[kind].modes) == 1 else f"Known here: {others}. {why}"
    st.caption(why)
    return CorruptionChoice(kind, severity, mode, wanted, seed)
