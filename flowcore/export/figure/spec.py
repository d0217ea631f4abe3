"""What a figure shows, and what of it cannot be shown."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from flowcore.errors import ConfigError
from flowcore.export.figure.text import Lettering
from flowcore.export.panels import LAYERS
from flowcore.lane import Lane
from flowcore.metrics.definitions import describe
from flowcore.types import BoolArray, Box, FramePair

__all__ = [
    "COLUMN_WIDTHS",
    "FigureSpec",
    "Panel",
    "lane_titles",
    "layer_name",
    "legend_kinds",
    "panel_name",
    "require_spec",
    "shown_box",
]

Panel: TypeAlias = tuple[str, str]

# mm, rounded down so that no line of LaTeX is overfull.
COLUMN_WIDTHS: Mapping[str, float] = MappingProxyType(
    {
        "CVPR, ICCV: one column": 82.5,
        "CVPR, ICCV: two columns": 174.6,
        "IEEE journals: one column": 88.0,
        "IEEE journals: two columns": 181.0,
        "NeurIPS, ICLR: text": 139.7,
        "LNCS (ECCV): text": 122.0,
        "Elsevier: one column": 90.0,
        "Elsevier: one and a half": 140.0,
        "Elsevier: two columns": 190.0,
    }
)
_MIN_WIDTH, _MAX_WIDTH = 15.0, 2000.0  # mm
_FRAMES = {
    **{key: layer.label for key, layer in LAYERS.items() if "flow" not in layer.needs},
    "truth": "Truth",
}


@dataclass(frozen=True)
class FigureSpec:
    """What a figure shows, and how large.

    Parameters
    ----------
    panels : sequence of (str, str) or None
        Row by row. Each a lane's title and a layer of ``flowcore.export.panels.LAYERS``
        ("wins:RAFT" is the layer "wins" against the lane of that title), or ``("frames", part)``
        with part "truth" or a layer of the pair, such as "first". None leaves a cell empty.
    columns : int
    width_mm : float
        Of the whole figure, kept exactly; see ``COLUMN_WIDTHS``.
    crop : Box, optional
        The part of the frame to show.
    insets : sequence of Box
        Parts to enlarge in each panel.
    inset_place : {"corner", "below"}
        Within each panel, over it; or beneath it.
    letters, names : bool
        (a), (b), ...; what each panel is.
    metric : str, optional
        A key of ``flowcore.metrics.definitions.METRICS``: each lane's number.
    metric_place : {"under", "inside"}
    metric_once : bool
        At a lane's last panel alone, not at each.
    legend : bool
        The color wheel and color bars that the panels need.
    scale_bar : int, optional
        Length in px of a bar in the first panel; 0 for none, None for a round length.
    font, font_size : str, float
        Of all letters; points.
    """

    panels: Sequence[Panel | None]
    columns: int = 4
    width_mm: float = 174.6
    crop: Box | None = None
    insets: Sequence[Box] = ()
    inset_place: Literal["corner", "below"] = "corner"
    letters: bool = True
    names: bool = True
    metric: str | None = None
    metric_place: Literal["under", "inside"] = "under"
    metric_once: bool = True
    legend: bool = True
    scale_bar: int | None = 0
    font: str = "DejaVu Sans"
    font_size: float = 8.0

    @property
    def lettering(self) -> Lettering:
        """Typeface and size of all letters."""
        return Lettering(self.font, self.font_size)


def shown_box(pair: FramePair, spec: FigureSpec) -> Box:
    """The part of the frame that is shown."""
    return spec.crop or Box(0, 0, pair.size[1], pair.size[0])


def lane_titles(lanes: Mapping[str, Lane], spec: FigureSpec) -> list[str]:
    """The lanes that have a panel, in the order in which they come."""
    titles = (panel[0] for panel in spec.panels if panel and panel[0] in lanes)
    return list(dict.fromkeys(titles))


def panel_name(panel: Panel, *, is_below_own: bool = False) -> str:
    """What a panel is: "dis_medium" of its flow, "dis_medium, error" of its error.

    Beneath another panel of the lane, ``is_below_own``, its layer is enough: "error".
    """
    source, layer = panel
    if source == "frames":
        return _FRAMES[layer]
    name = layer_name(layer)
    if is_below_own:
        return name
    return source if layer == "flow" else f"{source}, {name}"


def layer_name(layer: str) -> str:
    """A layer of a lane within a sentence, such as "error" or "better than RAFT"."""
    kind, _, rival = layer.partition(":")
    label = LAYERS[kind].label
    if not label[:2].isupper():  # such as KITTI
        label = label[0].lower() + label[1:]
    return f"{label} {rival}".rstrip()


def legend_kinds(panels: Iterable[Panel | None]) -> set[str]:
    """What kinds of legend explain the colors of these panels, such as "flow" and "error"."""
    kinds = (
        "flow" if layer == "truth" else LAYERS[layer.partition(":")[0]].legend
        for _, layer in filter(None, panels)
    )
    return {kind for kind in kinds if kind is not None}


def require_spec(pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec) -> None:
    """Refuse what cannot be shown.

    Raises
    ------
    ConfigError
        Says what was got and what is possible.
    """
    if not any(spec.panels) or spec.columns < 1:
        raise ConfigError("A figure needs at least one panel and one column.")
    if not (math.isfinite(spec.width_mm) and _MIN_WIDTH <= spec.width_mm <= _MAX_WIDTH):
        raise ConfigError(
            f"A figure is {_MIN_WIDTH:g} to {_MAX_WIDTH:g} mm wide, got {spec.width_mm:g} mm."
        )
    for panel in filter(None, spec.panels):
        source, layer = panel
        if not (layer in _FRAMES if source == "frames" else _is_of_lane(source, layer, lanes)):
            raise ConfigError(f"There is no panel {layer!r} of {source!r}.")
    _require_boxes(pair, lanes, spec)
    _require_metric(lanes, spec)
    left, _, right, _ = shown_box(pair, spec)
    if spec.scale_bar is not None and not 0 <= spec.scale_bar <= right - left:
        raise ConfigError(
            f"A scale bar of {spec.scale_bar} px does not fit: {right - left} px are shown."
        )


def _is_of_lane(title: str, layer: str, lanes: Mapping[str, Lane]) -> bool:
    kind, _, rival = layer.partition(":")
    if title not in lanes or kind not in LAYERS or "flow" not in LAYERS[kind].needs:
        return False
    return rival in lanes if "opponent" in LAYERS[kind].needs else not rival


def _require_boxes(pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec) -> None:
    """Each box within what is shown, and with a known pixel in every panel."""
    height, width = pair.size
    whole = Box(0, 0, width, height)
    named = [("crop", spec.crop, whole)] if spec.crop else []
    named += [("inset", box, spec.crop or whole) for box in spec.insets]
    for name, box, room in named:
        left, top, right, bottom = box
        if not (room[0] <= left < right <= room[2] and room[1] <= top < bottom <= room[3]):
            area = f"{width}x{height} px" if room == whole else f"the crop {room}"
            raise ConfigError(
                f"The {name} {box} (left, top, right, bottom) must lie in {area} and hold a pixel."
            )
        for panel in filter(None, spec.panels):
            known = _known(pair, lanes, panel)
            if known is not None and not known[top:bottom, left:right].any():
                raise ConfigError(
                    f"The {name} {box} (left, top, right, bottom) holds no pixel that is known in "
                    f"the panel {panel_name(panel)!r}: it would be gray. Choose another part."
                )


def _known(pair: FramePair, lanes: Mapping[str, Lane], panel: Panel) -> BoolArray | None:
    """Where a panel has more to show than gray; None where it has everywhere."""
    source, layer = panel
    if source == "frames":
        return pair.truth.valid if pair.truth is not None and layer == "truth" else None
    kind, _, rival = layer.partition(":")
    known = lanes[source].estimate.flow.valid
    if "truth" in LAYERS[kind].needs and pair.truth is not None:
        known = known & pair.truth.valid
    return known & lanes[rival].estimate.flow.valid if rival else known


def _require_metric(lanes: Mapping[str, Lane], spec: FigureSpec) -> None:
    if spec.metric is None:
        return
    label = describe(spec.metric).label
    titles = lane_titles(lanes, spec)
    if titles and not any(spec.metric in lanes[title].metrics for title in titles):
        raise ConfigError(f"No lane of this figure has the number {label!r} ({spec.metric}).")
