"""A truth added later, beside a full run of four lanes: ``python -m tests.benchmarks.truth_later``.

The same calls as the page's jobs, one after the other in one process; best of three each.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from flowcore.data import samples
from flowcore.lane import Lane, measure_again, run_lane
from flowcore.types import PipelineConfig

MODELS = ("dis_medium", "farneback", "scope_070.scenes", "scope_035.scenes")


def main() -> None:
    known = samples.load("opening")
    unknown = replace(known, truth=None)
    configs = [PipelineConfig(model=model) for model in MODELS]

    full, lanes = _best(lambda: [run_lane(unknown, config) for config in configs])
    later, measured = _best(lambda: [measure_again(known, lane) for lane in lanes])
    assert all("epe" in lane.metrics for lane in measured)
    print(f"four lanes at {known.size[1]}x{known.size[0]} px, truth unknown: {full:.2f} s")
    print(f"the truth added: {later:.2f} s, {full / later:.1f} times less")


def _best(work: Callable[[], list[Lane]]) -> tuple[float, list[Lane]]:
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        lanes = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), lanes


if __name__ == "__main__":
    main()
