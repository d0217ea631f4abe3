"""How the viewer's panes are set, as the address says it: `assets/viewer/look.js` writes it."""

import re
from collections.abc import Collection, Sequence

from flowcore.export.figure.build import Panel

__all__ = ["PARAMETER", "shown_panels"]

PARAMETER = "view"
_FORM = re.compile(r"[a-z]+\.\d{1,2}\.\d{1,2}--(.+)")
_MAX_PANES = 64


def shown_panels(
    text: str, titles: Sequence[str], options: Collection[Panel]
) -> tuple[list[Panel], int]:
    """The panes that are among the ``options`` of a figure, and how many others there are.

    ``titles`` are those of the lanes, in the viewer's order. As the panes are at first, where
    ``text`` is none: the first frame, the truth, and the flow of each lane.

    Examples
    --------
    >>> options = [("frames", "first"), ("dis", "flow"), ("raft", "wins:dis")]
    >>> shown_panels("grid.0.1--1.wins.0--0.flow--0.map.Entropy", ["dis", "raft"], options)
    ([('raft', 'wins:dis'), ('dis', 'flow')], 1)
    """
    found = _FORM.fullmatch(text)
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
