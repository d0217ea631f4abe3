"""A rectangle of pixels."""

import re
from typing import NamedTuple

import numpy as np

from flowcore.errors import ConfigError
from flowcore.types.arrays import BoolArray

__all__ = ["Box"]


class Box(NamedTuple):
    """A rectangle of pixels, px from the upper left corner; ``right`` and ``bottom`` are outside.

    Examples
    --------
    >>> box = Box.parse("1,0,3,2")
    >>> box.size, str(box)
    ((2, 2), '1,0,3,2')
    >>> box.mask((2, 4)).astype(int).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0]]
    """

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def parse(cls, text: str) -> "Box":
        """Four whole numbers with commas: left, top, right, bottom.

        Raises
        ------
        ConfigError
            Something else, or nothing inside.
        """
        numbers = re.fullmatch(r"\s*(\d{1,6})" + r"\s*,\s*(\d{1,6})" * 3 + r"\s*", text, re.ASCII)
        box = cls(*map(int, numbers.groups())) if numbers else None
        if box is None or 0 in box.size:
            raise ConfigError(
                "A rectangle is left,top,right,bottom in px, such as 100,50,300,200 (right and "
                f"bottom just outside of it), got {text[:40]!r}."
            )
        return box

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, px."""
        return max(0, self.bottom - self.top), max(0, self.right - self.left)

    def within(self, size: tuple[int, int]) -> "Box":
        """The same, known to hold pixels of a frame of this (height, width), and no others.

        Raises
        ------
        ConfigError
            It does not lie in the frame.
        """
        height, width = size
        if not (0 <= self.left < self.right <= width and 0 <= self.top < self.bottom <= height):
            raise ConfigError(
                f"The rectangle {self} (left, top, right, bottom) is not inside the frame of "
                f"{width}x{height} px."
            )
        return self

    def mask(self, size: tuple[int, int]) -> BoolArray:
        """Its pixels in a frame of this (height, width), as (H, W) bool; errors as of `within`."""
        self.within(size)
        inside = np.zeros(size, bool)
        inside[self.top : self.bottom, self.left : self.right] = True
        return inside

    def __str__(self) -> str:
        return ",".join(map(str, self))
