"""The caption of a figure: what each panel is, and every setting once."""

from collections.abc import Mapping
from itertools import count

from flowcore.export.figure.layout import letter_of, number_of
from flowcore.export.figure.parts import INSET_COLORS, scale_bar_px
from flowcore.export.figure.spec import (
    FigureSpec,
    lane_titles,
    layer_name,
    legend_kinds,
    panel_name,
)
from flowcore.export.panels import shared_scale
from flowcore.knobs import caption
from flowcore.lane import Lane
from flowcore.metrics.definitions import describe
from flowcore.types import Box, FramePair
from flowcore.viz.scale import Scale

__all__ = ["figure_caption"]


def figure_caption(
    pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec, *, scale: Scale | None = None
) -> str:
    """A caption that states the pair, the panels, every setting once and the color scale.

    ``scale`` is that of ``shared_scale`` if left out.
    """
    scale = scale or shared_scale(pair, list(lanes.values()))
    parts = [f"{pair.name or 'Pair'}, {pair.size[1]}x{pair.size[0]} px."]
    lettered = [(letter_of(index), panel) for index, panel in
                zip(count(), filter(None, spec.panels), strict=False)]  # fmt: skip
    for letter, panel in lettered:
        if panel[0] == "frames":
            parts.append(f"{_letters(letter, spec)}{panel_name(panel)}.")
    for title in lane_titles(lanes, spec):
        own = [(letter, panel) for letter, panel in lettered if panel[0] == title]
        letters = _letters(", ".join(letter for letter, _ in own), spec)
        shown = ", ".join(_layer_name(panel[1], lanes[title]) for _, panel in own)
        parts.append(
            f"{letters}{_lane_name(title, lanes[title])}: {shown}{_score(title, lanes, spec)}."
        )
    parts += _numbers(spec) + _boxes(pair, spec) + _colors(spec, scale)
    return " ".join(parts)


def _letters(letters: str, spec: FigureSpec) -> str:
    return f"({letters}) " if spec.letters else ""


def _lane_name(title: str, lane: Lane) -> str:
    """The title, and its settings where it does not say them itself."""
    settings = caption(lane.estimate.config)
    return title if title.startswith(settings) else f"{title} ({settings})"


def _layer_name(layer: str, lane: Lane) -> str:
    """What a layer shows; of an uncertainty also who says so."""
    kind = f" ({lane.uncertainty_kind})" if layer == "uncertainty" else ""
    return layer_name(layer) + kind


def _score(title: str, lanes: Mapping[str, Lane], spec: FigureSpec) -> str:
    """The error, where the figure itself has no numbers."""
    text = "" if spec.metric else number_of(lanes, title, "epe")
    return f"; {text}" if text else ""


def _numbers(spec: FigureSpec) -> list[str]:
    """How the numbers in the figure are read."""
    if spec.metric is None:
        return []
    what = describe(spec.metric)
    where = ", of the whole frame" if spec.crop else ""
    return [f"{what.label}: {what.direction} is better{where}."]


def _boxes(pair: FramePair, spec: FigureSpec) -> list[str]:
    found = [f"Shown: {_span(spec.crop)}."] if spec.crop else []
    if spec.insets:
        colors = list(INSET_COLORS)
        places = [f"{_span(box)} ({colors[number % len(colors)]})"
                  for number, box in enumerate(spec.insets)]  # fmt: skip
        found.append(f"Enlarged: {'; '.join(places)}.")
    bar = scale_bar_px(pair, spec)
    return [*found, f"Scale bar: {bar} px."] if bar else found


def _span(box: Box) -> str:
    left, top, right, bottom = box
    return f"x {left}..{right - 1}, y {top}..{bottom - 1} px"


def _colors(spec: FigureSpec, scale: Scale) -> list[str]:
    """What full color means, of the scales that the panels have."""
    kinds = legend_kinds(spec.panels)
    sentences = {
        "flow": f"Full color at {scale.max_magnitude:g} px.",
        "error": f"Errors are brightest from {scale.max_error:g} px.",
        "kitti": "KITTI's error colors: red is off by more than 3 px and 5 %.",
        "wins": f"Better than: full color at {scale.max_error:g} px.",
    }
    return [text for kind, text in sentences.items() if kind in kinds]
