"""Text that strangers had a hand in, shown as it is."""

import re

__all__ = ["as_text"]

_MARKUP = re.compile(r"[\\`*\[\]<>$~#|!]|(?<!\w)_|_(?!\w)")


def as_text(words: object) -> str:
    r"""Markdown that reads as these words: an error may cite bytes and names out of a file.

    Examples
    --------
    >>> as_text("Holds 'a_b' and **x**.")
    "Holds 'a_b' and \\*\\*x\\*\\*."
    """
    return _MARKUP.sub(r"\\\g<0>", str(words))
