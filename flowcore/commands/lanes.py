"""Flow of two frames and errors over folders of pairs."""

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowcore.commands.output import Commands, add_json_option, print_json, say
from flowcore.errors import ConfigError, FlowFileError
from flowcore.knobs import KNOBS, Knob, config_from
from flowcore.types import Box, FramePair, PipelineConfig, timing_fields

if TYPE_CHECKING:
    from flowcore.evaluation import Failure, PairScore
    from flowcore.lane import Lane

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
        "--pages",
        type=_two_pages,
        default=(None, None),
        metavar="I,J",
        help="pages of TIFFs with several, from 0: that of FIRST and that of SECOND",
    )
    estimate.add_argument(
        "--out", type=Path, metavar="FILE", help="write the flow: .flo .png .pfm .npy .npz .flo5"
    )
    estimate.add_argument("--png", type=Path, metavar="FILE", help="write the flow in color")
    estimate.add_argument(
        "--region",
        type=_parsed(Box.parse),
        metavar="L,T,R,B",
        help="measure these pixels alone: left, top, right, bottom (the last two just outside)",
    )
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
    add_json_option(estimate, evaluate)


def _lane_options() -> argparse.ArgumentParser:
    lane = argparse.ArgumentParser(add_help=False)
    for knob in KNOBS.values():
        if knob.is_switch:
            lane.add_argument(knob.flag, dest=knob.name, action="store_true", help=_help(knob))
        else:
            lane.add_argument(
                knob.flag,
                dest=knob.name,
                type=_parsed(knob.parse),
                metavar=knob.metavar or None,
                choices=knob.choices or None,
                help=_help(knob),
            )
    lane.add_argument("--jpeg", type=int, metavar="Q", help="compress both frames first, 1..100")
    lane.add_argument(
        "--texture", type=float, metavar="SHARE", help="take texture from both frames first, 0..1"
    )
    lane.add_argument(
        "--truth-format",
        metavar="NAME",
        help="what the true flow is, if its file does not prove it: dsec ...",
    )
    lane.add_argument(
        "--value-range",
        default="auto",
        metavar="NAME",
        help="of frames deeper than 8 bits: full, used, auto",
    )
    lane.add_argument("--threads", type=int, metavar="N", help="processor threads")
    lane.add_argument("--device", metavar="NAME", help="cpu or cuda[:N]; a GPU where there is one")
    return lane


def _help(knob: Knob) -> str:
    return knob.help.replace("%", "%%")


