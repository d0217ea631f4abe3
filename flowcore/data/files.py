"""Folders of frame pairs with truth, as benchmarks come."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flowcore.errors import FlowFileError, InputError, ShapeMismatchError
from flowcore.io.flow_files import read_flow
from flowcore.io.frames import decode_labels, decode_mask, read_frame
from flowcore.io.guard import read_bytes
from flowcore.types import BoolArray, FlowField, FramePair

__all__ = ["PairFiles", "find_pairs", "load_pair"]

LAYOUT = "<dataset>/<sequence>/{frame1.png, frame2.png, flow.flo or flow.png}"


@dataclass(frozen=True)
class PairFiles:
    """The folder of one pair; see ``find_pairs`` for what may lie in it."""

    folder: Path

    @property
    def dataset(self) -> str:
        """Name of the folder that holds the pairs of a dataset."""
        return self.folder.parent.name

    @property
    def sequence(self) -> str:
        """Name of the pair's own folder."""
        return self.folder.name


def find_pairs(root: Path) -> list[PairFiles]:
    """All pairs under ``root/<dataset>/<sequence>``, in alphabetical order: what has a first frame.

    A sequence has ``frame1.png``, ``frame2.png``, ``flow.flo`` or ``flow.png``. It may have
    ``occ.png`` (white = occluded) or ``flow_noc.png`` (KITTI: the truth where it is not occluded),
    ``invalid.png`` (white = truth unknown) and ``obj_map.png`` (KITTI: 0 = background).

    Raises
    ------
    InputError
        No such folder, or no pair in it.
    """
    if not root.is_dir():
        raise InputError(f"There is no folder {root}.")
    pairs = [PairFiles(frame.parent) for frame in sorted(root.glob("*/*/frame1.png"))]
    if not pairs:
        raise InputError(f"No pair lies under {root}; expected {LAYOUT} in it.")
    return pairs


def load_pair(files: PairFiles) -> FramePair:
    """The pair with its truth, and with occlusions and moving objects where they are given.

    Raises
    ------
    InputError
        A file that is missing or cannot be read, or parts that differ in size.
    """
    truth = read_flow(_truth_file(files.folder))
    invalid = _mask(files.folder / "invalid.png", truth)
    if invalid is not None:
        truth = FlowField(truth.uv, truth.valid & ~invalid)
    occluded = _mask(files.folder / "occ.png", truth)
    visible = files.folder / "flow_noc.png"
    if occluded is None and visible.is_file():
        known = read_flow(visible)
        _require_size(visible, known.size, truth)
        occluded = truth.valid & ~known.valid
    return FramePair(
        read_frame(files.folder / "frame1.png"),
        read_frame(files.folder / "frame2.png"),
        truth,
        occluded=occluded,
        foreground=_objects(files.folder / "obj_map.png", truth),
        name=f"{files.dataset}/{files.sequence}",
    )


def _truth_file(folder: Path) -> Path:
    for name in ("flow.flo", "flow.png"):
        if (folder / name).is_file():
            return folder / name
    raise FlowFileError("It has neither flow.flo nor flow.png.")


def _mask(path: Path, truth: FlowField) -> BoolArray | None:
    if not path.is_file():
        return None
    mask = decode_mask(read_bytes(path, InputError), name=path.name)
    _require_size(path, mask.shape, truth)
    return mask


def _objects(path: Path, truth: FlowField) -> BoolArray | None:
    if not path.is_file():
        return None
    numbers = decode_labels(read_bytes(path, InputError), name=path.name)
    _require_size(path, numbers.shape, truth)
    return np.asarray(numbers > 0)


def _require_size(path: Path, size: tuple[int, ...], truth: FlowField) -> None:
    if size != truth.size:
        raise ShapeMismatchError(
            f"{path.name} is {size[1]}x{size[0]} px, the true flow {truth.size[1]}x{truth.size[0]}."
        )
