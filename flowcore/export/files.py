"""A pair as files, and the names of files."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from flowcore.data.roles import Role
from flowcore.errors import InputError
from flowcore.io.atomic import write_bytes
from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame, encode_labels
from flowcore.types import FramePair

__all__ = ["file_stem", "file_stems", "known_files", "pair_files", "write_pair"]


def known_files(pair: FramePair) -> dict[Role, str]:
    """Names of the files in ``pair_files`` that tell what is known of the motion, by their role."""
    known: dict[Role, tuple[str, object]] = {
        "truth": ("truth.flo", pair.truth),
        "occluded": ("occluded.png", pair.occluded),
        "labels": ("labels.png", pair.labels),
        "second_labels": ("second_labels.png", pair.second_labels),
        "objects": ("objects.png", pair.foreground),
    }
    return {role: name for role, (name, part) in known.items() if part is not None}


def pair_files(pair: FramePair) -> dict[str, bytes]:
    """The pair as files by name: ``first.png``, ``second.png`` and what is known of the motion."""
    files = {"first.png": encode_frame(pair.first), "second.png": encode_frame(pair.second)}
    if pair.truth is not None:
        files["truth.flo"] = encode_flow(pair.truth, "flo")
    if pair.occluded is not None:
        files["occluded.png"] = encode_labels(255 * pair.occluded.astype(np.int32))
    if pair.labels is not None:
        files["labels.png"] = encode_labels(pair.labels)
    if pair.second_labels is not None:
        files["second_labels.png"] = encode_labels(pair.second_labels)
    if pair.foreground is not None:
        files["objects.png"] = encode_labels(pair.foreground.astype(np.int32))
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


def file_stems(titles: Iterable[str]) -> dict[str, str]:
    """A file name for each title, as ``file_stem`` makes it, numbered where two would be the same.

    Examples
    --------
    >>> file_stems(["a, b", "a b", "c"])
    {'a, b': 'a_b', 'a b': 'a_b_2', 'c': 'c'}
    """
    stems: dict[str, str] = {}
    for title in titles:
        stem, number = file_stem(title), 1
        name = stem
        while name.lower() in {other.lower() for other in stems.values()}:
            number += 1
            name = f"{stem}_{number}"
        stems[title] = name
    return stems
