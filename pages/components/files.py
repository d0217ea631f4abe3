"""Work on uploaded bytes, in a worker process of its own.

A decoder that crashes or hangs on a hostile file is one plain sentence, and the server goes on.
"""

import hashlib
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from flowcore.data.datasets import Pair
from flowcore.data.files import PairFiles
from flowcore.data.synthetic import make_pair
from flowcore.errors import InputError
from flowcore.types import FramePair, UInt8Array
from pages.components.tasks import call
from pages.components.work import current_visit, shared_queue

__all__ = ["changed", "decoded", "done_aside", "loaded", "moved"]

PATIENCE_SECONDS = 60


def decoded(
    function: Callable[..., Any], data: bytes | tuple[bytes, ...], *args: Any, **options: Any
) -> Any:
    """``function(data, *args, **options)``, kept by content so that a rerun of the page is free.

    ``data`` is a file, or files that are decoded together.

    Raises
    ------
    FlowcoreError
        What the function raised; ``InputError`` where it crashed or took over a minute.
    """
    files = (data,) if isinstance(data, bytes) else data
    digests = ",".join(hashlib.sha256(file).hexdigest() for file in files)
    key = f"{function.__qualname__}:{digests}:{args!r}:{options!r}"
    return _result(key, partial(function, data, *args, **options))


def done_aside(function: Callable[..., Any], *args: Any) -> Any:
    """``function(*args)``, each time anew: for work that leaves something behind. Errors alike."""
    return _result(uuid.uuid4().hex, partial(function, *args))


def loaded(pair: Pair) -> FramePair:
    """The pair of a data set, read aside, and kept until one of its files changes. Errors alike."""
    if not isinstance(pair, PairFiles):
        return pair.load()
    result: FramePair = _result(f"pair:{pair!r}:{changed(pair)}", pair.load)
    return result


def moved(photo: UInt8Array, **knobs: Any) -> FramePair:
    """One image in motion, as ``make_pair`` has it, kept by content. Errors alike."""
    digest = hashlib.sha256(photo.tobytes()).hexdigest()
    work = partial(make_pair, photo, **knobs, name="one image in motion")
    result: FramePair = _result(f"moved:{digest}:{photo.shape}:{knobs!r}", work)
    return result


def changed(pair: PairFiles) -> list[int]:
    """When the files of a pair were changed, in ns; 0 for one that is missing."""
    paths = (pair.first, pair.second, *pair.truth, *pair.known.values())
    return [path.stat().st_mtime_ns if path.is_file() else 0 for path in paths]


def _result(key: str, work: Callable[[], Any]) -> Any:
    queue, visit = shared_queue("files"), current_visit()
    job = queue.get(key, visit) or queue.submit(key, call, work, visit=visit)
    while not job.is_over:
        if job.seconds > PATIENCE_SECONDS:  # of its own: waiting for others' files does not count
            queue.cancel(key)
            break
        time.sleep(0.005)
    if job.state == "cancelled":
        raise InputError("Reading this file took over a minute, so it was given up.")
    if job.state == "failed":
        raise (job.error_type or InputError)(job.error)
    return job.result
