"""How long others' uploads wait while the slowest files that are taken are being read.

``python -m tests.benchmarks.uploads``: one visitor drops four progressive JPEGs of 40 megapixels
with as many scans as are taken, at once; two more visitors drop a small PNG each while these are
being read. Said are the seconds of one such JPEG alone, and of the PNGs from drop to frame.
"""

import time
from functools import partial
from io import BytesIO

import numpy as np
from PIL import Image

from flowcore.io.frames import decode_frame, encode_frame
from flowcore.jobs.job import Job, Visit
from pages.components.tasks import call
from pages.components.work import shared_queue

SIZE = (5000, 8000)


def slow_jpeg(num_scans: int = 100) -> bytes:
    """Progressive, its last scan again and again, up to so many in all."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (SIZE[0] // 8, SIZE[1] // 8, 3), np.uint8)
    frame = noise.repeat(8, 0).repeat(8, 1)
    stream = BytesIO()
    Image.fromarray(frame).save(stream, "JPEG", progressive=True, quality=95)
    usual = stream.getvalue()
    last = usual[usual.rindex(b"\xff\xda") : -2]
    return usual[:-2] + last * (num_scans - usual.count(b"\xff\xda")) + usual[-2:]


def drop(data: bytes, name: str, visitor: str) -> Job:
    work = partial(decode_frame, data)
    return shared_queue("files").submit(name, call, work, visit=Visit(visitor, 0))


def waited(job: Job) -> float:
    while not job.is_over:
        time.sleep(0.005)
    assert job.state == "done", job.error
    return job.seconds + job.started - job.created


def main() -> None:
    slow = slow_jpeg()
    small = encode_frame(np.zeros((436, 1024, 3), np.uint8))
    waited(drop(small, "warm", "nobody"))
    print(f"a JPEG of {len(slow) / 1e6:.1f} MB: {waited(drop(slow, 'alone', 'one')):.2f} s alone")
    jpegs = [drop(slow + bytes([n]), f"slow {n}", "one") for n in range(4)]
    for number in (1, 2):
        time.sleep(0.2)
        seconds = waited(drop(small, f"small {number}", f"visitor {number}"))
        print(f"a PNG of visitor {number} meanwhile: {seconds:.2f} s")
    print(f"the four JPEGs: {max(waited(job) for job in jpegs):.2f} s")
    shared_queue("files").shutdown()


if __name__ == "__main__":
    main()
