"""Data sets in folders: recognized by what lies in them, their pairs named and not yet read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from flowcore.data import samples
from flowcore.data.catalog import LAYOUTS, card_of
from flowcore.data.files import PairFiles
from flowcore.data.layout import Card, natural_key
from flowcore.errors import InputError
from flowcore.io.guard import read_bytes
from flowcore.io.scaling import ValueRange
from flowcore.io.video import probe_video
from flowcore.types import FramePair, UInt8Array

__all__ = ["FRAMES", "Dataset", "Pair", "layouts_of", "open_dataset", "sample_dataset"]

FRAMES = "frames"
"""The layout of image sequences and videos: each frame with the next one."""

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".pgm", ".avif")
_VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".gif")
_MAX_NAMED = 5


class Pair(Protocol):
    """A pair by its names; ``load`` reads it, and raises InputError where that fails."""

    def __hash__(self) -> int: ...

    @property
    def dataset(self) -> str:
        """Name of the set, or of the split of it."""

    @property
    def sequence(self) -> str:
        """Name of the pair within."""

    @property
    def split(self) -> str:
        """The part of the data set that it belongs to; empty where there are none."""

    def first_frame(self) -> UInt8Array:
        """The first frame alone."""

    def load(
        self, *, value_range: ValueRange = "auto", truth_format: str | None = None
    ) -> FramePair:
        """The frames, and what is known of their motion."""


@dataclass(frozen=True)
class _SamplePair:
    sequence: str
    dataset: str = "samples"
    split: str = ""

    def first_frame(self) -> UInt8Array:
        return samples.load(self.sequence).first

    def load(
        self, *, value_range: ValueRange = "auto", truth_format: str | None = None
    ) -> FramePair:
        return samples.load(self.sequence)


@dataclass(frozen=True)
class Dataset:
    """Pairs that belong together.

    Parameters
    ----------
    place : str
        The folder, in full; or "samples".
    layout : str
        A key of ``LAYOUTS``, "frames" or "samples".
    pairs : tuple of Pair
        In natural order of their names, split by split as they come.
    """

    place: str
    layout: str
    pairs: tuple[Pair, ...]

    @property
    def card(self) -> Card:
        """What is to be known of it."""
        names = {pair.dataset for pair in self.pairs}
        return card_of(self.layout, names.pop() if len(names) == 1 else "")

    @property
    def splits(self) -> list[str]:
        """The names of its parts, sorted; empty where there are none."""
        return sorted({pair.split for pair in self.pairs} - {""})

    def part(self, split: str | None) -> "Dataset":
        """The pairs of one split; all of them where none is asked for.

        Raises
        ------
        InputError
            It has no such split.
        """
        if not split:
            return self
        pairs = tuple(pair for pair in self.pairs if pair.split == split)
        if not pairs:
            there = f"there are {', '.join(self.splits)}" if self.splits else "it has none"
            raise InputError(f"{Path(self.place).name} has no split {split[:40]!r}; {there}.")
        return replace(self, pairs=pairs)


def open_dataset(
    root: Path,
    *,
    layout: str | None = None,
    split: str | None = None,
    inside: Path | None = None,
) -> Dataset:
    """The data set in a folder, or the frames of a video.

    Parameters
    ----------
    root : Path
        A folder, or one video.
    layout : str, optional
        A key of ``LAYOUTS``, or "frames"; what the folder's content fits if left out.
    split : str, optional
        Of these pairs only.
    inside : Path, optional
        No file outside of this folder is read, links followed.

    Raises
    ------
    InputError
        No such folder or video; none of the data sets that are known, or several; no such layout
        or split.
    """
    if root.is_file() and root.suffix.lower() in _VIDEOS:
        frames = tuple(_of_video(root.parent, root.stem, root, inside))
        return Dataset(str(root.resolve()), FRAMES, frames).part(split)
    if not root.is_dir():
        raise InputError(f"There is no folder or video {root}.")
    name = _only_layout(root) if layout is None else layout
    pairs: tuple[PairFiles, ...]
    if name == FRAMES:
        pairs = tuple(_consecutive(root, inside))
    elif name in LAYOUTS:
        pairs = tuple(LAYOUTS[name].find(root)) if LAYOUTS[name].fits(root) else ()
    else:
        known = ", ".join([*LAYOUTS, FRAMES])
        raise InputError(f"There is no layout {name[:40]!r}; choose from {known}.")
    if not pairs:
        raise InputError(
            f"{root} is not laid out as {name}: expected {_expected(name)} in it; "
            f"found {_content(root)}."
        )
    if inside is not None:
        pairs = tuple(replace(pair, inside=inside) for pair in pairs)
    return Dataset(str(root.resolve()), name, pairs).part(split)


def sample_dataset() -> Dataset:
    """The pairs that need no download."""
    return Dataset("samples", "samples", tuple(_SamplePair(name) for name in samples.names()))


def layouts_of(root: Path) -> list[str]:
    """The layouts that a folder's content fits; frames only where nothing else does."""
    fitting = [name for name, layout in LAYOUTS.items() if layout.fits(root)]
    if not fitting and any(len(files) > 1 or is_video for _, files, is_video in _reels(root)):
        return [FRAMES]
    return fitting


def _only_layout(root: Path) -> str:
    fitting = layouts_of(root)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            f"{root} is laid out as {' and as '.join(fitting)}: say which by the layout's name."
        )
    looked_for = "; ".join(f"{name}: {_expected(name)}" for name in [*LAYOUTS, FRAMES])
    raise InputError(
        f"No pair lies under {root}: it is none of the data sets that are known. Found "
        f"{_content(root)}; looked for {looked_for}."
    )


def _expected(name: str) -> str:
    return LAYOUTS[name].anchors[0] if name in LAYOUTS else "two pictures in a folder, or a video"


def _content(root: Path) -> str:
    names = sorted(path.name for path in root.iterdir())
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return ", ".join(names[:_MAX_NAMED]) + more if names else "nothing"


def _reels(root: Path) -> Iterator[tuple[str, list[Path], bool]]:
    """What shows frames one after the other, by name: folders of pictures, then each video."""
    folders = [root, *sorted(path for path in root.iterdir() if path.is_dir())]
    for folder in folders:
        files = sorted(folder.iterdir(), key=lambda path: natural_key(path.name))
        name = "" if folder == root else folder.name
        pictures = [path for path in files if path.suffix.lower() in _PICTURES]
        if len(pictures) > 1:
            yield name, pictures, False
        for path in files:
            if path.suffix.lower() in _VIDEOS:
                yield "/".join(filter(None, (name, path.stem))), [path], True


def _consecutive(root: Path, inside: Path | None) -> Iterator[PairFiles]:
    for name, files, is_video in _reels(root):
        if is_video:
            yield from _of_video(root, name, files[0], inside)
            continue
        for first, second in pairwise(files):
            sequence = "/".join(filter(None, (name, first.stem)))
            yield PairFiles(root.name, sequence, first, second)


def _of_video(root: Path, name: str, path: Path, inside: Path | None) -> Iterator[PairFiles]:
    if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
        raise InputError(f"{path.name} leads out of the folder of its data.")
    count = probe_video(read_bytes(path, InputError)).num_frames
    for index in range(count - 1):
        sequence = f"{name}/{index:04d}"
        yield PairFiles(root.name, sequence, path, path, frames=(index, index + 1, count))
