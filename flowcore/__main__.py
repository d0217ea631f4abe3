"""The command line: ``python -m flowcore``; see ``docs/command-line.md``.

Standard output carries the result alone (one JSON document with ``--json``), standard error the
progress. A ``FlowcoreError`` is one line on standard error and exit status 2.
"""

import argparse
import dataclasses
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from flowcore.errors import ConfigError, FlowcoreError
from flowcore.types import Blend, ChunkGrid, PipelineConfig

__all__ = ["main"]

_EXTERNAL = "external:"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except FlowcoreError as error:
        print(f"flowcore: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("flowcore: stopped.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flowcore", description=__doc__.split(";")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    models = commands.add_parser("models", help="list every architecture and its weights")
    models.set_defaults(command=_models)

    lane = _lane_options()
    estimate = commands.add_parser("estimate", parents=[lane], help="the flow of two frames")
    estimate.add_argument("first", type=Path, metavar="FIRST")
    estimate.add_argument("second", type=Path, metavar="SECOND")
    estimate.add_argument("--truth", type=Path, metavar="FILE", help="true flow, any format")
    estimate.add_argument(
        "--out", type=Path, metavar="FILE", help="write the flow: .flo .png .pfm .npy .npz .flo5"
    )
    estimate.add_argument("--png", type=Path, metavar="FILE", help="write the flow in color")
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

    weights = commands.add_parser("weights", help="bring weights of others")
    actions = weights.add_subparsers(required=True, metavar="ACTION")
    importing = actions.add_parser("import", help="recognize and convert a public checkpoint")
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument("--name", help="such as raft_small.things")
    importing.set_defaults(command=_import_weights)

    for command in (models, estimate, evaluate, importing):
        command.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser


def _lane_options() -> argparse.ArgumentParser:
    lane = argparse.ArgumentParser(add_help=False)
    lane.add_argument(
        "--model",
        metavar="NAME",
        help="a name that `models` lists, or external:FILE for the flow of another tool "
        "(evaluate: external:FOLDER, laid out as --out writes it)",
    )
    lane.add_argument("--chunks", type=_grid_size, metavar="RxC", help="such as 2x2")
    lane.add_argument("--overlap", type=int, metavar="PX", help="shared by neighbors (32)")
    lane.add_argument("--blend", choices=get_args(Blend), help="weights in the overlap (hann)")
    lane.add_argument(
        "--motion-aware",
        action="store_true",
        default=None,
        help="crop the second frame where a coarse pass says the chunk has moved",
    )
    lane.add_argument("--blur", type=float, default=0.0, metavar="SIGMA", help="Gaussian, px")
    lane.add_argument("--scale", type=float, default=1.0, metavar="S", help="resize factor")
    lane.add_argument("--iterations", type=int, metavar="N", help="refinement steps")
    lane.add_argument("--threads", type=int, metavar="N", help="processor threads")
    return lane


def _grid_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,3})x(\d{1,3})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected ROWSxCOLS such as 2x2, got {text!r}")
    return int(match[1]), int(match[2])


def _config(options: argparse.Namespace) -> PipelineConfig:
    from flowcore.pipeline import DEFAULT_MODEL

    knobs = {
        key: value
        for key in ("overlap", "blend", "motion_aware")
        if (value := getattr(options, key)) is not None
    }
    chunks = None
    if options.chunks is not None:
        chunks = ChunkGrid(*options.chunks, **knobs)
    elif knobs:
        raise ConfigError("--overlap, --blend and --motion-aware need --chunks, such as 2x2.")
    return PipelineConfig(
        options.model or DEFAULT_MODEL, options.scale, options.blur, chunks, options.iterations
    )


def _external_path(config: PipelineConfig) -> Path | None:
    """Where the flow of another tool lies, if that is what the lane shows."""
    if not config.model.startswith(_EXTERNAL):
        return None
    if config != PipelineConfig(config.model):
        raise ConfigError("An external flow is taken as it is: leave out scale, blur and chunks.")
    return Path(config.model.removeprefix(_EXTERNAL))


def _models(options: argparse.Namespace) -> None:
    from flowcore import models

    cards = models.catalog()
    if options.json:
        _print_json([card.as_json() for card in cards])
        return
    for card in cards:
        state = "ready" if card.available else "weights missing"
        params = f"{card.num_params:,} parameters" if card.num_params else "no parameters"
        print(f"{card.name:24} {card.family:12} {state:16} {params:24} {card.source}")


def _estimate(options: argparse.Namespace) -> None:
    from flowcore.comparison import external_lane, run_lane
    from flowcore.io.flow_files import read_flow, write_flow
    from flowcore.io.frames import read_frame, write_frame
    from flowcore.metrics.definitions import describe
    from flowcore.report import flow_sheet
    from flowcore.types import FramePair

    config = _config(options)
    truth = read_flow(options.truth) if options.truth else None
    pair = FramePair(read_frame(options.first), read_frame(options.second), truth)
    external = _external_path(config)
    if external:
        lane = external_lane(pair, read_flow(external), name=config.model)
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
        _print_json(
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
        report=lambda score: print(
            f"{score.dataset}/{score.sequence}: {score.epe:.3f} px, {score.seconds:.2f} s",
            file=sys.stderr,
        ),
    )
    datasets = evaluation.score_datasets(scores)
    if options.json:
        _print_json(
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
    from flowcore.report import write_pair

    write_pair(options.folder, samples.load(options.name))


def _import_weights(options: argparse.Namespace) -> None:
    from flowcore import models

    card = models.import_weights(options.file, name=options.name)
    if options.json:
        _print_json(card.as_json())
        return
    for key, value in dataclasses.asdict(card).items():
        print(f"{key:20} {value}")


def _print_json(document: object) -> None:
    print(json.dumps(_finite(document), indent=2, allow_nan=False))


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    sys.exit(main())
