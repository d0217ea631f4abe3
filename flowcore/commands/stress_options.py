"""What the commands that stress a lane share: two frames, further models, and where they go."""

import argparse
from dataclasses import replace
from pathlib import Path

from flowcore.commands.lane_options import prepared
from flowcore.commands.output import say
from flowcore.types import FramePair, PipelineConfig

__all__ = ["add_pair_options", "asked_lanes", "asked_pair", "write_pair"]


def add_pair_options(parser: argparse.ArgumentParser) -> None:
    """The frames, their truth, the seed, and what is done with the result."""
    parser.add_argument("first", type=Path, metavar="FIRST")
    parser.add_argument("second", type=Path, metavar="SECOND")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="true flow, any format")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random")
    parser.add_argument(
        "--on", nargs="+", default=[], metavar="NAME", help="more models to measure"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the frames as PNG")


def asked_pair(options: argparse.Namespace) -> FramePair:
    """The two frames that are asked for, made harder if that is asked for too."""
    from flowcore.data.files import read_pair

    pair = read_pair(
        options.first,
        options.second,
        options.truth,
        value_range=options.value_range,
        truth_format=options.truth_format,
    )
    say(pair.notes)
    return prepared(pair, options)


def asked_lanes(options: argparse.Namespace, config: PipelineConfig) -> list[PipelineConfig]:
    """The lane that is asked for, and the same with further models, as far as they refine."""
    from flowcore import models

    for name in filter(models.is_path, options.on):
        models.bring(name)
    others = [models.describe(name) for name in options.on]
    return [
        config,
        *(
            replace(
                config,
                model=card.name,
                iterations=config.iterations if card.default_iterations else None,
            )
            for card in others
        ),
    ]


def write_pair(folder: Path, stem: str, pair: FramePair) -> None:
    """Both frames as PNG; the folder is made."""
    from flowcore.io.frames import write_frame

    folder.mkdir(parents=True, exist_ok=True)
    write_frame(folder / f"{stem}first.png", pair.first)
    write_frame(folder / f"{stem}second.png", pair.second)
