"""A course in a few numbers: its layout, how hard it is, and a seed for the rest."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from flowcore.errors import ConfigError

__all__ = ["LAYOUTS", "RANGES", "SEEN_LAYOUTS", "UNSEEN_LAYOUTS", "Course", "Range", "draw_courses"]

LAYOUTS: Mapping[str, str] = MappingProxyType(
    {
        "corridor": "a straight corridor",
        "bend": "a corridor that bends to one side",
        "pillars": "a corridor with pillars, left and right in turn",
        "slalom": "a corridor that swings to one side and back",
        "gate": "a corridor that two half pillars narrow",
        "room": "a wide room with pillars",
    }
)
SEEN_LAYOUTS = ("corridor", "bend", "pillars")
"""Of which surrogates learn; none of their courses is among those they are judged on."""
UNSEEN_LAYOUTS = ("slalom", "gate", "room")


class Range(NamedTuple):
    """What a number of a course may be, what it is if left out, and in which unit."""

    low: float
    high: float
    usual: float
    unit: str


RANGES: Mapping[str, Range] = MappingProxyType(
    {
        "texture": Range(0.0, 1.0, 0.8, "contrast"),
        "speed": Range(0.06, 0.25, 0.12, "m a frame"),
        "turn": Range(0.0, 90.0, 45.0, "degrees"),
        "obstacle_size": Range(0.05, 0.4, 0.25, "m"),
    }
)


@dataclass(frozen=True)
class Course:
    """A world to drive through. Hashable, and all that is needed to build it again.

    Parameters
    ----------
    layout : str
        Of `LAYOUTS`.
    seed : int
        Of the side that it bends to, where pillars stand, pictures on walls, and the start.
    texture : float
        Contrast of these pictures, 0..1; at 0 surfaces are plain and differ in brightness.
    speed : float
        Cruise speed, m a frame.
    turn : float
        By how much a corridor turns, degrees: "bend" in all, "slalom" from its utmost to one side
        to that to the other; the others are straight.
    obstacle_size : float
        Radius of the pillars, m; of those of "gate" twice as much.

    Raises
    ------
    ConfigError
        A layout that there is not, or a number out of its range.
    """

    layout: str = "corridor"
    seed: int = 0
    texture: float = RANGES["texture"].usual
    speed: float = RANGES["speed"].usual
    turn: float = RANGES["turn"].usual
    obstacle_size: float = RANGES["obstacle_size"].usual

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ConfigError(
                f"No layout is called {self.layout[:40]!r}; there are {', '.join(LAYOUTS)}."
            )
        if self.seed < 0:
            raise ConfigError(f"A seed is 0 or more, got {self.seed}.")
        for name, (low, high, _, unit) in RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                words = name.replace("_", " ").capitalize()
                raise ConfigError(f"{words} lies in {low:g}..{high:g} {unit}, got {value:g}.")

    @property
    def label(self) -> str:
        """In a few words, for people."""
        return f"{self.layout} {self.seed}"

    def as_json(self) -> dict[str, Any]:
        """The fields, ready for ``json.dumps``; ``Course(**fields)`` is the course again."""
        return asdict(self)


def draw_courses(
    count: int, layouts: tuple[str, ...], *, seed: int = 0, hardness: float = 0.5
) -> list[Course]:
    """Courses of these layouts in turn, with numbers drawn evenly around the usual ones.

    Parameters
    ----------
    count : int
    layouts : tuple of str
    seed : int
    hardness : float
        Share of each range that is drawn from, 0..1: at 0 all numbers are the usual ones.
    """
    rng = np.random.default_rng(seed)
    courses = []
    for number in range(count):
        values = {
            name: round(usual + hardness * float(rng.uniform(low - usual, high - usual)), 4)
            for name, (low, high, usual, _) in RANGES.items()
        }
        drawn = int(rng.integers(2**31))
        courses.append(Course(layouts[number % len(layouts)], drawn, **values))
    return courses
