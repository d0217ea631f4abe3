"""Text that strangers had a hand in, shown as it is, and the room that it takes."""

import re
from collections.abc import Iterable

__all__ = ["as_text", "counted", "width_of"]

_MARKUP = re.compile(r"[\\`*\[\]<>$~#|!]|(?<!\w)_|_(?!\w)")


def as_text(words: object) -> str:
    r"""Markdown that reads as these words: an error may cite bytes and names out of a file.

    Examples
    --------
    >>> as_text("Holds 'a_b' and **x**.")
    "Holds 'a_b' and \\*\\*x\\*\\*."
    """
    return _MARKUP.sub(r"\\\g<0>", str(words))


def width_of(titles: Iterable[str]) -> int:
    """Of a table's column that shows them whole, px; of long ones what leaves room for numbers."""
    return min(max(80, 24 + round(6.5 * max(map(len, titles), default=0))), 220)


def counted(count: int, what: str) -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "pair"), counted(2000, "pair")
    ('1 pair', '2,000 pairs')
    """
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
