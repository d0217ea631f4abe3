"""A lane along frames in a row."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flowcore.commands.lane_options import config_of, lane_options, where
from flowcore.commands.output import Commands, add_json_option, print_json, write_file
from flowcore.errors import InputError

if TYPE_CHECKING:
    from flowcore.data.datasets import Pair
    from flowcore.data.reels import Reel
    from flowcore.scores import Failure, PairScore
    from flowcore.types import PipelineConfig

__all__ = ["add_commands"]

_SHOWN = ("epe", "fl_all", "photometric_error", "psnr", "flicker", "flicker_truth")


def add_commands(commands: Commands) -> None:
    """The command and its options."""
    sequence = commands.add_parser(
        "sequence",
        parents=[lane_options(with_frames=False)],
        help="a lane along a video, an image sequence or a scene of a data set",
    )
    sequence.add_argument(
        "root", type=Path, metavar="ROOT", help="a video, frames in a folder, or a data set"
    )
    sequence.add_argument("--name", metavar="NAME", help="which sequence, where there are several")
    sequence.add_argument("--split", metavar="NAME", help="of the data set: this part alone")
    sequence.add_argument(
        "--layout", metavar="NAME", help="what ROOT is, where its folders fit several"
    )
    sequence.add_argument(
        "--from", dest="begin", type=int, default=1, metavar="N", help="the first pair (1)"
    )
    sequence.add_argument("--pairs", type=int, metavar="N", help="so many (all)")
    sequence.add_argument("--csv", type=Path, metavar="FILE", help="the numbers of every pair")
    sequence.add_argument("--mp4", type=Path, metavar="FILE", help="frames and flows as a film")
    sequence.add_argument("--zip", type=Path, metavar="FILE", help="the flows as .flo files")
    sequence.set_defaults(command=_sequence)
    add_json_option(sequence)


class _Kept(NamedTuple):
    """A pair that was measured; where its flow lies, and the speed of its full color in px."""

    files: "Pair"
    flow: Path
    speed: float


def _sequence(options: argparse.Namespace) -> int:
    from flowcore.data.datasets import open_dataset
    from flowcore.export.sequence import sequence_document
    from flowcore.io.scratch import scratch_folder
    from flowcore.scores import PairScore

    config = config_of(options)
    _require_folders(options)
    dataset = open_dataset(options.root, layout=options.layout, split=options.split)
    reel = _reel(dataset.pairs, options)
    pairs = _part(reel, options)
    outcomes: list[PairScore | Failure] = []
    kept: list[_Kept] = []
    is_stopped = False
    with scratch_folder() as folder:
        try:
            _follow(pairs, config, options, folder, outcomes, kept)
        except KeyboardInterrupt:
            is_stopped = True
        scores = [one for one in outcomes if isinstance(one, PairScore)]
        document = sequence_document(config.model, reel.name, options.begin, outcomes)
        if options.json:
            print_json(document)
        else:
            _print_means(document["means"], len(scores))
        if scores:
            _write_files(scores, kept, config, options)
    return _status(len(scores), len(outcomes), is_stopped=is_stopped)


def _require_folders(options: argparse.Namespace) -> None:
    """Refuse what could not be written in the end."""
    for path in filter(None, (options.csv, options.mp4, options.zip)):
        if not path.absolute().parent.is_dir():
            raise InputError(f"Cannot write {path}: there is no folder {path.parent}.")


def _reel(pairs: "tuple[Pair, ...]", options: argparse.Namespace) -> "Reel":
    """The sequence that is asked for."""
    from flowcore.data.reels import reels_of

    reels = {reel.name: reel for reel in reels_of(pairs)}
    if not reels:
        raise InputError(f"{options.root} has no three frames in a row: its pairs stand alone.")
    if options.name is None and len(reels) == 1:
        return next(iter(reels.values()))
    if options.name not in reels:
        asked = "none" if options.name is None else repr(options.name[:60])
        names = ", ".join(list(reels)[:20]) + (", ..." if len(reels) > 20 else "")
        raise InputError(f"Say by --name which sequence of {names}; got {asked}.")
    return reels[options.name]


def _part(reel: "Reel", options: argparse.Namespace) -> "tuple[Pair, ...]":
    last = len(reel.pairs)
    count = last - options.begin + 1 if options.pairs is None else options.pairs
    if not 1 <= options.begin <= last or not 1 <= count <= last - options.begin + 1:
        raise InputError(
            f"{reel.name} has pairs 1 to {last}, got --from {options.begin} and {count} pairs."
        )
    return reel.pairs[options.begin - 1 : options.begin - 1 + count]


def _follow(
    pairs: "tuple[Pair, ...]",
    config: "PipelineConfig",
    options: argparse.Namespace,
    folder: Path,
    outcomes: "list[PairScore | Failure]",
    kept: list[_Kept],
) -> None:
    """Fill both lists; the flows lie in the folder, if they are needed."""
    from flowcore.io.flow_files import write_flow
    from flowcore.scores import Failure
    from flowcore.sequences import follow
    from flowcore.viz.flow_color import shared_max_magnitude

    for files, moment in zip(pairs, follow(pairs, config, **where(options)), strict=True):
        outcome = moment if isinstance(moment, Failure) else moment.score
        outcomes.append(outcome)
        place = f"{len(outcomes)}/{len(pairs)} {files.dataset}/{files.sequence}"
        print(f"{place}: {_in_words(outcome)}", file=sys.stderr)
        if (options.mp4 or options.zip) and not isinstance(moment, Failure):
            path = folder / f"{len(outcomes)}.flo"
            write_flow(path, moment.flow)
            kept.append(_Kept(files, path, shared_max_magnitude([moment.flow])))


def _in_words(outcome: "PairScore | Failure") -> str:
    from flowcore.scores import Failure

    if isinstance(outcome, Failure):
        return outcome.reason
    numbers = [f"{key} {outcome.value(key):.3f}" for key in _SHOWN if key in outcome.metrics]
    return ", ".join(numbers)


def _write_files(
    scores: "list[PairScore]",
    kept: list[_Kept],
    config: "PipelineConfig",
    options: argparse.Namespace,
) -> None:
    """What is asked for of numbers, film and flow files."""
    from flowcore.export.sequence import flows_mp4, flows_zip, sequence_csv
    from flowcore.io.flow_files import read_flow
    from flowcore.knobs import caption

    title = caption(config)
    if options.csv is not None:
        write_file(options.csv, sequence_csv({title: scores}).encode())
    if options.mp4 is not None:
        moments = ((one.files.first_frame(), read_flow(one.flow)) for one in kept)
        speed = max(one.speed for one in kept)
        write_file(options.mp4, flows_mp4(moments, title, max_magnitude=speed))
    if options.zip is not None:
        named = ((f"{one.files.dataset}/{one.files.sequence}", one.flow) for one in kept)
        flows = ((name, read_flow(path)) for name, path in named)
        write_file(options.zip, flows_zip(flows, config, threads=options.threads))


def _print_means(means: dict[str, float], num_pairs: int) -> None:
    from flowcore.metrics.definitions import describe

    print(f"means over {num_pairs} pairs")
    for key in _SHOWN:
        if key in means:
            metric = describe(key)
            unit = "" if metric.unit == "1" else f" {metric.unit}"
            print(f"{metric.label:28} {means[key]:9.3f}{unit}")


def _status(num_measured: int, num_tried: int, *, is_stopped: bool) -> int:
    """The exit status; what was done is printed by now."""
    if is_stopped:
        print("flowcore: stopped; what was done is kept.", file=sys.stderr)
        return 130
    if not num_measured:
        print(f"flowcore: none of {num_tried} pairs could be measured", file=sys.stderr)
        return 2
    return 1 if num_measured < num_tried else 0
