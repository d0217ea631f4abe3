"""Time and peak memory of the FlowNet2 family at 1024x436, weights as they come.

``python -m tests.benchmarks.flownet2 [NAME ...] [--threads N] [--repeats N]``

Each net runs in a process of its own, on noise, with random weights where none are here: neither
changes what is computed. Memory is the process's peak beyond what it held with the net built.
"""

import argparse
import multiprocessing
import resource
import statistics
import time

import torch

from flowcore import models
from flowcore.ops.pad import pad, padding_to_stride

NAMES = ("flownet2", "flownet_css", "flownet_c", "flownet_s", "flownet_css_thin", "flownet2_small")
HEIGHT, WIDTH = 436, 1024


def measure(name: str, threads: int, repeats: int) -> tuple[int, float, float, float]:
    """Parameters, seconds (median), MB beyond the built net, bytes per padded px."""
    torch.set_num_threads(threads)
    net = models.build_untrained(name).eval()
    padding = padding_to_stride(HEIGHT, WIDTH, stride=net.stride, min_size=net.min_size)
    first, second = (pad(torch.rand(1, 3, HEIGHT, WIDTH), padding) for _ in range(2))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            start = time.perf_counter()
            net(first, second)
            seconds.append(time.perf_counter() - start)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    pixels = first.shape[-2] * first.shape[-1]
    num_params = sum(parameter.numel() for parameter in net.parameters())
    return num_params, statistics.median(seconds[1:]), grown / 1e6, grown / pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for name in options.names:
        with context.Pool(1) as pool:
            count, seconds, megabytes, each = pool.apply(
                measure, (name, options.threads, options.repeats)
            )
        print(f"| {name} | {count:,} | {seconds:.2f} | {megabytes:.0f} | {each:.0f} |", flush=True)


if __name__ == "__main__":
    main()
