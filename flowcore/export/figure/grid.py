"""Which panel stands where: the first frame and the truth, then the lanes, errors beneath."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from flowcore.export.figure.spec import Panel
from flowcore.export.panels import layers_of
from flowcore.lane import Lane
from flowcore.types import FramePair

__all__ = ["arrange", "default_layers", "grid_panels"]

_Grid: TypeAlias = tuple[list[Panel | None], int]  # row by row, and the number of columns

_MIN_PANEL = (28.0, 9.0)  # mm, width and height: smaller ones show nothing in print
_PAGE = 230.0  # mm; what is higher leaves no room for a caption


def default_layers(pair: FramePair) -> tuple[str, str]:
    """What of a lane is shown: its flow, and how far off it is."""
    return "flow", "error" if pair.truth is not None else "difference"


def grid_panels(
    pair: FramePair,
    lanes: Mapping[str, Lane],
    *,
    frames: Sequence[str] | None = None,
    layers: Sequence[str] | None = None,
    columns: int | None = None,
    width_mm: float = 174.6,
    shape: float | None = None,
) -> _Grid:
    """Panels and columns of a figure of these lanes, in their order.

    Parameters
    ----------
    pair, lanes
        A lane that lacks a layer gets an empty cell.
    frames, layers : sequence of str, optional
        What is shown of the pair, and of each lane; the first frame and the truth, and
        `default_layers`, if left out.
    columns : int, optional
        As many as look well in a figure ``width_mm`` wide if left out.
    shape : float, optional
        Height of a panel over its width; that of the frames if left out.
    """
    if frames is None:
        frames = ("first", "truth") if pair.truth is not None else ("first",)
    layers = default_layers(pair) if layers is None else layers
    shape = pair.size[0] / pair.size[1] if shape is None else shape
    grid = arrange(frames, list(lanes), layers, columns=columns, width_mm=width_mm, shape=shape)
    has = {title: layers_of(pair, lane) for title, lane in lanes.items()}
    panels = [
        None if panel and panel[0] in has and panel[1] not in has[panel[0]] else panel
        for panel in grid[0]
    ]
    return panels, grid[1]


def arrange(
    frames: Sequence[str],
    titles: Sequence[str],
    layers: Sequence[str],
    *,
    columns: int | None = None,
    width_mm: float = 174.6,
    shape: float = 0.75,
) -> _Grid:
    """As `grid_panels`, of names alone.

    The layers of a lane stand beneath each other. Where all lanes do not fit side by side they go
    on below; in a narrow figure each lane may have a row of its own.

    Examples
    --------
    >>> arrange(["first"], ["a", "b"], ["flow", "error"])  # doctest: +NORMALIZE_WHITESPACE
    ([('frames', 'first'), ('a', 'flow'), ('b', 'flow'),
      None, ('a', 'error'), ('b', 'error')], 3)
    """
    if columns is not None:
        return _bands(frames, titles, layers, columns)
    narrowest = max(_MIN_PANEL[0], _MIN_PANEL[1] / shape)
    most = max(1, min(len(frames) + len(titles), int(width_mm / narrowest)))
    counts = range(most, 0, -1)
    choices = [_bands(frames, titles, layers, count) for count in counts]
    choices += [_rows(frames, titles, layers, count) for count in counts]

    def cost(grid: _Grid) -> tuple[bool, int, float]:
        panels, count = grid
        height = len(panels) / count * width_mm / count * shape
        beside_legend = len(frames) if len(layers) > 1 else 0  # it fits beneath the frames
        return height > _PAGE, max(0, panels.count(None) - beside_legend), height

    return min(choices, key=cost)


def _bands(
    frames: Sequence[str], titles: Sequence[str], layers: Sequence[str], count: int
) -> _Grid:
    """Frames and lanes side by side, ``count`` in a row, the layers of each beneath."""
    stacks: list[list[Panel | None]] = [[("frames", name)] for name in frames]
    stacks += [[(title, layer) for layer in layers] for title in titles]
    panels: list[Panel | None] = []
    for start in range(0, len(stacks), count):
        band = stacks[start : start + count]
        for level in range(max(map(len, band))):
            row = [stack[level] if level < len(stack) else None for stack in band]
            panels += _padded(row, count)
    return panels, count


def _rows(frames: Sequence[str], titles: Sequence[str], layers: Sequence[str], count: int) -> _Grid:
    """The frames in a row, then each lane in one of its own, its layers side by side."""
    groups: list[list[Panel]] = [[("frames", name) for name in frames]]
    groups += [[(title, layer) for layer in layers] for title in titles]
    panels: list[Panel | None] = []
    for group in groups:
        for start in range(0, len(group), count):
            panels += _padded(group[start : start + count], count)
    return panels, count


def _padded(row: Sequence[Panel | None], count: int) -> list[Panel | None]:
    return [*row, *[None] * (count - len(row))]
