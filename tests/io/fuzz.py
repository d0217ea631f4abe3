"""Hostile files for every reader; run as a child process by test_fuzz.py.

``python -m tests.io.fuzz GROUP SHARE PROGRESS_FILE`` reads that share of the files of the group,
drawn at random but always the same, leaves the name of the file at hand in PROGRESS_FILE, and
prints a summary as JSON. It ends with an error where a reader
raises anything but a FlowcoreError, crashes, or takes longer than ``SECONDS_PER_FILE``.
"""

import faulthandler
import functools
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from flowcore.errors import FlowcoreError
from flowcore.io.flow_files import FLOW_FORMATS, decode_flow
from flowcore.io.frames import decode_frame, decode_labels, decode_mask
from flowcore.io.video import decode_video_frames, probe_video
from tests.io.fuzz_cases import Case, flow_cases, picture_cases, video_cases
from tests.patience import patient

MEMORY_BYTES = 4 * 2**30
SECONDS_PER_FILE = patient(60)


def main(group: str, share: float, progress: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    make_cases, readers = GROUPS[group]
    counts = {"files": 0, "values": 0, "refusals": 0}
    lots = np.random.default_rng(1)
    started, slowest = time.perf_counter(), (0.0, "")
    with Path(progress).open("w") as note:
        for name, made in make_cases(np.random.default_rng(0)):
            if lots.random() >= share:
                continue
            note.seek(0)
            note.write(name.ljust(200))
            note.flush()
            data = made() if callable(made) else made
            begun = time.perf_counter()
            faulthandler.dump_traceback_later(SECONDS_PER_FILE, exit=True)
            counts["files"] += 1
            for read in readers:
                counts["values" if is_read(read, data) else "refusals"] += 1
            slowest = max(slowest, (time.perf_counter() - begun, name))
    faulthandler.cancel_dump_traceback_later()
    summary = counts | {
        "seconds": round(time.perf_counter() - started, 1),
        "slowest": slowest,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    sys.stdout.write(json.dumps(summary))


def is_read(read: Callable[[bytes], object], data: bytes) -> bool:
    try:
        read(data)
    except FlowcoreError:
        return False
    return True


def read_video(data: bytes) -> object:
    """One of the two readers, by turns: each starts a process."""
    return probe_video(data) if len(data) % 2 else decode_video_frames(data, [1, 0])


GROUPS: dict[str, tuple[Callable[..., Iterator[Case]], list[Callable[[bytes], object]]]] = {
    "pictures": (picture_cases, [decode_frame, decode_labels, decode_mask]),
    "flows": (
        flow_cases,
        [
            decode_flow,
            *(functools.partial(decode_flow, format=format) for format in FLOW_FORMATS),
        ],
    ),
    "videos": (video_cases, [read_video]),
}

if __name__ == "__main__":
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
