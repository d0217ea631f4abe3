"""Time and peak memory of each size beside others: ``python -m tests.benchmarks.sizes``.

One 1024x436 pair, every row in a process of its own that loads the model, warms up and takes the
best of three; the peak is that of the process less what it held with the model loaded. Rows that
need weights are left out where there are none (``weights import`` brings ``raft_small.things``).
"""

import json
import subprocess
import sys

from flowcore import models

SIZE = (436, 1024)
OTHERS = ["raft_small.things", "dis_medium", "tvl1"]


def measure(
    name: str, threads: int, iterations: int | None, passes: int | None
) -> dict[str, float]:
    """Seconds and MB of one model in this process."""
    import numpy as np
    import skimage.data
    import torch

    from flowcore.cost import peak_memory
    from flowcore.io.frames import read_frame  # noqa: F401  the decoder counts as loaded
    from flowcore.pipeline import load_model, run
    from flowcore.types import FramePair, PipelineConfig

    photo = np.tile(skimage.data.astronaut(), (1, 3, 1))
    first, second = (
        np.ascontiguousarray(photo[shift : shift + SIZE[0], shift : shift + SIZE[1]])
        for shift in (0, 7)
    )
    pair = FramePair(first, second)
    torch.set_num_threads(threads)
    load_model(name)
    held = peak_memory()
    config = PipelineConfig(name, iterations=iterations, passes=passes)
    seconds = min(run(pair, config, threads=threads, warm_up=True).seconds for _ in range(3))
    return {"seconds": seconds, "megabytes": (peak_memory() - held) / 1e6}


def main() -> None:
    ladder = [
        (name, *way)
        for name in models.distinct()
        if name.startswith("scope")
        for way in ((4, None), (None, None), (None, 2))
    ]
    others = [
        (name, None, passes)
        for name in OTHERS
        if name in models.available()
        for passes in ((None, 2) if models.describe(name).default_passes else (None,))
    ]
    print(f"{'model':24} {'iterations':>10} {'passes':>6} {'threads':>7} {'seconds':>8} {'MB':>7}")
    for name, iterations, passes in [*ladder, *others]:
        for threads in (1, 2):
            arguments = json.dumps([name, threads, iterations, passes])
            output = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.sizes", arguments],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            row = json.loads(output)
            shown = iterations or models.describe(name).default_iterations or "-"
            print(
                f"{name:24} {shown:>10} {passes or 1:6} {threads:7} {row['seconds']:8.3f} "
                f"{row['megabytes']:7.0f}",
                flush=True,
            )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(json.dumps(measure(*json.loads(sys.argv[1]))))
    else:
        main()