def _parsed(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return read(text)
        except ConfigError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def _two_pages(text: str) -> tuple[int, int]:
    try:
        first, second = map(int, text.split(","))
    except ValueError as error:
        message = f"Expected two page numbers such as 0,1, got {text[:40]!r}."
        raise argparse.ArgumentTypeError(message) from error
    return first, second


def _config(options: argparse.Namespace) -> PipelineConfig:
    from flowcore import models
    from flowcore.pipeline import DEFAULT_MODEL

    if options.model is not None and models.is_path(options.model):
        models.bring(options.model)
    given = {name: value for name in KNOBS if (value := getattr(options, name)) is not None}
    return config_from({"model": DEFAULT_MODEL} | given)


def _where(options: argparse.Namespace) -> dict[str, Any]:
    """On what a lane is computed."""
    return {"threads": options.threads, "device": options.device}


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
    from flowcore.data.files import read_pair
    from flowcore.export.sheet import flow_sheet
    from flowcore.io.flow_files import write_flow
    from flowcore.io.frames import write_frame
    from flowcore.metrics.convention import suspicion
    from flowcore.metrics.definitions import describe

    config = _config(options)
    pair = read_pair(
        options.first,
        options.second,
        options.truth,
        value_range=options.value_range,
        pages=options.pages,
        truth_format=options.truth_format,
    )
    say(pair.notes)
    if pair.truth is not None and not pair.truth.valid.any():
        say([f"{options.truth.name} knows no pixel of the true flow; left out."])
        pair = dataclasses.replace(pair, truth=None)
    pair = _prepared(pair, options)
    lane = _lane(pair, config, options)
    if options.out:
        write_flow(options.out, lane.estimate.flow)
    if options.png:
        write_frame(options.png, flow_sheet(pair, config.model, lane))
    flows = {
        "The true flow": pair.truth,
        "The external flow": lane.estimate.flow if _external_path(config) else None,
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


def _lane(pair: FramePair, config: PipelineConfig, options: argparse.Namespace) -> "Lane":
    """The flow that is asked for, with its numbers."""
    from flowcore.io.flow_files import interpret_flow
    from flowcore.io.guard import read_bytes
    from flowcore.lane import TIMED_RUNS, Lane, external_lane, measure_region, run_lane
    from flowcore.pipeline import run

    if options.region is not None:
        options.region.mask(pair.size)  # refused before the work, if it must be
    external = _external_path(config)
    if external:
        reading = interpret_flow(read_bytes(external, FlowFileError), name=external.name)
        say(filter(None, [reading.doubt]))
        lane = external_lane(pair, reading.flow, name=config.model)
    elif options.flow_only:
        return Lane(run(pair, config, warm_up=True, runs=TIMED_RUNS, **_where(options)), None, {})
    else:
        lane = run_lane(pair, config, **_where(options))
    if options.region is None:
        return lane
    return dataclasses.replace(lane, metrics=measure_region(pair, lane, options.region))


def _evaluate(options: argparse.Namespace) -> int:
    from flowcore.evaluation import Failure, PairScore, evaluate

    config, said = _config(options), set[str]()

    def prepare(pair: FramePair) -> FramePair:
        say(note for note in pair.notes if note not in said)
        said.update(pair.notes)
        return _prepared(pair, options)

    scores: list[PairScore] = []
    failed: list[Failure] = []
    is_stopped = False
    try:
        for outcome in evaluate(
            options.root,
            config,
            **_where(options),
            flows=_external_path(config),
            out=options.out,
            value_range=options.value_range,
            truth_format=options.truth_format,
            prepare=prepare,
        ):
            name = f"{outcome.dataset}/{outcome.sequence}"
            if isinstance(outcome, Failure):
                failed.append(outcome)
                print(f"{name}: {outcome.reason}", file=sys.stderr)
                continue
            scores.append(outcome)
            took = f", {outcome.timing.seconds:.2f} s" if outcome.timing else ""
            print(f"{name}: {outcome.epe:.3f} px{took}", file=sys.stderr)
            for sentence in outcome.suspicions:
                print(f"{name}: {sentence}", file=sys.stderr)
    except KeyboardInterrupt:
        is_stopped = True
        print("flowcore: stopped; what was done is kept.", file=sys.stderr)
    _print_scores(config, scores, failed, is_json=options.json)
    if is_stopped:
        return 130
    if failed and not scores:
        print(f"flowcore: none of {len(failed)} pairs could be measured", file=sys.stderr)
        return 2
    return 1 if failed else 0


def _print_scores(
    config: PipelineConfig, scores: "list[PairScore]", failed: "list[Failure]", *, is_json: bool
) -> None:
    from flowcore.evaluation import score_datasets

    datasets = score_datasets(scores)
    if is_json:
        print_json(
            {
                "model": config.model,
                "pairs": [score.as_json() for score in scores],
                "datasets": {name: score.as_json() for name, score in datasets.items()},
                "failed": [dataclasses.asdict(failure) for failure in failed],
            }
        )
        return
    print(f"{'dataset':16} {'pairs':>5} {'EPE px':>9} {'Fl-all %':>9}   (mean of pair means)")
    for name, score in datasets.items():
        means = score.means
        filled = (
            f"   {means['density']:.1f} % known; gaps filled: "
            f"{means['epe_filled']:.3f} px, {means['fl_all_filled']:.2f} %"
        )
        line = f"{name:16} {score.pairs:5} {means['epe']:9.3f} {means['fl_all']:9.2f}"
        print(line + (filled if means["density"] < 100 else ""))
