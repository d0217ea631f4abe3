"""Temporary folders that bear the number of their process, so that what it leaves can be told."""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

__all__ = ["scratch_folder", "sweep"]

_NAME = re.compile(r"flowscope-(\d+)-\w+")
_UNTOUCHED_SECONDS = 3600  # a process of another machine may use the same folder


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder that is gone afterwards, in ``parent`` or the system's place for such.

    A process that is killed leaves it behind: see `sweep`.

    Raises
    ------
    OSError
        ``parent`` cannot be written.
    """
    prefix = f"flowscope-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as folder:
        yield Path(folder)


def sweep(parent: Path | None = None) -> None:
    """Remove what processes that are gone have left, untouched for an hour."""
    parent = parent or Path(tempfile.gettempdir())
    for folder in parent.glob("flowscope-*"):
        found = _NAME.fullmatch(folder.name)
        if found and not psutil.pid_exists(int(found[1])) and _age(folder) > _UNTOUCHED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:  # gone meanwhile
        return 0.0
