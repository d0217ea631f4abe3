"""What ``python -m flowcore burst`` does; the command line prints it."""

import argparse
from dataclasses import replace
from typing import Any

from flowcore.bursts.restore import BASELINES, Restoration, restore
from flowcore.data.bursts import burst_from_video, make_burst, sample_burst
from flowcore.errors import ConfigError, FrameDecodeError, ShapeMismatchError
from flowcore.io.flow_files import write_flow
from flowcore.io.frames import read_frames, write_frame
from flowcore.io.guard import read_bytes
from flowcore.metrics.flow import epe
from flowcore.types import Burst

__all__ = ["restore_burst"]

_SOURCES = ("video", "photo", "sample")  # beside frames


def restore_burst(options: argparse.Namespace) -> dict[str, Any]:
    """What the methods made of the burst, ready for JSON.

    Raises
    ------
    FlowcoreError
        The burst cannot be had, a method cannot take it, or a file cannot be written.
    """
    burst, notes = _burst(options)
    found = [
        restore(
            burst,
            method,
            stride=None if method in BASELINES else options.stride,
            keep_gaze=bool(options.flow) and not number,
        )
        for number, method in enumerate(options.method)
    ]
    if options.out:
        write_frame(options.out, found[0].frame)
    height, width = burst.size
    answer: dict[str, Any] = {
        "num_frames": len(burst.frames),
        "height": height,
        "width": width,
        "methods": [{"method": one.method, "seconds": one.seconds, **one.scores} for one in found],
    }
    if notes:
        answer["notes"] = notes
    if options.flow:
        answer["flow"] = _write_flow(options, burst, found[0])
    return answer


def _burst(options: argparse.Namespace) -> tuple[Burst, tuple[str, ...]]:
    """What is asked for, and what was assumed when its files were read."""
    given = [bool(options.frames), *(getattr(options, key) is not None for key in _SOURCES)]
    if sum(given) != 1:
        raise ConfigError("Give one source: frames, --video, --photo or --sample.")
    motion = {"motion": options.motion, "angle": options.angle}
    noise = {"noise": options.noise, "seed": options.seed}
    pictures = [*options.frames, *filter(None, [options.photo, options.clean])]
    read = read_frames(pictures, value_range=options.value_range)
    if options.video:
        knobs = {"start": options.start, "every": options.every, "num_frames": options.num_frames}
        burst = burst_from_video(read_bytes(options.video, FrameDecodeError), **knobs)
    elif options.photo:
        burst = make_burst(read.frames[0], num_frames=options.num_frames, **motion, **noise)
    elif options.sample:
        burst = sample_burst(options.sample, **motion, **noise)
    else:
        burst = Burst(read.frames[: len(options.frames)])
    if options.clean is None:
        return burst, read.notes
    clean = read.frames[-1]
    if clean.shape != burst.frames[0].shape:
        raise ShapeMismatchError(
            f"The clean frame is {clean.shape[1]}x{clean.shape[0]} px (width x height), the burst "
            f"{burst.size[1]}x{burst.size[0]} px."
        )
    return replace(burst, clean=clean), read.notes


def _write_flow(options: argparse.Namespace, burst: Burst, found: Restoration) -> dict[str, Any]:
    """The flow that the attention implies, as a file; its error where the motion is known."""
    if found.gaze is None:
        raise ConfigError(f"--flow needs a net as the first method, {found.method} is none.")
    index = len(burst.frames) - 1 if options.to is None else options.to
    flow = found.gaze.flow(index, burst.size)
    write_flow(options.flow, flow)
    truth = burst.pair(index).truth
    error = {} if truth is None else {"epe": float(epe(flow.uv, truth.uv).mean())}
    return {"to": index, **error}
