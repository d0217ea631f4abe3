"""What a figure is drawn with: a sheet measured in mm; panels, insets, numbers, scale bars."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from flowcore.errors import ConfigError
from flowcore.export.figure.layout import PAD, Cell, Rect
from flowcore.export.figure.spec import FigureSpec, shown_box
from flowcore.export.figure.text import Lettering
from flowcore.types import Box, FramePair, UInt8Array

__all__ = ["INSET_COLORS", "Align", "Sheet", "draw_panel", "draw_scale_bar", "scale_bar_px"]

Align: TypeAlias = Literal["left", "center", "right"]

# A light line on a dark one is seen on any picture.
INSET_COLORS = {"white": "#ffffff", "yellow": "#ffe24d", "cyan": "#00dcdc", "orange": "#ff9a3c"}
_DARK = "#15171c"
_LINE = "#5a5e66"
_INSET_SHARE = 0.42  # of a panel's sides
_CORNERS = ("lower right", "upper right", "lower left", "upper left")


@dataclass(frozen=True, eq=False)
class Sheet:
    """A matplotlib figure with a ruler in mm, from its left upper corner.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    width, height : float
    lettering : Lettering
    is_vector : bool
        True if pictures keep their own pixels.
    """

    figure: Figure
    width: float
    height: float
    lettering: Lettering
    is_vector: bool

    @classmethod
    def of_size(
        cls, width: float, height: float, lettering: Lettering, *, is_vector: bool = True
    ) -> "Sheet":
        """An empty sheet."""
        figure = Figure(figsize=(width / 25.4, height / 25.4))
        FigureCanvasAgg(figure)
        return cls(figure, width, height, lettering, is_vector)

    def picture(
        self, rect: Rect, pixels: UInt8Array, *, smooth: bool = True, line: float = 0.4
    ) -> Axes:
        """A picture filling a rectangle, with a thin line around (pt; 0 for none)."""
        axis = self.figure.add_axes(self._share(rect))
        interpolation = "none" if self.is_vector else "auto" if smooth else "nearest"
        axis.imshow(pixels, aspect="auto", interpolation=interpolation)
        axis.set_xticks([])
        axis.set_yticks([])
        for spine in axis.spines.values():
            spine.set(visible=line > 0, linewidth=line, edgecolor=_LINE)
        return axis

    def text(
        self,
        left: float,
        top: float,
        lines: Sequence[str],
        *,
        color: str = "black",
        align: Align = "left",
    ) -> None:
        """Lines of text below ``top``."""
        for number, line in enumerate(lines):
            baseline = top + number * self.lettering.line_mm + self.lettering.ascent_mm
            self.figure.text(
                left / self.width,
                1 - baseline / self.height,
                line,
                color=color,
                size=self.lettering.size,
                family=self.lettering.families,
                ha=align,
                va="baseline",
                parse_math=False,
            )

    def box(self, rect: Rect, *, fill: str = "none", line: str = "none", points: float = 0) -> None:
        """A rectangle, filled or drawn."""
        left, bottom, width, height = self._share(rect)
        self.figure.add_artist(
            Rectangle(
                (left, bottom),
                width,
                height,
                transform=self.figure.transFigure,
                facecolor=fill,
                edgecolor=line,
                linewidth=points,
                joinstyle="miter",
            )
        )

    def framed(self, rect: Rect, color: str) -> None:
        """A frame that is seen on any ground: light, with a dark line on both sides."""
        self.box(rect, line=_DARK, points=1.8)
        self.box(rect, line=color, points=0.9)

    def plate(self, left: float, top: float, lines: Sequence[str]) -> None:
        """Text on a dark plate, readable on any picture."""
        self.box(Rect(left, top, *self.plate_size(lines)), fill=_DARK)
        self.text(left + PAD, top, lines, color="white")

    def plate_size(self, lines: Sequence[str]) -> tuple[float, float]:
        """Width and height of `plate`."""
        width = max(map(self.lettering.width, lines))
        return width + 2 * PAD, len(lines) * self.lettering.line_mm

    def _share(self, rect: Rect) -> tuple[float, float, float, float]:
        """As matplotlib has it: of the figure, from below."""
        return (
            rect.left / self.width,
            1 - (rect.top + rect.height) / self.height,
            rect.width / self.width,
            rect.height / self.height,
        )


def draw_panel(
    sheet: Sheet, pair: FramePair, spec: FigureSpec, cell: Cell, pixels: UInt8Array
) -> None:
    """The picture of one cell with its title, number and insets."""
    shown = shown_box(pair, spec)
    left, top, right, bottom = shown
    sheet.picture(cell.picture, pixels[top:bottom, left:right])
    sheet.text(
        cell.picture.left,
        cell.picture.top - PAD - len(cell.title) * sheet.lettering.line_mm,
        cell.title,
    )
    zooms = cell.zooms or _corner_zooms(spec, cell.picture, shown)
    for color, box, zoom in zip(_colors(len(spec.insets)), spec.insets, zooms, strict=True):
        sheet.framed(_place(box, shown, cell.picture), color)
        sheet.picture(zoom, pixels[box[1] : box[3], box[0] : box[2]], smooth=False, line=0)
        sheet.framed(_inner(zoom), color)
    if cell.number and spec.metric_place == "inside":
        sheet.plate(cell.picture.left, cell.picture.top, cell.number)
    elif cell.number:
        below = max([cell.picture, *zooms[:1]], key=lambda rect: rect.top + rect.height)
        sheet.text(cell.picture.left, below.top + below.height + PAD, cell.number)


def scale_bar_px(pair: FramePair, spec: FigureSpec) -> int:
    """Length of the scale bar: as asked for, or a round one of about a fifth of what is shown."""
    if spec.scale_bar is not None:
        return spec.scale_bar
    left, _, right, _ = shown_box(pair, spec)
    fifth = max(1.0, (right - left) / 5)
    decade = 10 ** math.floor(math.log10(fifth))
    return int(max(step * decade for step in (1, 2, 5) if step * decade <= fifth))


def draw_scale_bar(sheet: Sheet, picture: Rect, length: float, text: str) -> None:
    """A bar ``length`` mm long and what it measures, in the lower left corner of a picture.

    Raises
    ------
    ConfigError
        It is wider than the picture.
    """
    line = sheet.lettering.line_mm
    width = length + sheet.lettering.width(text) + 3.5 * PAD
    if width > picture.width or line > picture.height:
        raise ConfigError(
            f"The scale bar with its text {text!r} is {width:.1f} mm wide, its panel "
            f"{picture.width:.1f} mm: take a shorter bar, smaller letters or fewer columns."
        )
    top = picture.top + picture.height - line
    sheet.box(Rect(picture.left, top, width, line), fill=_DARK)
    sheet.box(Rect(picture.left + PAD, top + line / 2 - 0.3, length, 0.6), fill="white")
    sheet.text(picture.left + length + 2.5 * PAD, top, [text], color="white")


def _corner_zooms(spec: FigureSpec, picture: Rect, shown: Box) -> list[Rect]:
    """Insets in the corners that hide least of what they enlarge, away from number and bar."""
    if not spec.insets:
        return []
    taken = {"upper left"} if spec.metric and spec.metric_place == "inside" else set()
    taken |= set() if spec.scale_bar == 0 else {"lower left"}
    crowded = {corner.split()[0] for corner in taken}  # upper, lower
    free = [corner for corner in _CORNERS if corner not in taken]
    if len(spec.insets) > len(free):
        raise ConfigError(
            f"{len(spec.insets)} insets do not fit in the {len(free)} corners that are free: "
            "put them below the panels."
        )
    marks = [_place(box, shown, picture) for box in spec.insets]
    zooms = []
    for left, top, right, bottom in spec.insets:
        shape = (right - left) / (bottom - top)
        height = min(_INSET_SHARE * picture.height, _INSET_SHARE * picture.width / shape)
        rects = {corner: _cornered(corner, picture, height * shape, height) for corner in free}
        hidden = {corner: sum(_overlap(rects[corner], mark) for mark in marks) for corner in free}
        best = min(free, key=lambda corner: (hidden[corner], corner.split()[0] in crowded))
        free.remove(best)
        zooms.append(rects[best])
    return zooms


def _cornered(corner: str, picture: Rect, width: float, height: float) -> Rect:
    left = picture.left + (picture.width - width if "right" in corner else 0)
    top = picture.top + (picture.height - height if "lower" in corner else 0)
    return Rect(left, top, width, height)


def _overlap(one: Rect, other: Rect) -> float:
    """Of two rectangles, square mm."""
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    return max(0.0, across) * max(0.0, down)


def _place(box: Box, shown: Box, picture: Rect) -> Rect:
    """Where a box of the frame lies on the sheet."""
    scale = picture.width / (shown[2] - shown[0])
    left, top = (
        picture.left + (box[0] - shown[0]) * scale,
        picture.top + (box[1] - shown[1]) * scale,
    )
    return Rect(left, top, (box[2] - box[0]) * scale, (box[3] - box[1]) * scale)


def _inner(rect: Rect, by: float = 0.3) -> Rect:
    """Smaller on all sides, so that its line stays inside."""
    return Rect(rect.left + by, rect.top + by, rect.width - 2 * by, rect.height - 2 * by)


def _colors(count: int) -> list[str]:
    colors = list(INSET_COLORS.values())
    return [colors[number % len(colors)] for number in range(count)]
