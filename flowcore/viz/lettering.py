"""Letters in pictures: one typeface, measured and wrapped."""

from functools import lru_cache

from PIL import ImageFont

__all__ = ["INK", "QUIET_INK", "font", "text_width", "wrap"]

INK = (26, 28, 33)
QUIET_INK = (96, 100, 108)


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont:
    """The typeface that comes with Pillow, ``size`` px high."""
    typeface = ImageFont.load_default(size)
    assert isinstance(typeface, ImageFont.FreeTypeFont)
    return typeface


def text_width(text: str, size: int) -> int:
    """Width of one line in px."""
    return round(font(size).getlength(text))


def wrap(text: str, width: int, size: int, *, max_lines: int | None = None) -> list[str]:
    """The text broken into lines of at most ``width`` px.

    A longer word, and what ``max_lines`` do not hold, is cut with an ellipsis.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and text_width(longer, size) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    if max_lines is not None and len(lines) > max_lines:
        lines[max_lines - 1 :] = [" ".join(lines[max_lines - 1 :])]
    return [_cut(line, width, size) for line in lines]


def _cut(line: str, width: int, size: int) -> str:
    if text_width(line, size) <= width:
        return line
    while line and text_width(f"{line}…", size) > width:
        line = line[:-1]
    return f"{line}…"
