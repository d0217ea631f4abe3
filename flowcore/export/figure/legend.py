"""The legends of a figure: the wheel of flow, and bars of errors with their ticks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from flowcore.errors import ConfigError
from flowcore.export.figure.layout import PAD, Rect
from flowcore.export.figure.parts import Align, Sheet
from flowcore.export.figure.spec import Panel, legend_kinds
from flowcore.export.figure.text import Lettering
from flowcore.viz.error import error_ramp, kitti_ramp, wins_ramp
from flowcore.viz.flow_color import color_disc
from flowcore.viz.ramp import Ramp
from flowcore.viz.scale import Scale

__all__ = ["Legend", "draw_legends", "legends_of", "spread"]

_WHEEL = 9.0  # mm
_BAR = (24.0, 2.2)
_TICK = 0.8
_SPACE = 4.0  # between legends


@dataclass(frozen=True)
class Legend:
    """One legend and the room it takes, mm; without a ramp it is the wheel."""

    width: float
    height: float
    scale: Scale
    ramp: Ramp | None = None

    @property
    def text(self) -> str:
        """What stands beside the wheel."""
        return f"full color: {self.scale.max_magnitude:g} px"


def legends_of(panels: Iterable[Panel | None], scale: Scale, letters: Lettering) -> list[Legend]:
    """What explains the colors of these panels, each once."""
    kinds = legend_kinds(panels)
    legends = []
    if "flow" in kinds:
        wheel = Legend(0, _WHEEL, scale)
        legends.append(Legend(_WHEEL + 2 * PAD + letters.width(wheel.text), _WHEEL, scale))
    if "error" in kinds:
        legends.append(_bar(error_ramp(scale.max_error, width=256), scale, letters))
    if "kitti" in kinds:
        legends.append(_bar(kitti_ramp(width=250), scale, letters))
    if "wins" in kinds:
        ramp = wins_ramp(scale.max_error, "this lane", "the other", width=255)
        legends.append(_bar(ramp, scale, letters))
    return legends


def _bar(ramp: Ramp, scale: Scale, letters: Lettering) -> Legend:
    ticks = 1.5 * sum(letters.width(text) for _, text in ramp.ticks)
    width = max(_BAR[0], letters.width(ramp.label), ticks)
    return Legend(width, _BAR[1] + _TICK + 2 * letters.line_mm, scale, ramp)


def spread(legends: Sequence[Legend], width: float) -> tuple[list[Rect], float]:
    """Where the legends go in a strip of that width, row by row and centered; and its height.

    Raises
    ------
    ConfigError
        One of them is wider.
    """
    rows: list[list[Legend]] = []
    used = width
    for legend in legends:
        if legend.width > width:
            raise ConfigError(
                f"The legend is {legend.width:.1f} mm wide, there is room for {width:.1f} mm: "
                "take a wider figure or smaller letters, or leave the legend out."
            )
        if not rows or used + _SPACE + legend.width > width:
            rows.append([])
            used = -_SPACE
        rows[-1].append(legend)
        used += _SPACE + legend.width
    rects, top = [], 0.0
    for row in rows:
        height = max(legend.height for legend in row)
        left = (width - sum(legend.width for legend in row) - _SPACE * (len(row) - 1)) / 2
        for legend in row:
            middle = top + (height - legend.height) / 2
            rects.append(Rect(left, middle, legend.width, legend.height))
            left += legend.width + _SPACE
        top += height + 2 * PAD
    return rects, top - 2 * PAD


def draw_legends(sheet: Sheet, legends: Sequence[Legend], area: Rect) -> None:
    """The legends in the middle of an area."""
    rects, height = spread(legends, area.width)
    top = area.top + (area.height - height) / 2
    for legend, rect in zip(legends, rects, strict=True):
        place = rect._replace(left=area.left + rect.left, top=top + rect.top)
        if legend.ramp is None:
            _draw_wheel(sheet, legend, place)
        else:
            _draw_bar(sheet, legend.ramp, place)


def _draw_wheel(sheet: Sheet, legend: Legend, place: Rect) -> None:
    scale = legend.scale
    disc = color_disc(200, scale.max_magnitude, scale.noise_floor)
    sheet.picture(place._replace(width=_WHEEL), disc, line=0)
    top = place.top + (place.height - sheet.lettering.line_mm) / 2
    sheet.text(place.left + _WHEEL + 2 * PAD, top, [legend.text])


def _draw_bar(sheet: Sheet, ramp: Ramp, place: Rect) -> None:
    bar = place._replace(height=_BAR[1])
    sheet.picture(bar, np.repeat(ramp.colors[None], 8, axis=0))
    below, line = bar.top + bar.height, sheet.lettering.line_mm
    for share, text in ramp.ticks:
        x = bar.left + share * bar.width
        sheet.box(Rect(x - 0.08, below, 0.16, _TICK), fill="black")
        align: Align = "left" if share == 0 else "right" if share == 1 else "center"
        sheet.text(x, below + _TICK, [text], align=align)
    sheet.text(bar.left + bar.width / 2, below + _TICK + line, [ramp.label], align="center")
