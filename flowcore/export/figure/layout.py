"""Where everything of a figure lies, in mm from its left upper corner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from flowcore.errors import ConfigError
from flowcore.export.figure.spec import (
    FigureSpec,
    Panel,
    lane_titles,
    panel_name,
    shown_box,
)
from flowcore.lane import Lane
from flowcore.metrics.definitions import describe
from flowcore.types import FramePair

__all__ = ["ZOOM_SHARE", "Cell", "Layout", "Rect", "lay_out", "letter_of", "number_of"]

GAP = 1.5  # between panels
PAD = 0.7  # between letters and what they belong to
ZOOM_SHARE = 0.6  # of the panel's height, at most, has an inset beneath it
_EDGE = 0.2  # around the whole, so that no line is cut in half
_MIN_PANEL = 4.0
_MAX_HEIGHT = 5000.0  # a PDF page cannot be higher


class Rect(NamedTuple):
    """A rectangle in mm."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Cell:
    """One panel in its place.

    Parameters
    ----------
    panel : (str, str)
    picture : Rect
    title, number : tuple of str
        Lines above the picture; lines beneath it, or in it.
    zooms : tuple of Rect
        Where insets go that lie beneath.
    """

    panel: Panel
    picture: Rect
    title: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    zooms: tuple[Rect, ...] = ()


@dataclass(frozen=True)
class Layout:
    """All cells, the height of all, and what is free for a legend: the largest gap of each row."""

    cells: tuple[Cell, ...]
    height: float
    gaps: tuple[Rect, ...]


def letter_of(index: int) -> str:
    """The letter of a panel: a to z, then aa, ab, ...

    Examples
    --------
    >>> letter_of(0), letter_of(25), letter_of(26)
    ('a', 'z', 'aa')
    """
    before, own = divmod(index, 26)
    return (letter_of(before - 1) if before else "") + chr(97 + own)


def number_of(lanes: Mapping[str, Lane], title: str, metric: str) -> str:
    """A lane's number with its name and unit, such as "EPE 1.234 px"; empty if it has none."""
    if title not in lanes or metric not in lanes[title].metrics:
        return ""
    what = describe(metric)
    unit = "" if what.unit == "1" else f" {what.unit}"
    return f"{what.label} {lanes[title].metrics[metric].value:.3f}{unit}"


def lay_out(pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec) -> Layout:
    """The layout of a figure without its legend.

    Raises
    ------
    ConfigError
        Panels too narrow for their labels or to be seen; a figure too high for a page.
    """
    width = (spec.width_mm - 2 * _EDGE - (spec.columns - 1) * GAP) / spec.columns
    if width < _MIN_PANEL:
        raise ConfigError(
            f"{spec.columns} columns leave {max(width, 0):.1f} mm for a panel in a figure "
            f"{spec.width_mm:g} mm wide, {_MIN_PANEL:g} mm are the least: take fewer columns."
        )
    titles, numbers = _titles(spec, width), _numbers(lanes, spec, width)
    left, top, right, bottom = shown_box(pair, spec)
    size = width, width * (bottom - top) / (right - left)
    cells: list[Cell] = []
    gaps: list[Rect] = []
    y = _EDGE
    for start in range(0, len(spec.panels), spec.columns):
        span = range(start, min(start + spec.columns, len(spec.panels)))
        row, below = _row(spec, span, y, size, titles, numbers)
        cells += row
        gaps += _gaps(spec, span, y, width, below - y)
        y = below + GAP
    height = y - GAP + _EDGE
    if height > _MAX_HEIGHT:
        raise ConfigError(
            f"The figure would be {height:.0f} mm high: crop less narrowly, or take more columns."
        )
    return Layout(tuple(cells), height, tuple(gaps))


def _row(
    spec: FigureSpec,
    span: range,
    top: float,
    size: tuple[float, float],
    titles: Sequence[tuple[str, ...]],
    numbers: Sequence[tuple[str, ...]],
) -> tuple[list[Cell], float]:
    """The cells of one row, and where it ends."""
    line, (width, height) = spec.lettering.line_mm, size
    head = max(len(titles[index]) for index in span) * line
    y = top + head + (PAD if head else 0)
    cells = []
    for index in span:
        panel = spec.panels[index]
        if panel is not None:
            picture = Rect(_EDGE + (index - span.start) * (width + GAP), y, width, height)
            cells.append(Cell(panel, picture, titles[index], numbers[index]))
    y += height
    if spec.inset_place == "below" and spec.insets:
        zooms = _zooms(spec, y + PAD, size)
        cells = [
            replace(cell, zooms=tuple(_moved(zoom, cell.picture.left) for zoom in zooms))
            for cell in cells
        ]
        y += PAD + zooms[0].height
    if spec.metric_place == "under":
        foot = max(len(numbers[index]) for index in span) * line
        y += foot + (PAD if foot else 0)
    return cells, y


def _zooms(spec: FigureSpec, top: float, size: tuple[float, float]) -> list[Rect]:
    """Insets side by side across a panel, all of one height."""
    shapes = [(right - left) / (bottom - top) for left, top, right, bottom in spec.insets]
    room = size[0] - PAD * (len(shapes) - 1)
    height = min(room / sum(shapes), ZOOM_SHARE * size[1])
    zooms, left = [], 0.0
    for shape in shapes:
        zooms.append(Rect(left, top, height * shape, height))
        left += height * shape + PAD
    return zooms


def _moved(rect: Rect, right: float) -> Rect:
    return rect._replace(left=rect.left + right)


def _titles(spec: FigureSpec, width: float) -> list[tuple[str, ...]]:
    """The lines above each panel."""
    lines: list[tuple[str, ...]] = []
    index = 0
    for place, panel in enumerate(spec.panels):
        above = spec.panels[place - spec.columns] if place >= spec.columns else None
        words = []
        if panel and spec.letters:
            words.append(f"({letter_of(index)})")
        if panel and spec.names:
            words.append(panel_name(panel, is_below_own=above is not None and above[0] == panel[0]))
        lines.append(tuple(spec.lettering.wrap("\N{NO-BREAK SPACE}".join(words), width)))
        index += panel is not None
    return lines


def _numbers(lanes: Mapping[str, Lane], spec: FigureSpec, width: float) -> list[tuple[str, ...]]:
    """The lines of each panel's number."""
    last = {panel[0]: index for index, panel in enumerate(spec.panels) if panel}
    room = width - (4 * PAD if spec.metric_place == "inside" else 0)
    chosen = {panel[0] for panel in spec.panels if panel} & set(lane_titles(lanes, spec))
    return [
        tuple(spec.lettering.wrap(number_of(lanes, panel[0], spec.metric), room))
        if spec.metric and panel and panel[0] in chosen
        and not (spec.metric_once and last[panel[0]] != index)
        else ()
        for index, panel in enumerate(spec.panels)
    ]  # fmt: skip


def _gaps(spec: FigureSpec, span: range, top: float, width: float, height: float) -> list[Rect]:
    """The longest run of empty cells of a row, if any."""
    empty = [index not in span or spec.panels[index] is None
             for index in range(span.start, span.start + spec.columns)]  # fmt: skip
    best, start = (0, 0), 0
    for place, is_empty in enumerate([*empty, False]):
        if not is_empty:
            best = max(best, (place - start, -start))
            start = place + 1
    count, first = best[0], -best[1]
    if not count:
        return []
    left = _EDGE + first * (width + GAP)
    return [Rect(left, top, count * (width + GAP) - GAP, height)]
