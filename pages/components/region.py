"""The rectangle that is marked in the viewer: from the address, with numbers of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flowcore.errors import ConfigError
from flowcore.lane import Lane
from flowcore.types import Box, FramePair
from pages.components.common import ask_of_all
from pages.components.linked import Linked
from pages.components.runs import Run
from pages.components.tasks import measure_within

__all__ = ["choose_region", "lanes_within", "set_region"]

RECTANGLE = Linked[Box]("region", str)


def choose_region(pair: FramePair) -> Box | None:
    """What is marked; it stays for other frames of the same size."""

    def read(text: str) -> Box:
        try:
            return Box.parse(text).within(pair.size)
        except ConfigError as error:
            raise ConfigError(f"The link marks a rectangle that cannot be. {error}") from error

    return RECTANGLE.choose(pair.size, read)


def set_region(corners: Sequence[int]) -> None:
    """Take over what was marked in the viewer: left, top, right, bottom; nothing to remove it.

    A rectangle of a frame that is no longer shown is left out.
    """
    size = RECTANGLE.owner
    try:
        RECTANGLE.set(Box(*map(int, corners)).within(size) if corners and size else None)
    except ConfigError:
        return


def lanes_within(
    pair: FramePair, runs: Sequence[Run], lanes: Mapping[str, Lane], box: Box, *, again: bool
) -> dict[str, Lane]:
    """The lanes with their metrics over the rectangle, as soon as these are measured."""
    found = ask_of_all("region", measure_within, pair, runs, lanes, box, again=again)
    return {
        title: replace(lane, metrics=metrics)
        for (title, lane), metrics in zip(lanes.items(), found or (), strict=False)
    }
