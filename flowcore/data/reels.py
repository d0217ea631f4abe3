"""Frames in a row: pairs of a data set each of which begins where the one before it ends."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from flowcore.data.datasets import Pair
from flowcore.data.files import PairFiles

__all__ = ["Reel", "reels_of"]

_Frame: TypeAlias = tuple[str, str, Path, int]


@dataclass(frozen=True)
class Reel:
    """A video, or the frames of a scene, as the pairs of neighbors in it.

    Parameters
    ----------
    name : str
        Of the folder or the video, or what the names of its pairs have in common; no other of the
        same data set has it.
    pairs : tuple of Pair
        Two or more, in their order.
    """

    name: str
    pairs: tuple[Pair, ...]


def reels_of(pairs: Iterable[Pair]) -> list[Reel]:
    """The reels of a data set in the order in which they begin, without pairs that stand alone.

    A pair follows another one if both are of one split and its first frame is the other's second.
    Where a frame is lost, what comes after the gap is a reel of its own.
    """
    chains: list[list[PairFiles]] = []
    open_ends: dict[_Frame, list[PairFiles]] = {}
    for pair in pairs:
        if not isinstance(pair, PairFiles):
            continue
        chain = open_ends.pop(_frame(pair, 0), None)
        if chain is None:
            chain = []
            chains.append(chain)
        chain.append(pair)
        open_ends[_frame(pair, 1)] = chain
    chains = [chain for chain in chains if len(chain) > 1]
    has_splits = len({chain[0].split for chain in chains}) > 1
    reels: dict[str, Reel] = {}
    for first, *others in chains:
        name = ", ".join(filter(None, (_stem(first), first.split if has_splits else "")))
        name = name if name not in reels else f"{name}, from {first.sequence}"
        reels[name] = Reel(name, (first, *others))
    return list(reels.values())


def _frame(pair: PairFiles, which: int) -> _Frame:
    """What tells the first (0) or the second (1) frame of a pair from all others."""
    number = 0 if pair.frames is None else pair.frames[which]
    return pair.dataset, pair.split, (pair.first, pair.second)[which], number


def _stem(pair: PairFiles) -> str:
    """The folder in the name of a pair; or that name without its number; or the data set's."""
    folder, _, _ = pair.sequence.rpartition("/")
    return folder or re.sub(r"[-_. ]*\d+$", "", pair.sequence) or pair.dataset
