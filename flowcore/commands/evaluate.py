"""Errors over data sets."""

import argparse
import dataclasses
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from flowcore.commands.lane_options import config_of, external_path, lane_options, prepared, where
from flowcore.commands.output import Commands, add_json_option, print_json, say
from flowcore.errors import StoreError
from flowcore.types import FramePair, PipelineConfig

if TYPE_CHECKING:
    from flowcore.scores import Failure, PairScore

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """The commands and their options."""
    evaluate = commands.add_parser(
        "evaluate", parents=[lane_options()], help="errors over a data set"
    )
    evaluate.add_argument(
        "root",
        type=Path,
        metavar="ROOT",
        help="a data set in its own folders, pairs, or frames; or the word samples",
    )
    evaluate.add_argument("--split", metavar="NAME", help="of the data set: this part alone")
    evaluate.add_argument(
        "--layout", metavar="NAME", help="what ROOT is, where its folders fit several"
    )
    evaluate.add_argument("--out", type=Path, metavar="FOLDER", help="write one .flo per pair")
    evaluate.add_argument(
        "--store", type=Path, metavar="FILE", help="keep every run; compute nothing twice"
    )
    evaluate.set_defaults(command=_evaluate)
    add_json_option(evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from flowcore.data.datasets import open_dataset, sample_dataset
    from flowcore.evaluation import evaluate
    from flowcore.store import RunStore

    config, said = config_of(options), set[str]()

    def prepare(pair: FramePair) -> FramePair:
        say(note for note in pair.notes if note not in said)
        said.update(pair.notes)
        return prepared(pair, options)

    if options.root == Path("samples") and not options.root.exists():
        dataset = sample_dataset().part(options.split)
    else:
        dataset = open_dataset(options.root, layout=options.layout, split=options.split)
    outcomes: list[PairScore | Failure] = []
    stopped: BaseException | None = None
    with ExitStack() as stack:
        store = options.store and stack.enter_context(RunStore(options.store))
        try:
            for outcome in evaluate(
                dataset,
                config,
                **where(options),
                flows=external_path(config),
                out=options.out,
                value_range=options.value_range,
                truth_format=options.truth_format,
                prepare=prepare,
                store=store,
            ):
                outcomes.append(outcome)
                _report(outcome, f"{len(outcomes)}/{len(dataset.pairs)}")
        except (KeyboardInterrupt, StoreError) as error:
            stopped = error
    _print_scores(config, outcomes, is_json=options.json)
    return _status(outcomes, stopped)


def _status(outcomes: "list[PairScore | Failure]", stopped: BaseException | None) -> int:
    """The exit status; what was done is printed by now."""
    from flowcore.scores import Failure

    if isinstance(stopped, KeyboardInterrupt):
        print("flowcore: stopped; what was done is kept.", file=sys.stderr)
        return 130
    if stopped is not None:
        raise stopped
    num_failed = sum(isinstance(outcome, Failure) for outcome in outcomes)
    if num_failed == len(outcomes):
        print(f"flowcore: none of {num_failed} pairs could be measured", file=sys.stderr)
        return 2
    return 1 if num_failed else 0


def _report(outcome: "PairScore | Failure", place: str) -> None:
    """One line of progress, and what seems odd."""
    from flowcore.scores import Failure

    name = f"{outcome.dataset}/{outcome.sequence}"
    if isinstance(outcome, Failure):
        print(f"{place} {name}: {outcome.reason}", file=sys.stderr)
        return
    took = f", {outcome.timing.seconds:.2f} s" if outcome.timing else ""
    print(f"{place} {name}: {_main_number(outcome)}{took}", file=sys.stderr)
    for sentence in outcome.suspicions:
        print(f"{name}: {sentence}", file=sys.stderr)


def _main_number(score: "PairScore") -> str:
    return f"{score.epe:.3f} px" if "epe" in score.metrics else f"{score.value('psnr'):.2f} dB"


def _print_scores(
    config: PipelineConfig, outcomes: "list[PairScore | Failure]", *, is_json: bool
) -> None:
    from flowcore.scores import Failure, PairScore, score_datasets

    scores = [outcome for outcome in outcomes if isinstance(outcome, PairScore)]
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
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
        if "epe" not in means:
            print(f"{name:16} {score.pairs:5}   no truth: warp PSNR {means['psnr']:.2f} dB")
            continue
        filled = (
            f"   {means['density']:.1f} % known; gaps filled: "
            f"{means['epe_filled']:.3f} px, {means['fl_all_filled']:.2f} %"
        )
        line = f"{name:16} {score.pairs:5} {means['epe']:9.3f} {means['fl_all']:9.2f}"
        print(line + (filled if means["density"] < 100 else ""))
