"""What a net is to find on a canvas: a point of the ink, the same for all digits or by digit."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch

from flowcore.digits.data import ink_of
from flowcore.ops.grid import pixel_grid

__all__ = ["BY_DIGIT", "POINTS", "TASKS", "Task", "points_of", "targets_of", "two_numbers"]

POINTS = ("top_left", "top_right", "bottom_left", "bottom_right", "center", "centroid")
BY_DIGIT: Mapping[int, str] = MappingProxyType(
    {
        0: "centroid",
        1: "bottom_right",
        2: "top_right",
        3: "top_left",
        4: "bottom_left",
        5: "centroid",
        6: "bottom_right",
        7: "center",
        8: "top_right",
        9: "bottom_left",
    }
)


@dataclass(frozen=True)
class Task:
    """Which point is asked for.

    Parameters
    ----------
    name, title, description : str
    rule : mapping of digit to point
        Only digits in it are shown.
    classifies : bool
        Whether the net is to name the digit as well.
    """

    name: str
    title: str
    description: str
    rule: Mapping[int, str]
    classifies: bool = False

    @property
    def digits(self) -> tuple[int, ...]:
        """Those that are shown."""
        return tuple(self.rule)


def points_of(canvas: torch.Tensor) -> torch.Tensor:
    """Every point of ``POINTS`` on every canvas, ``(B, 6, 2)``: x then y, px.

    Corners and center are those of the box of the ink, whose sides run through the centers of its
    outermost pixels; the centroid is the mean position of the ink.

    Parameters
    ----------
    canvas : (B, 1, H, W)

    Raises
    ------
    InputError
        A canvas is blank.
    """
    ink = ink_of(canvas)
    left, right = _ends(ink.any(-2))
    top, bottom = _ends(ink.any(-1))
    weights = ink.to(canvas.dtype)
    grid = pixel_grid(*ink.shape[-2:], like=canvas)
    mass = weights.sum((-2, -1))
    centroid = (weights[:, None] * grid).sum((-2, -1)) / mass[:, None]
    corners = [(left, top), (right, top), (left, bottom), (right, bottom)]
    box = [torch.stack(corner, -1) for corner in corners]
    return torch.stack([*box, (box[0] + box[3]) / 2, centroid], 1)


def targets_of(points: torch.Tensor, labels: torch.Tensor, task: Task) -> torch.Tensor:
    """The point that the task asks for, ``(B, 2)``, out of ``points_of``."""
    chosen = torch.tensor([POINTS.index(task.rule[int(label)]) for label in labels])
    return points[torch.arange(len(points)), chosen]


def two_numbers(canvas: torch.Tensor, *, threshold: float = 0.5) -> torch.Tensor:
    """The top-left corner ``(B, 2)`` by a formula of two numbers: the least column, the least row.

    The oracle of the lab: over all pixels above ``threshold``. It needs no training, and with
    the threshold that defines the ink it cannot be wrong.
    """
    above = canvas[:, 0] > threshold * canvas.amax((-3, -2, -1))[:, None, None]
    return torch.stack([_ends(above.any(-2))[0], _ends(above.any(-1))[0]], -1)


def _ends(flags: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """First and last true index along the last dimension, as floats."""
    numbers = flags.float()
    last = flags.shape[-1] - 1 - numbers.flip(-1).argmax(-1)
    return numbers.argmax(-1).float(), last.float()


def _everywhere(point: str) -> Mapping[int, str]:
    return MappingProxyType(dict.fromkeys(range(10), point))


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        task.name: task
        for task in (
            *(
                Task(
                    point,
                    point.replace("_", " ").capitalize(),
                    f"The {point.replace('_', ' ')} of the ink, whatever the digit.",
                    _everywhere(point),
                )
                for point in POINTS
            ),
            Task(
                "threes_sevens",
                "3: top left, 7: center",
                "The 3's look at the top-left point and the 7's at the middle point.",
                MappingProxyType({digit: BY_DIGIT[digit] for digit in (3, 7)}),
            ),
            Task(
                "by_digit",
                "By digit",
                "Each of the ten digits looks at a point of its own, by a table.",
                BY_DIGIT,
            ),
            Task(
                "joint",
                "By digit, and which digit",
                "As by digit, and the net also names the digit.",
                BY_DIGIT,
                classifies=True,
            ),
        )
    }
)
