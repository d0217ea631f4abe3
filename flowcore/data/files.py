"""Frame pairs from files: two frames, or where the parts of a pair lie, to be read when needed."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from flowcore.data.roles import ROLES, Role, decode_known, with_known
from flowcore.errors import FlowFileError, InputError
from flowcore.io.flow_files import FlowReading, interpret_flow
from flowcore.io.frames import read_frames
from flowcore.io.guard import read_bytes
from flowcore.io.scaling import ValueRange
from flowcore.io.video import decode_video_frames
from flowcore.types import FlowField, FramePair, UInt8Array

__all__ = ["PairFiles", "read_pair"]

_BLOCK = 16  # frames of a video that are decoded together, since decoding begins at its start


@dataclass(frozen=True)
class PairFiles:
    """Where the parts of one pair lie; nothing of it is read yet.

    Parameters
    ----------
    dataset, sequence : str
        Its names: of the set or of a split of it, and of the pair within.
    first, second : Path
        The frames.
    truth : tuple of Path
        The true flow is the first of these that is there; empty where none is known.
    split : str
        The part of the data set that it belongs to; empty where there are none.
    truth_format : str, optional
        A key of ``FLOW_FORMATS``, which the layout proves.
    truth_step : int
        Every so many rows and columns of the truth have a pixel of the frames (Spring: 2).
    known : mapping of Role to Path
        What else may be known of it; a file that is not there says nothing.
    frames : (int, int, int), optional
        Which two frames of a video, counted from 0, and how many it has; ``first`` and ``second``
        are then that video.
    inside : Path, optional
        No file that lies outside of this folder is read, links followed.
    """

    dataset: str
    sequence: str
    first: Path
    second: Path
    truth: tuple[Path, ...] = ()
    split: str = ""
    truth_format: str | None = None
    truth_step: int = 1
    known: Mapping[Role, Path] = field(default_factory=dict, hash=False)
    frames: tuple[int, int, int] | None = None
    inside: Path | None = None

    @property
    def name(self) -> str:
        """The set and the pair, as pages and messages call it."""
        return f"{self.dataset}/{self.sequence}"

    def first_frame(self) -> UInt8Array:
        """The first frame alone, as `load` gives it; errors likewise."""
        _require_inside(self)
        if self.frames is None:
            return read_frames((self.first,)).frames[0]
        return _of_video(self.first, *self.frames).first

    def load(
        self, *, value_range: ValueRange = "auto", truth_format: str | None = None
    ) -> FramePair:
        """The pair with its truth, and with occlusions and moving objects where they are given.

        ``value_range`` and ``truth_format`` are those of `read_pair`; what the layout proves of
        the truth's format goes before.

        Raises
        ------
        InputError
            A file that is missing, cannot be read or lies outside, or parts that differ in size.
        """
        _require_inside(self)
        if self.frames is None:
            pair = read_pair(self.first, self.second, value_range=value_range)
        else:
            pair = _of_video(self.first, *self.frames)
        if self.truth:
            reading = _read_truth(_truth_file(self), self.truth_format or truth_format)
            rows = slice(None, None, self.truth_step)
            flow = FlowField(reading.flow.uv[rows, rows], reading.flow.valid[rows, rows])
            notes = (*pair.notes, *filter(None, [reading.doubt]))
            pair = replace(pair, truth=flow, notes=notes)
        for role in (role for role in ROLES if role in self.known):
            path = self.known[role]
            if path.is_file():
                known = decode_known(read_bytes(path, InputError), role, name=path.name)
                pair = with_known(pair, role, known, name=path.name)
        return replace(pair, name=self.name)


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
    reading = None if truth is None else _read_truth(truth, truth_format)
    notes = (*read.notes, *filter(None, [reading.doubt if reading else ""]))
    known = reading.flow if reading else None
    frame, other = read.frames
    return FramePair(frame, other, known, frame_names=(first.name, second.name), notes=notes)


def _read_truth(path: Path, truth_format: str | None) -> FlowReading:
    return interpret_flow(read_bytes(path, FlowFileError), name=path.name, format=truth_format)


def _truth_file(files: PairFiles) -> Path:
    for path in files.truth:
        if path.is_file():
            return path
    names = [path.name for path in files.truth]
    choice = (
        f"It has neither {' nor '.join(names)}" if len(names) > 1 else f"There is no {names[0]}"
    )
    raise FlowFileError(f"{choice}.")


def _require_inside(files: PairFiles) -> None:
    if files.inside is None:
        return
    inside = files.inside.resolve()
    for path in (files.first, files.second, *files.truth, *files.known.values()):
        if not path.resolve().is_relative_to(inside):
            raise InputError(f"{path.name} of {files.name} leads out of the folder of its data.")


def _of_video(path: Path, first: int, second: int, num_frames: int) -> FramePair:
    start = first - first % _BLOCK
    end = min(start + _BLOCK + 1, num_frames)
    block = _decoded_block(path, path.stat().st_mtime_ns, start, end)
    names = f"frame {first}", f"frame {second}"
    return FramePair(block[first - start], block[second - start], frame_names=names)


@functools.lru_cache(maxsize=1)
def _decoded_block(path: Path, _changed: int, start: int, end: int) -> list[UInt8Array]:
    """Frames of a video; kept, since its pairs come one after the other."""
    return decode_video_frames(read_bytes(path, InputError), range(start, end))
