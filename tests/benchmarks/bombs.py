"""What the bombs of `tests/io/fuzz_cases.py` take of the process that meets them.

``python -m tests.benchmarks.bombs`` gives each of them to a reader of the server's own queue, in a
worker of its own, with the server's bound of memory. Said are the size of the file, the memory that
the reader took beyond what it had, the seconds, and the sentence with which it ended.
"""

import functools
import resource
import time

import numpy as np

from flowcore.errors import FlowcoreError
from flowcore.io.flow_files import decode_flow
from flowcore.io.frames import decode_frame
from flowcore.io.video import probe_video
from flowcore.jobs.queue import JobQueue
from pages.components.tasks import call
from pages.components.work import MAX_READER_BYTES
from tests.io.fuzz_cases import flow_cases, picture_cases, video_cases

READERS = ((picture_cases, decode_frame), (flow_cases, decode_flow), (video_cases, probe_video))
IS_BOMB = ("bomb", "claims", "inflates", "pickle", "zeros", "zip of many", "huge", "h5 of", "nests")


def met(read, data: bytes) -> tuple[str, float]:
    """How the reading ended, and the MB that it took at most beyond those of before."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        end = f"read: {type(read(data)).__name__}"
    except FlowcoreError as error:
        end = str(error)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return end, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before + children) / 1024


def main() -> None:
    from tests.benchmarks.bombs import met  # by the name under which a worker finds it

    print("| file | bytes | memory, MB | seconds | ended with |\n|---|---|---|---|---|")
    for cases, read in READERS:
        for name, made in cases(np.random.default_rng(0)):
            if not any(word in name for word in IS_BOMB):
                continue
            data = made() if callable(made) else made
            queue = JobQueue(preload=("flowcore.io.frames",), max_worker_bytes=MAX_READER_BYTES)
            job = queue.submit("bomb", call, functools.partial(met, read, data))
            while not job.is_over:
                time.sleep(0.01)
            end, peak = job.result or (job.error, float("nan"))
            print(
                f"| {name} | {len(data):,} | {peak:.0f} | {job.seconds:.1f} | {end} |", flush=True
            )
            queue.shutdown()


if __name__ == "__main__":
    main()
