"""Folders of frame pairs with truth, as benchmarks come."""

from dataclasses import dataclass
from pathlib import Path

from flowcore.errors import FlowFileError, InputError
from flowcore.io.flow_files import read_flow
from flowcore.io.frames import decode_mask, read_frame
from flowcore.io.guard import read_bytes
from flowcore.types import BoolArray, FlowField, FramePair

__all__ = ["PairFiles", "find_pairs", "load_pair"]

LAYOUT = "<dataset>/<sequence>/{frame1.png, frame2.png, flow.flo or flow.png}"


@dataclass(frozen=True)
class PairFiles:
    """Where the parts of one pair lie; ``occluded`` and ``invalid`` are there for some datasets."""

    dataset: str
    sequence: str
    first: Path
    second: Path
    truth: Path
    occluded: Path | None = None
    invalid: Path | None = None


def find_pairs(root: Path) -> list[PairFiles]:
    """All pairs under ``root/<dataset>/<sequence>``, in alphabetical order.

    A sequence has ``frame1.png``, ``frame2.png``, ``flow.flo`` or ``flow.png``; it may have
    ``occ.png`` (white = occluded) and ``invalid.png`` (white = truth unknown).

    Raises
    ------
    InputError
        No such folder, or no pair in it.
    """
    if not root.is_dir():
        raise InputError(f"There is no folder {root}.")
    pairs = [_pair_files(frame.parent) for frame in sorted(root.glob("*/*/frame1.png"))]
    if not pairs:
        raise InputError(f"No pair lies under {root}; expected {LAYOUT} in it.")
    return pairs


def load_pair(files: PairFiles) -> FramePair:
    """The pair with its truth, and its occlusions where they are given.

    Raises
    ------
    InputError
        A file that cannot be read, or parts that differ in size.
    """
    truth = read_flow(files.truth)
    invalid = _mask(files.invalid)
    if invalid is not None:
        if invalid.shape != truth.size:
            raise InputError(f"{files.invalid} is not of the size of the true flow.")
        truth = FlowField(truth.uv, truth.valid & ~invalid)
    return FramePair(
        read_frame(files.first),
        read_frame(files.second),
        truth,
        occluded=_mask(files.occluded),
        name=f"{files.dataset}/{files.sequence}",
    )


def _pair_files(folder: Path) -> PairFiles:
    def there(name: str) -> Path | None:
        path = folder / name
        return path if path.is_file() else None

    name = f"{folder.parent.name}/{folder.name}"
    second, truth = there("frame2.png"), there("flow.flo") or there("flow.png")
    if second is None:
        raise InputError(f"{name} has a frame1.png and no frame2.png.")
    if truth is None:
        raise FlowFileError(f"{name} has neither flow.flo nor flow.png.")
    return PairFiles(
        dataset=folder.parent.name,
        sequence=folder.name,
        first=folder / "frame1.png",
        second=second,
        truth=truth,
        occluded=there("occ.png"),
        invalid=there("invalid.png"),
    )


def _mask(path: Path | None) -> BoolArray | None:
    return None if path is None else decode_mask(read_bytes(path, InputError), name=path.name)
