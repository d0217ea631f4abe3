"""What the commands that stress a lane share: a seed, further models, and frames to write."""

import argparse
from pathlib import Path

from flowcore.types import FramePair, PipelineConfig

__all__ = ["add_stress_options", "asked_lanes", "write_pair"]


def add_stress_options(parser: argparse.ArgumentParser) -> None:
    """The seed, further models, and where the frames go."""
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random")
    parser.add_argument(
        "--on",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="more models to measure",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the frames as PNG")


def asked_lanes(options: argparse.Namespace, config: PipelineConfig) -> list[PipelineConfig]:
    """The lane that is asked for, and the same with further models, as far as they refine."""
    from flowcore import models
    from flowcore.lane import with_model

    for name in filter(models.is_path, options.on):
        models.bring(name)
    return [config, *(with_model(config, name) for name in options.on)]


def write_pair(folder: Path, stem: str, pair: FramePair) -> None:
    """Both frames as PNG; the folder is made."""
    from flowcore.io.frames import write_frame

    folder.mkdir(parents=True, exist_ok=True)
    write_frame(folder / f"{stem}first.png", pair.first)
    write_frame(folder / f"{stem}second.png", pair.second)
