"""What every reader does at the door: bound the size, and name whatever a decoder raises."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowcore.errors import FlowcoreError, InputError

__all__ = ["MAX_PIXELS", "naming_damage", "read_bytes", "require_size"]

MAX_PIXELS = 40_000_000
"""Pixels of the largest picture, flow or video frame that is read."""


def require_size(height: int, width: int, *, name: str, error: type[InputError]) -> None:
    """Refuse a declared size without 1 to ``MAX_PIXELS`` pixels; to be asked before decoding.

    Raises
    ------
    error
        No pixel, or too many.
    """
    if height < 1 or width < 1:
        raise error(f"{name} is {width}x{height} (width x height), expected at least 1x1.")
    if height * width > MAX_PIXELS:
        raise error(
            f"{name} is {width}x{height} (width x height), more than the "
            f"{MAX_PIXELS // 1_000_000} million pixels that are read."
        )


@contextmanager
def naming_damage(name: str, error: type[InputError]) -> Iterator[None]:
    """A block in which whatever a third-party decoder raises becomes one sentence.

    Decoders raise anything over damaged bytes (``struct.error``, ``KeyError``, ``MemoryError``),
    so the net is wide on purpose; errors of flowcore pass through.

    Examples
    --------
    >>> from flowcore.errors import FlowFileError
    >>> with naming_damage("a.npz", FlowFileError):
    ...     {}["uv"]
    Traceback (most recent call last):
    flowcore.errors.FlowFileError: a.npz is damaged or cut short (KeyError: 'uv').
    """
    try:
        yield
    except FlowcoreError:
        raise
    except Exception as caught:
        reason = " ".join(f"{type(caught).__name__}: {caught}".split())[:200]
        raise error(f"{name} is damaged or cut short ({reason}).") from caught


def read_bytes(path: str | Path, error: type[InputError]) -> bytes:
    """The content of a file; an ``error`` with the system's reason where it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as caught:
        raise error(f"Cannot read {path}: {caught.strerror or caught}.") from caught
