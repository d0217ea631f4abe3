"""Time of chunks on one frame size, and memory on 8K: ``python -m tests.benchmarks.chunk_time``.

``scope_070.scenes`` on two threads. At 1024x448, best of five: the whole frame, then for each grid
a plain loop over the chunks (every chunk on both threads) and one thread per chunk; last, the
stitching alone, with a model that returns zeros. For 7680x4320 the peak of a process that holds two
frames and asks the library for the flow, in 8x8 chunks.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from flowcore.chunking.stitch import estimate_chunked
from flowcore.cost import peak_memory
from flowcore.hardware import use_threads
from flowcore.pipeline import load_model, predict, run
from flowcore.types import ChunkGrid, FramePair, PipelineConfig, Prediction

MODEL, THREADS = "scope_070.scenes", 2
SIZE, LARGE = (448, 1024), (4320, 7680)
GRIDS = ((1, 2), (2, 2), (2, 4), (4, 4))


def best(work: Callable[[], object], runs: int = 5) -> float:
    """The least seconds of some runs, after one that does not count."""
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def zeros(first: torch.Tensor, second: torch.Tensor) -> Prediction:
    return Prediction(first.new_zeros(len(first), 2, *first.shape[-2:]))


def times() -> None:
    model = load_model(MODEL)
    frames = torch.randint(0, 256, (2, 1, 3, *SIZE), dtype=torch.uint8)
    print("grid, seconds in a plain loop, one thread per chunk, stitching alone")
    whole = best(lambda: predict(model, *frames, PipelineConfig(MODEL)))
    print(f"whole {whole:.3f}")
    for rows, cols in GRIDS:
        config = PipelineConfig(MODEL, chunks=ChunkGrid(rows, cols))
        loop, threaded = (
            best(lambda config=config, n=n: predict(model, *frames, config, workers=n))
            for n in (1, THREADS)
        )
        stitching = best(lambda grid=config.chunks: estimate_chunked(zeros, *frames, grid))
        share = 100 * stitching / loop
        print(
            f"{rows}x{cols} {loop:.3f} {threaded:.3f} {stitching:.4f} ({share:.1f} % of the loop)"
        )


def large() -> dict[str, float]:
    frame = np.random.default_rng(0).integers(0, 256, (*LARGE, 3), np.uint8)
    pair = FramePair(frame, np.roll(frame, 5, 1))
    del frame
    config = PipelineConfig(MODEL, chunks=ChunkGrid(8, 8))
    seconds = run(pair, config, threads=THREADS).seconds
    return {"seconds": seconds, "peak_gib": peak_memory() / 2**30}


def main() -> None:
    with torch.inference_mode(), use_threads(THREADS):
        times()
    command = [sys.executable, __file__, "large"]
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"7680x4320 in 8x8: {row['seconds']:.1f} s, peak {row['peak_gib']:.2f} GiB")


if __name__ == "__main__":
    if sys.argv[1:] == ["large"]:
        print(json.dumps(large()))
    else:
        main()
