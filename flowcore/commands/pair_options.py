"""The options of two frames, and the pair that they name."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flowcore.commands.lane_options import prepared
from flowcore.commands.output import say
from flowcore.errors import InputError
from flowcore.types import FramePair

if TYPE_CHECKING:
    from flowcore.data.roles import Role

__all__ = ["add_pair_options", "asked_pair"]


_KNOWN: "dict[Role, str]" = {
    "visible_truth": "true flow where it is visible (KITTI's noc), beside --truth",
    "occluded": "mask of what is hidden in the second frame: white = hidden",
    "invalid": "mask of what is not to be matched (Sintel's invalid)",
    "labels": "a class number per pixel",
    "second_labels": "the same of the second frame",
    "objects": "map of moving objects (KITTI's): 0 = background",
}


def add_pair_options(parser: argparse.ArgumentParser) -> None:
    """The frames and their truth; how they are read is among the options of a lane."""
    parser.add_argument("first", type=Path, metavar="FIRST")
    parser.add_argument("second", type=Path, metavar="SECOND")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="true flow, any format")
    for role, meaning in _KNOWN.items():
        parser.add_argument(f"--{role.replace('_', '-')}", type=Path, metavar="FILE", help=meaning)
    parser.add_argument(
        "--pages",
        type=_two_pages,
        default=(None, None),
        metavar="I,J",
        help="pages of TIFFs with several, from 0: that of FIRST and that of SECOND",
    )


def _two_pages(text: str) -> tuple[int, int]:
    try:
        first, second = map(int, text.split(","))
    except ValueError as error:
        message = f"Expected two page numbers such as 0,1, got {text[:40]!r}."
        raise argparse.ArgumentTypeError(message) from error
    return first, second


def asked_pair(options: argparse.Namespace) -> FramePair:
    """The pair that is asked for, made harder if that is asked for too; what is assumed is said."""
    from flowcore.data.files import read_pair
    from flowcore.data.roles import decode_known, with_known
    from flowcore.io.guard import read_bytes

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
        pair = replace(pair, truth=None)
    for role in _KNOWN:
        path = getattr(options, role)
        if path is not None:
            data = read_bytes(path, InputError)
            known = decode_known(data, role, name=path.name, truth_format=options.truth_format)
            pair = with_known(pair, role, known, name=path.name)
    return prepared(pair, options)
