"""What commands write: one JSON document, and nothing else, where it is asked for; and notes."""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from flowcore.errors import InputError

__all__ = ["Commands", "add_json_option", "print_json", "say", "write_file"]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_json_option(*commands: argparse.ArgumentParser) -> None:
    """Give commands their ``--json``."""
    for command in commands:
        command.add_argument("--json", action="store_true", help="one JSON document on stdout")


def print_json(document: object) -> None:
    """The document on standard output."""
    print(json.dumps(_finite(document), indent=2, allow_nan=False))


def say(notes: Iterable[str]) -> None:
    """What had to be assumed, on standard error."""
    for note in notes:
        print(note, file=sys.stderr)


def write_file(path: Path, content: bytes) -> None:
    """The file in full, or none of it.

    Raises
    ------
    InputError
        Its folder is missing, read-only or full.
    """
    from flowcore.io.atomic import write_bytes

    try:
        write_bytes(path, content)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror or error}.") from error


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
