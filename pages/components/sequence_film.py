"""The sequences of a data set, and the frames of one for the clip player."""

from collections.abc import Sequence
from functools import partial

from flowcore.data.datasets import Dataset
from flowcore.data.reels import Reel, reels_of
from flowcore.types import UInt8Array
from pages.components.clip import Film, remember_film
from pages.components.files import done_aside
from pages.components.sequence_task import frames_in_row

__all__ = ["reels_in", "remember_reel"]


def reels_in(dataset: Dataset) -> list[Reel]:
    """The frames in a row that a data set has; empty where its pairs stand alone."""
    return reels_of(dataset.pairs)


def remember_reel(reel: Reel, index: int) -> None:
    """That the pair of this run is number ``index`` of a sequence, which can be played from it."""
    name = f"{reel.name}: {reel.pairs[0]!r}"
    chosen = index, index + 1
    remember_film(Film(name, len(reel.pairs) + 1, chosen, partial(_frames, reel)))


def _frames(reel: Reel, indices: Sequence[int]) -> Sequence[UInt8Array]:
    frames: list[UInt8Array] = done_aside(frames_in_row, reel, indices)
    return frames
