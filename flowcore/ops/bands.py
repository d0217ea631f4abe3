"""A large picture one band of rows at a time, so that what is computed on the way stays small."""

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Band", "row_bands"]

_PIXELS = 2**18  # of a band: 1 MiB in single precision, so that the processor's caches hold it


class Band(NamedTuple):
    """Some rows of a picture.

    Parameters
    ----------
    rows : slice
        Its own rows; every row of the picture belongs to one band.
    seen : slice
        Its own rows and those around them that a window sees, as far as the picture has them.
    """

    rows: slice
    seen: slice

    @property
    def inner(self) -> slice:
        """The band's own rows among those that are seen."""
        return slice(self.rows.start - self.seen.start, self.rows.stop - self.seen.start)


def row_bands(height: int, width: int, *, reach: int = 0) -> Iterator[Band]:
    """The bands of a picture from top to bottom; ``reach`` is how far a window sees, in rows.

    Examples
    --------
    >>> [band.rows for band in row_bands(150, 4096)]
    [slice(0, 64, None), slice(64, 128, None), slice(128, 150, None)]
    """
    step = max(1, _PIXELS // width)
    for start in range(0, height, step):
        stop = min(start + step, height)
        yield Band(slice(start, stop), slice(max(0, start - reach), min(height, stop + reach)))
