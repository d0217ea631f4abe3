"""Frame pairs with truth from files: two frames, or folders of pairs, as benchmarks come."""

from dataclasses import dataclass, replace
from pathlib import Path

from flowcore.data.roles import Role, decode_known, with_known
from flowcore.errors import FlowFileError, InputError
from flowcore.io.flow_files import interpret_flow
from flowcore.io.frames import read_frames
from flowcore.io.guard import read_bytes
from flowcore.io.scaling import ValueRange
from flowcore.types import FramePair

__all__ = ["PairFiles", "find_pairs", "load_pair", "read_pair"]

_PARTS: dict[str, Role] = {
    "occ.png": "occluded",
    "invalid.png": "invalid",
    "flow_noc.png": "visible_truth",
    "obj_map.png": "objects",
}
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
    ``invalid.png`` (Sintel: not to be matched) and ``obj_map.png`` (KITTI: 0 = background).

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


def read_pair(
    first: Path,
    second: Path,
    truth: Path | None = None,
    *,
    value_range: ValueRange = "auto",
    pages: tuple[int | None, int | None] = (None, None),
    truth_format: str | None = None,
) -> FramePair:
    """The pair of two picture files; its notes tell what had to be assumed.

    Parameters
    ----------
    first, second : Path
    truth : Path, optional
        The true flow, in any format of ``flowcore.io.flow_files``.
    value_range : "auto", "full" or "used"
        What becomes black and white of frames deeper than 8 bits, the same in both.
    pages : (int, int), optional
        Of TIFFs with several, counted from 0.
    truth_format : str, optional
        A key of ``FLOW_FORMATS``, where the file does not prove it.

    Raises
    ------
    InputError
        A file that is missing or cannot be read, or parts that differ in size.
    """
    read = read_frames((first, second), value_range=value_range, pages=pages)
    (frame, other), known, notes = read.frames, None, read.notes
    if truth is not None:
        data = read_bytes(truth, FlowFileError)
        reading = interpret_flow(data, name=truth.name, format=truth_format)
        known, notes = reading.flow, (*notes, *filter(None, [reading.doubt]))
    return FramePair(frame, other, known, frame_names=(first.name, second.name), notes=notes)


def load_pair(
    files: PairFiles, *, value_range: ValueRange = "auto", truth_format: str | None = None
) -> FramePair:
    """The pair with its truth, and with occlusions and moving objects where they are given.

    ``value_range`` and ``truth_format`` are those of ``read_pair``.

    Raises
    ------
    InputError
        A file that is missing or cannot be read, or parts that differ in size.
    """
    folder = files.folder
    pair = read_pair(
        folder / "frame1.png",
        folder / "frame2.png",
        _truth_file(folder),
        value_range=value_range,
        truth_format=truth_format,
    )
    for name, role in _PARTS.items():
        if (folder / name).is_file():
            known = decode_known(read_bytes(folder / name, InputError), role, name=name)
            pair = with_known(pair, role, known, name=name)
    return replace(pair, name=f"{files.dataset}/{files.sequence}")


def _truth_file(folder: Path) -> Path:
    for name in ("flow.flo", "flow.png"):
        if (folder / name).is_file():
            return folder / name
    raise FlowFileError("It has neither flow.flo nor flow.png.")
