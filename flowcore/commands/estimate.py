"""The flow of two frames."""

import argparse
import dataclasses
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flowcore.commands.lane_options import (
    config_of,
    external_path,
    lane_options,
    parsed,
    where,
)
from flowcore.commands.output import Commands, add_json_option, print_json, say, write_file
from flowcore.commands.pair_options import add_pair_options, asked_pair
from flowcore.errors import ConfigError, FlowFileError
from flowcore.types import Box, FramePair, PipelineConfig, timing_fields

if TYPE_CHECKING:
    from flowcore.lane import Lane

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """The command and its options."""
    estimate = commands.add_parser(
        "estimate", parents=[lane_options()], help="the flow of two frames"
    )
    add_pair_options(estimate)
    estimate.add_argument(
        "--out", type=Path, metavar="FILE", help="write the flow: .flo .png .pfm .npy .npz .flo5"
    )
    estimate.add_argument("--png", type=Path, metavar="FILE", help="write the flow in color")
    for option, frame in (("--classes", "first"), ("--second-classes", "second")):
        estimate.add_argument(
            option,
            type=Path,
            metavar="FILE",
            help=f"write the classes that the net decodes of the {frame} frame: PNG, from 1",
        )
    estimate.add_argument(
        "--uncertainty",
        type=Path,
        metavar="FILE",
        help="write by how many px the flow may be off: .npy",
    )
    estimate.add_argument(
        "--region",
        type=parsed(Box.parse),
        metavar="L,T,R,B",
        help="measure these pixels alone: left, top, right, bottom (the last two just outside)",
    )
    estimate.add_argument(
        "--flow-only", action="store_true", help="no backward flow and no metrics: least memory"
    )
    estimate.set_defaults(command=_estimate)
    add_json_option(estimate)


def _estimate(options: argparse.Namespace) -> None:
    from flowcore.export.sheet import flow_sheet
    from flowcore.io.flow_files import write_flow
    from flowcore.io.frames import write_frame
    from flowcore.metrics.convention import suspicion
    from flowcore.metrics.definitions import describe

    config = config_of(options)
    pair = asked_pair(options)
    lane = _lane(pair, config, options)
    if options.out:
        write_flow(options.out, lane.estimate.flow)
    if options.png:
        write_frame(options.png, flow_sheet(pair, config.model, lane))
    if options.classes or options.second_classes:
        _write_classes(pair, config, options)
    if options.uncertainty:
        _write_uncertainty(lane, options.uncertainty)
    flows = {
        "The true flow": pair.truth,
        "The external flow": lane.estimate.flow if external_path(config) else None,
    }
    suspicions = [
        sentence
        for what, flow in flows.items()
        if flow is not None and (sentence := suspicion(what, flow, pair))
    ]
    for sentence in suspicions:
        print(sentence, file=sys.stderr)
    height, width = pair.size
    timing = lane.estimate.timing
    if options.json:
        print_json(
            {
                "model": config.model,
                "height": height,
                "width": width,
                **timing_fields(timing),
                **({"region": options.region} if options.region else {}),
                "metrics": {key: measurement.value for key, measurement in lane.metrics.items()},
                "suspicions": suspicions,
            }
        )
        return
    took = f"{timing.seconds:.3f} s on {timing.threads} threads" if timing else "time unknown"
    print(f"{config.model}, {width}x{height} px, {took}")
    for key, (value, num_pixels) in lane.metrics.items():
        metric = describe(key)
        print(f"{metric.label:28} {value:10.3f} {metric.unit:12} over {num_pixels:,} px")


def _write_classes(pair: FramePair, config: PipelineConfig, options: argparse.Namespace) -> None:
    from flowcore.features.heads import read_heads
    from flowcore.io.frames import encode_labels

    heads = read_heads(pair, config, **where(options))
    decoded = {options.classes: heads.labels, options.second_classes: heads.second_labels}
    for path, labels in decoded.items():
        if path is not None:
            write_file(path, encode_labels(labels))


def _write_uncertainty(lane: "Lane", path: Path) -> None:
    import numpy as np

    if lane.uncertainty is None:
        raise ConfigError(
            "--uncertainty takes a backward flow, or a net with a head for it: not with "
            "--flow-only, nor of the flow of another tool."
        )
    if path.suffix != ".npy":
        raise ConfigError(f"An uncertainty is written as .npy, got {path.name}.")
    file = io.BytesIO()
    np.save(file, lane.uncertainty)
    write_file(path, file.getvalue())
    print(f"uncertainty by the {lane.uncertainty_kind}, px: {path}", file=sys.stderr)


def _lane(pair: FramePair, config: PipelineConfig, options: argparse.Namespace) -> "Lane":
    """The flow that is asked for, with its numbers."""
    from flowcore.io.flow_files import interpret_flow
    from flowcore.io.guard import read_bytes
    from flowcore.lane import TIMED_RUNS, Lane, external_lane, measure_region, run_lane
    from flowcore.pipeline import run

    if options.region is not None:
        options.region.within(pair.size)  # refused before the work, if it must be
    external = external_path(config)
    if external:
        reading = interpret_flow(read_bytes(external, FlowFileError), name=external.name)
        say(filter(None, [reading.doubt]))
        lane = external_lane(pair, reading.flow, name=config.model)
    elif options.flow_only:
        return Lane(run(pair, config, warm_up=True, runs=TIMED_RUNS, **where(options)), None, {})
    else:
        lane = run_lane(pair, config, **where(options))
    if options.region is None:
        return lane
    return dataclasses.replace(lane, metrics=measure_region(pair, lane, options.region))
