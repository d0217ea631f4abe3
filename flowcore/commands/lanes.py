"""Flow of two frames, errors over folders of pairs, and samples as files."""

import argparse
import dataclasses
import re
import sys
from pathlib import Path
from typing import get_args

from flowcore.commands.output import Commands, add_json_option, print_json
from flowcore.errors import ConfigError
from flowcore.types import Blend, ChunkGrid, FramePair, PipelineConfig

__all__ = ["add_commands"]

_EXTERNAL = "external:"


def add_commands(commands: Commands) -> None:
    """The commands and their options."""
    lane = _lane_options()
    estimate = commands.add_parser("estimate", parents=[lane], help="the flow of two frames")
    estimate.add_argument("first", type=Path, metavar="FIRST")
    estimate.add_argument("second", type=Path, metavar="SECOND")
    estimate.add_argument("--truth", type=Path, metavar="FILE", help="true flow, any format")
    estimate.add_argument(
        "--out", type=Path, metavar="FILE", help="write the flow: .flo .png .pfm .npy .npz .flo5"
    )
    estimate.add_argument("--png", type=Path, metavar="FILE", help="write the flow in color")
    estimate.add_argument(
        "--flow-only", action="store_true", help="no backward flow and no metrics: least memory"
    )
    estimate.set_defaults(command=_estimate)

    evaluate = commands.add_parser("evaluate", parents=[lane], help="errors over folders of pairs")
    evaluate.add_argument(
        "root", type=Path, metavar="ROOT", help="ROOT/<dataset>/<sequence>/frame1.png ..."
    )
    evaluate.add_argument("--out", type=Path, metavar="FOLDER", help="write one .flo per pair")
    evaluate.set_defaults(command=_evaluate)

    sample = commands.add_parser("sample", help="write a bundled pair as files")
    sample.add_argument("name", metavar="NAME", help="such as opening, motorcycle, subpixel")
    sample.add_argument("folder", type=Path, metavar="FOLDER")
    sample.set_defaults(command=_sample)
    add_json_option(estimate, evaluate)


def _lane_options() -> argparse.ArgumentParser:
    lane = argparse.ArgumentParser(add_help=False)
    lane.add_argument(
        "--model",
        metavar="NAME",
        help="a name that `models` lists, or external:FILE for the flow of another tool "
        "(evaluate: external:FOLDER, laid out as --out writes it)",
    )
    lane.add_argument("--chunks", type=_two_numbers, metavar="RxC", help="such as 2x2")
    lane.add_argument(
        "--chunk-size", type=_two_numbers, metavar="HxW", help="the largest chunk in px instead"
    )
    lane.add_argument(
        "--memory",
        dest="max_bytes",
        type=_bytes,
        metavar="MB",
        help="the most working memory instead",
    )
    lane.add_argument(
        "--overlap", type=_overlap, metavar="PX", help="shared by neighbors (32); or such as 10%%"
    )
    lane.add_argument("--halo", type=int, metavar="PX", help="context computed and cropped away")
    lane.add_argument("--blend", choices=get_args(Blend), help="weights in the overlap (hann)")
    lane.add_argument(
        "--motion-aware",
        action="store_true",
        default=None,
        help="crop the second frame where a coarse pass says the chunk has moved",
    )
    lane.add_argument("--seam-blur", type=float, metavar="SIGMA", help="blur of the seams, px")
    lane.add_argument(
        "--refine-share",
        type=float,
        metavar="S",
        help="compute only the most doubtful share of the chunks, the rest at low resolution",
    )
    lane.add_argument("--blur", type=float, default=0.0, metavar="SIGMA", help="Gaussian, px")
    lane.add_argument("--scale", type=float, default=1.0, metavar="S", help="resize factor")
    lane.add_argument("--iterations", type=int, metavar="N", help="refinement steps")
    lane.add_argument("--jpeg", type=int, metavar="Q", help="compress both frames first, 1..100")
    lane.add_argument(
        "--texture", type=float, metavar="SHARE", help="take texture from both frames first, 0..1"
    )
    lane.add_argument("--threads", type=int, metavar="N", help="processor threads")
    return lane


