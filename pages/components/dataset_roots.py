"""The data sets of this server: the samples, those below the operator's roots, and uploads.

The operator names folders in ``FLOWSCOPE_ROOTS``. A data set is one of them, or a folder in one; no
file outside of its root is read, links followed.
"""

import atexit
import functools
import hashlib
import os
import shutil
import threading
from collections import OrderedDict
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from flowcore.data.datasets import Dataset, layouts_of, open_dataset, sample_dataset
from flowcore.errors import FlowcoreError, InputError
from flowcore.io.archive import unpack_zip
from flowcore.io.scratch import scratch_folder
from pages.components.files import done_aside

__all__ = ["SAMPLES", "keep_upload", "name_of", "offered", "opened"]

SAMPLES = "Samples"
UPLOAD = "upload-"
MAX_UPLOAD_BYTES = 4 * 10**9  # of all uploads together
RESCAN_SECONDS = 60


class _Place(NamedTuple):
    folder: Path
    inside: Path


def offered() -> list[str]:
    """The names of the data sets that everybody may choose."""
    return [SAMPLES, *_below_roots(os.environ.get("FLOWSCOPE_ROOTS", ""))]


def name_of(place: str) -> str | None:
    """The name under which the data set of that place is offered; None where it is not."""
    if place == sample_dataset().place:
        return SAMPLES
    places = _below_roots(os.environ.get("FLOWSCOPE_ROOTS", ""))
    return next((name for name, at in places.items() if str(at.folder.resolve()) == place), None)


def opened(name: str) -> Dataset:
    """The data set of that name.

    Raises
    ------
    InputError
        There is none, it is gone, or its folders fit several layouts.
    """
    if name == SAMPLES:
        return sample_dataset()
    if name.startswith(UPLOAD):
        place = _uploads().place(name)
        if place is None:
            raise InputError("The data set of this link is no longer here: drop its ZIP again.")
    else:
        places = _below_roots(os.environ.get("FLOWSCOPE_ROOTS", ""))
        if name not in places:
            raise InputError(f"There is no data set {name[:60]!r} on this server.")
        place = places[name]
    try:
        return _opened(place)
    except InputError as error:  # where it lies on this server is nobody's business
        raise InputError(str(error).replace(str(place.folder), name)) from error


def keep_upload(data: bytes) -> str:
    """The name of the data set in a ZIP, which is unpacked and kept for a while.

    Raises
    ------
    InputError
        As of ``flowcore.io.archive.unpack_zip``, or no pair is in it.
    """
    name = UPLOAD + hashlib.sha256(data).hexdigest()[:16]
    if _uploads().place(name) is None:
        folder = _uploads().folder / name / "upload"
        try:
            _uploads().put(name, done_aside(unpack_zip, data, folder))
            opened(name)
        except FlowcoreError:
            _uploads().remove(name)
            raise
    return name


@st.cache_resource(ttl=RESCAN_SECONDS, max_entries=64, show_spinner="Looking for pairs")
def _opened(place: _Place) -> Dataset:
    return open_dataset(place.folder, inside=place.inside)


@st.cache_data(ttl=RESCAN_SECONDS, max_entries=4, show_spinner="Looking for data sets")
def _below_roots(roots: str) -> dict[str, _Place]:
    found: dict[str, _Place] = {}
    for root in filter(None, roots.split(os.pathsep)):
        inside = Path(root).resolve()
        if not inside.is_dir():
            continue
        for folder in [inside, *sorted(inside.iterdir())]:
            is_own = folder.is_dir() and folder.resolve().is_relative_to(inside)
            name = "/".join(dict.fromkeys((inside.name, folder.name)))
            if is_own and name not in found and layouts_of(folder):
                found[name] = _Place(folder, inside)
    return found


class _Uploads:
    """Unpacked ZIPs by name, the least recently used removed first; safe from many threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def place(self, name: str) -> _Place | None:
        """Where it lies; None where it is not here any more."""
        with self._lock:
            if name not in self._sizes:
                return None
            self._sizes.move_to_end(name)
        folder = self.folder / name / "upload"
        return _Place(_innermost(folder), self.folder / name)

    def put(self, name: str, num_bytes: int) -> None:
        with self._lock:
            self._sizes[name] = num_bytes
            while sum(self._sizes.values()) > MAX_UPLOAD_BYTES and len(self._sizes) > 1:
                gone, _ = self._sizes.popitem(last=False)
                shutil.rmtree(self.folder / gone, ignore_errors=True)

    def remove(self, name: str) -> None:
        with self._lock:
            self._sizes.pop(name, None)
        shutil.rmtree(self.folder / name, ignore_errors=True)


def _innermost(folder: Path) -> Path:
    """The folder, or what it holds where that is one folder and nothing else."""
    while not layouts_of(folder):
        content = list(folder.iterdir())
        if len(content) != 1 or not content[0].is_dir():
            break
        folder = content[0]
    return folder


@functools.cache
def _uploads() -> _Uploads:
    stack = ExitStack()
    atexit.register(stack.close)
    return _Uploads(stack.enter_context(scratch_folder()))
