"""A pair as files, and the names of files."""

import re
from pathlib import Path

from flowcore.errors import InputError
from flowcore.io.atomic import write_bytes
from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from flowcore.types import FramePair

__all__ = ["file_stem", "pair_files", "write_pair"]


def pair_files(pair: FramePair) -> dict[str, bytes]:
    """The pair as files by name: ``first.png``, ``second.png`` and, if known, ``truth.flo``."""
    files = {"first.png": encode_frame(pair.first), "second.png": encode_frame(pair.second)}
    if pair.truth is not None:
        files["truth.flo"] = encode_flow(pair.truth, "flo")
    return files


def write_pair(folder: Path, pair: FramePair) -> None:
    """Write ``pair_files`` into a folder, which is made if need be.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in pair_files(pair).items():
            write_bytes(folder / name, content)
    except OSError as error:
        raise InputError(f"Cannot write into {folder}: {error.strerror or error}.") from error


def file_stem(title: str) -> str:
    """A lane's title as a file name: ``dis_medium, 2x2`` becomes ``dis_medium_2x2``."""
    return re.sub(r"[^\w.]+", "_", title).strip("._") or "lane"
