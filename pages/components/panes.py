"""How the viewer's panes are set, as the address says it: `assets/viewer/look.js` writes it."""

import re
from collections.abc import Collection, Sequence

import streamlit as st

from flowcore.export.figure.build import Panel

__all__ = ["set_panes", "shown_panels"]

_PARAMETER = "view"
_FORM = re.compile(r"[a-z]+\.\d{1,2}\.\d{1,2}--(.+)")
_MAX_PANES = 64


def set_panes(text: object) -> None:
    """Take over how the panes were set in the viewer, nothing if as they are at first."""
    if isinstance(text, str) and _FORM.fullmatch(text):
        st.query_params[_PARAMETER] = text
    else:
        st.query_params.pop(_PARAMETER, None)


def shown_panels(titles: Sequence[str], options: Collection[Panel]) -> tuple[list[Panel], int]:
    """The panes that are among the ``options`` of a figure, and how many others there are.

    ``titles`` are those of the lanes, in the viewer's order. Where the panes are as at first: the
    first frame, the truth, and the flow of each lane.
    """
    found = _FORM.fullmatch(st.query_params.get(_PARAMETER, ""))
    panes = found[1].split("--")[:_MAX_PANES] if found else []
    panels = [_panel(pane, titles) for pane in panes] or [
        ("frames", "first"),
        *[panel for panel in [("frames", "truth")] if panel in options],
        *((title, "flow") for title in titles),
    ]
    kept = [panel for panel in panels if panel in options]
    return kept, len(panels) - len(kept)


def _panel(pane: str, titles: Sequence[str]) -> Panel:
    source, _, layer = pane.partition(".")
    if source == "t":
        return ("frames", "truth" if layer == "flow" else f"truth, {layer}")
    kind, _, rival = layer.partition(".")
    if kind == "wins":
        layer = f"wins:{_title(rival, titles)}"
    return ("frames" if source == "f" else _title(source, titles), layer)


def _title(number: str, titles: Sequence[str]) -> str:
    """The lane's, or nobody's."""
    is_lane = number.isdecimal() and int(number) < len(titles)
    return titles[int(number)] if is_lane else ""