def _two_numbers(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected two numbers such as 2x2, got {text!r}")
    return int(match[1]), int(match[2])


def _overlap(text: str) -> int | float:
    """Px, or with a percent sign a share of the chunk."""
    return float(text[:-1]) / 100 if text.endswith("%") else int(text)


def _bytes(text: str) -> int:
    return round(float(text.lower().removesuffix("mb")) * 1e6)


def _config(options: argparse.Namespace) -> PipelineConfig:
    from flowcore.pipeline import DEFAULT_MODEL

    ways = {"chunk_size": options.chunk_size, "max_bytes": options.max_bytes}
    knobs = {
        key: value
        for key in ("overlap", "blend", "motion_aware", "halo", "seam_blur", "refine_share", *ways)
        if (value := getattr(options, key)) is not None
    }
    chunks = None
    if any(way is not None for way in (options.chunks, *ways.values())):
        chunks = ChunkGrid(*(options.chunks or (1, 1)), **knobs)
    elif knobs:
        names = ", ".join(f"--{key.replace('_', '-')}" for key in knobs)
        raise ConfigError(f"{names}: of chunks, so --chunks is needed, such as 2x2.")
    return PipelineConfig(
        options.model or DEFAULT_MODEL, options.scale, options.blur, chunks, options.iterations
    )


def _prepared(pair: FramePair, options: argparse.Namespace) -> FramePair:
    """The pair, made harder if that is asked for."""
    from flowcore.robustness import harder

    for kind in ("texture", "jpeg"):
        level = getattr(options, kind)
        if level is not None:
            pair = harder(pair, kind, level)
    return pair


def _external_path(config: PipelineConfig) -> Path | None:
    """Where the flow of another tool lies, if that is what the lane shows."""
    if not config.model.startswith(_EXTERNAL):
        return None
    if config != PipelineConfig(config.model):
        raise ConfigError("An external flow is taken as it is: leave out scale, blur and chunks.")
    return Path(config.model.removeprefix(_EXTERNAL))


def _estimate(options: argparse.Namespace) -> None:
    from flowcore.export.sheet import flow_sheet
    from flowcore.io.flow_files import read_flow, write_flow
    from flowcore.io.frames import read_frame, write_frame
    from flowcore.lane import Lane, external_lane, run_lane
    from flowcore.metrics.definitions import describe
    from flowcore.pipeline import run

    config = _config(options)
    truth = read_flow(options.truth) if options.truth else None
    pair = FramePair(read_frame(options.first), read_frame(options.second), truth)
    pair = _prepared(pair, options)
    external = _external_path(config)
    if external:
        lane = external_lane(pair, read_flow(external), name=config.model)
    elif options.flow_only:
        lane = Lane(run(pair, config, threads=options.threads, warm_up=True), None, {})
    else:
        lane = run_lane(pair, config, threads=options.threads)
    if options.out:
        write_flow(options.out, lane.estimate.flow)
    if options.png:
        write_frame(options.png, flow_sheet(pair, config.model, lane))
    height, width = pair.size
    seconds, threads = lane.estimate.seconds, lane.estimate.threads
    if options.json:
        metrics = {key: measurement.value for key, measurement in lane.metrics.items()}
        print_json(
            {
                "model": config.model,
                "height": height,
                "width": width,
                "seconds": seconds,
                "threads": threads,
                "metrics": metrics,
            }
        )
        return
    print(f"{config.model}, {width}x{height} px, {seconds:.3f} s on {threads} threads")
    for key, (value, num_pixels) in lane.metrics.items():
        metric = describe(key)
        print(f"{metric.label:28} {value:10.3f} {metric.unit:12} over {num_pixels:,} px")


def _evaluate(options: argparse.Namespace) -> None:
    from flowcore import evaluation

    config = _config(options)
    scores = evaluation.evaluate(
        options.root,
        config,
        threads=options.threads,
        flows=_external_path(config),
        out=options.out,
        prepare=lambda pair: _prepared(pair, options),
        progress=lambda score: print(
            f"{score.dataset}/{score.sequence}: {score.epe:.3f} px, {score.seconds:.2f} s",
            file=sys.stderr,
        ),
    )
    datasets = evaluation.score_datasets(scores)
    if options.json:
        print_json(
            {
                "model": config.model,
                "pairs": [dataclasses.asdict(score) for score in scores],
                "datasets": {name: dataclasses.asdict(score) for name, score in datasets.items()},
            }
        )
        return
    print(f"{'dataset':16} {'pairs':>5} {'EPE px':>9} {'Fl-all %':>9}   (mean of pair means)")
    for name, score in datasets.items():
        print(f"{name:16} {score.pairs:5} {score.epe:9.3f} {score.fl_all:9.2f}")


def _sample(options: argparse.Namespace) -> None:
    from flowcore.data import samples
    from flowcore.export.files import write_pair

    write_pair(options.folder, samples.load(options.name))
