"""How long a quick lane waits behind three slow ones whose page is closed.

    python -m tests.benchmarks.queue_wait

A visitor starts three lanes of TV-L1 at four times the size and leaves; another one asks for DIS.
"""

import time

from flowcore.data import samples
from flowcore.jobs.job import Visit
from flowcore.jobs.queue import JobQueue
from flowcore.types import PipelineConfig
from pages.components.tasks import estimate_lane
from pages.components.work import GRACE_SECONDS

LEAVING, STAYING = Visit("leaving", 1), Visit("staying", 1)


def main() -> None:
    pair = samples.load(samples.names()[0])
    here = {LEAVING, STAYING}
    queue = JobQueue(grace=GRACE_SECONDS, goes_on=here.__contains__)
    slow = [
        queue.submit(
            f"slow-{n}", estimate_lane, pair, PipelineConfig("tvl1", scale), 2, visit=LEAVING
        )
        for n, scale in enumerate((4.0, 3.9, 3.8))
    ]
    while slow[0].progress == 0:
        time.sleep(0.01)
    here.remove(LEAVING)
    asked = time.monotonic()
    quick = queue.submit("quick", estimate_lane, pair, PipelineConfig("dis_fast"), 2, visit=STAYING)
    while not quick.is_over:
        time.sleep(0.01)
    waited = quick.started - asked
    print(f"The quick lane waited {waited:.1f} s and took {quick.seconds:.1f} s;")
    print(f"the slow ones: {', '.join(job.state for job in slow)}; grace {GRACE_SECONDS} s.")
    queue.shutdown()


if __name__ == "__main__":
    main()
