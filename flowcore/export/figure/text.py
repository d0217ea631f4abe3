"""Letters of a figure: typefaces that can be embedded, measured in mm, wrapped or refused."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextToPath

from flowcore.errors import ConfigError

__all__ = ["FALLBACK_FONT", "POINT_MM", "Lettering", "text_as_text", "typefaces"]

POINT_MM = 25.4 / 72
FALLBACK_FONT = "DejaVu Sans"  # it comes with matplotlib, and has nearly all letters
_SHIPPED = (FALLBACK_FONT, "DejaVu Serif", "STIXGeneral")
_WIDESPREAD = ("Arial", "Helvetica", "Liberation Sans", "Times New Roman", "Liberation Serif")
_MEASURE = TextToPath()
_LOCK = Lock()


@contextmanager
def text_as_text() -> Iterator[None]:
    """Within, matplotlib writes text as text, embeds fonts whole, and the same drawing the same.

    One thread at a time: all share matplotlib's settings.
    """
    with (
        _LOCK,
        mpl.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "flowscope"}),
    ):
        yield


def typefaces() -> tuple[str, ...]:
    """The typefaces to choose from on this machine: those always there, then widespread ones."""
    return (*_SHIPPED, *(name for name in _WIDESPREAD if _file_of(name)))


@dataclass(frozen=True)
class Lettering:
    """A typeface at a size.

    Parameters
    ----------
    font : str
        A family that matplotlib finds; STIXGeneral looks like Times.
    size : float
        In points, 4 to 24.

    Raises
    ------
    ConfigError
        No such typeface, or no such size.
    """

    font: str = FALLBACK_FONT
    size: float = 8.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.size) and 4 <= self.size <= 24):
            raise ConfigError(f"Letters are 4 to 24 pt high, got {self.size:g} pt.")
        if not _file_of(self.font):
            raise ConfigError(
                f"There is no typeface {self.font!r} here; there are {', '.join(typefaces())}."
            )

    @property
    def families(self) -> list[str]:
        """The typeface, and the one that lends it the letters it lacks."""
        return list(dict.fromkeys((self.font, FALLBACK_FONT)))

    @property
    def line_mm(self) -> float:
        """From one line to the next."""
        return 1.25 * self.size * POINT_MM

    @property
    def ascent_mm(self) -> float:
        """From the top of a line to its baseline."""
        return 0.95 * self.size * POINT_MM

    def width(self, text: str) -> float:
        """Of one line, in mm.

        Raises
        ------
        ConfigError
            There is no glyph for one of its letters.
        """
        fonts = [get_font(_file_of(name)) for name in self.families]
        for letter in text:
            if not any(font.get_char_index(ord(letter)) for font in fonts):
                raise ConfigError(
                    f"The typeface {self.font} has no letter {letter!r}: rename {text!r}."
                )
        font = FontProperties(family=self.families, size=self.size)
        points, _, _ = _MEASURE.get_text_width_height_descent(text, font, ismath=False)
        return float(points) * POINT_MM

    def wrap(self, text: str, width: float) -> list[str]:
        """The text in lines of at most ``width`` mm, broken at spaces, else after ``_ . , / -``.

        A no-break space holds together, and is a space in the lines.

        Raises
        ------
        ConfigError
            A piece that cannot be broken is wider.

        Examples
        --------
        >>> Lettering(size=8).wrap("(c) dis_medium, error", 25)
        ['(c) dis_medium,', 'error']
        """
        lines = [""]
        for word in text.split(" "):
            fits = self.width(word) <= width
            pieces = [word] if fits else re.findall(r"[^_.,/-]*[_.,/-]+|[^_.,/-]+", word)
            for number, piece in enumerate(pieces):
                longer = f"{lines[-1]} {piece}".strip() if number == 0 else lines[-1] + piece
                if self.width(longer) <= width:
                    lines[-1] = longer
                    continue
                self._require_fit(piece, width)
                lines.append(piece)
        return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines if line]

    def _require_fit(self, text: str, width: float) -> None:
        needed = self.width(text)
        if needed > width:
            raise ConfigError(
                f"The label {text!r} is {needed:.1f} mm wide at {self.size:g} pt, its panel "
                f"{width:.1f} mm: take fewer columns, a wider figure, smaller letters or a "
                "shorter name."
            )


def _file_of(font: str) -> str:
    """Where a typeface lies; empty if it is not installed."""
    try:
        return str(findfont(FontProperties(family=font), fallback_to_default=False))
    except ValueError:
        return ""
