"""Errors over folders of pairs."""

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flowcore.commands.lane_options import config_of, external_path, lane_options, prepared, where
from flowcore.commands.output import Commands, add_json_option, print_json, say
from flowcore.types import FramePair, PipelineConfig

if TYPE_CHECKING:
    from flowcore.evaluation import Failure, PairScore

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """The command and its options."""
    evaluate = commands.add_parser(
        "evaluate", parents=[lane_options()], help="errors over folders of pairs"
    )
    evaluate.add_argument(
        "root", type=Path, metavar="ROOT", help="ROOT/<dataset>/<sequence>/frame1.png ..."
    )
    evaluate.add_argument("--out", type=Path, metavar="FOLDER", help="write one .flo per pair")
    evaluate.set_defaults(command=_evaluate)
    add_json_option(evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from flowcore.evaluation import Failure, PairScore, evaluate

    config, said = config_of(options), set[str]()

    def prepare(pair: FramePair) -> FramePair:
        say(note for note in pair.notes if note not in said)
        said.update(pair.notes)
        return prepared(pair, options)

    scores: list[PairScore] = []
    failed: list[Failure] = []
    is_stopped = False
    try:
        for outcome in evaluate(
            options.root,
            config,
            **where(options),
            flows=external_path(config),
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
