"""Frame pairs with truth from files: two frames, or folders of pairs, as benchmarks come."""

from dataclasses import dataclass, replace
from pathlib import Path

from flowcore.errors import FlowFileError, InputError
from flowcore.io.flow_files import interpret_flow
from flowcore.io.frames import decode_mask, read_frames
from flowcore.io.guard import read_bytes
from flowcore.io.scaling import ValueRange
from flowcore.types import BoolArray, FlowField, FramePair

__all__ = ["PairFiles", "find_pairs", "load_pair", "read_pair"]

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
        A file that cannot be read, or parts that differ in size.
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
    """The pair with its truth, and its occlusions where they are given.

    ``value_range`` and ``truth_format`` are those of ``read_pair``.

    Raises
    ------
    InputError
        A file that cannot be read, or parts that differ in size.
    """
    pair = read_pair(
        files.first,
        files.second,
        files.truth,
        value_range=value_range,
        truth_format=truth_format,
    )
    truth, invalid = pair.truth, _mask(files.invalid)
    if truth is not None and invalid is not None:
        if invalid.shape != truth.size:
            raise InputError(f"{files.invalid} is not of the size of the true flow.")
        truth = FlowField(truth.uv, truth.valid & ~invalid)
    return replace(
        pair,
        truth=truth,
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
