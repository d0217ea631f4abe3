"""The options of a lane, and what they say."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowcore.errors import ConfigError
from flowcore.knobs import KNOBS, Knob, config_from
from flowcore.types import FramePair, PipelineConfig

__all__ = ["config_of", "external_path", "lane_options", "parsed", "prepared", "where"]

_EXTERNAL = "external:"


def lane_options(*, with_frames: bool = True) -> argparse.ArgumentParser:
    """A parser with every setting of a lane, for commands to share.

    ``with_frames`` adds how frames and truth are read and what is done to them first.
    """
    lane = argparse.ArgumentParser(add_help=False)
    for knob in KNOBS.values():
        if knob.is_switch:
            lane.add_argument(knob.flag, dest=knob.name, action="store_true", help=_help(knob))
        else:
            lane.add_argument(
                knob.flag,
                dest=knob.name,
                type=parsed(knob.parse),
                metavar=knob.metavar or None,
                choices=knob.choices or None,
                help=_help(knob),
            )
    lane.add_argument("--threads", type=int, metavar="N", help="processor threads")
    lane.add_argument("--device", metavar="NAME", help="cpu or cuda[:N]; a GPU where there is one")
    if not with_frames:
        return lane
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
    return lane


def _help(knob: Knob) -> str:
    return knob.help.replace("%", "%%")


def parsed(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """What reads an option, whose ConfigError becomes the command line's own complaint."""

    def parse(text: str) -> Any:
        try:
            return read(text)
        except ConfigError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def config_of(options: argparse.Namespace) -> PipelineConfig:
    """The config that is asked for; a model in a file is brought in."""
    from flowcore import models
    from flowcore.pipeline import DEFAULT_MODEL

    if options.model is not None and models.is_path(options.model):
        models.bring(options.model)
    given = {name: value for name in KNOBS if (value := getattr(options, name)) is not None}
    return config_from({"model": DEFAULT_MODEL} | given)


def where(options: argparse.Namespace) -> dict[str, Any]:
    """On what a lane is computed."""
    return {"threads": options.threads, "device": options.device}


def prepared(pair: FramePair, options: argparse.Namespace) -> FramePair:
    """The pair, made harder if that is asked for."""
    from flowcore.robustness.hardships import harder

    for kind in ("texture", "jpeg"):
        level = getattr(options, kind)
        if level is not None:
            pair = harder(pair, kind, level)
    return pair


def external_path(config: PipelineConfig) -> Path | None:
    """Where the flow of another tool lies, if that is what the lane shows."""
    if not config.model.startswith(_EXTERNAL):
        return None
    if config != PipelineConfig(config.model):
        raise ConfigError("An external flow is taken as it is: leave out scale, blur and chunks.")
    return Path(config.model.removeprefix(_EXTERNAL))
