"""Settings in a TOML file, checked in full before anything is done with them."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from flowcore.errors import ConfigError

__all__ = ["read_table", "validated"]

_Config = TypeVar("_Config")


def read_table(path: str | Path, *, what: str) -> dict[str, Any]:
    """The settings in a file; ``what`` they are of, as a message says it, such as "sweep".

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The {what} config {path} cannot be read: {error}.") from error


def validated(
    kind: type[_Config], path: str | Path, table: dict[str, Any], *, what: str
) -> _Config:
    """The settings of a file as a config of that kind.

    Raises
    ------
    ConfigError
        A key or value is not one that is known.
    """
    try:
        return TypeAdapter(kind).validate_python(table)
    except ValidationError as error:
        raise ConfigError(f"The {what} config {path}: {_first_fault(error)}") from error


def _first_fault(error: ValidationError) -> str:
    """The first of pydantic's complaints, as a sentence that names the place."""
    faults = [
        fault
        for fault in error.errors(include_url=False)
        if not (fault["type"] == "too_short" and fault["input"])  # short of what was refused above
    ]
    fault = faults[0]
    place = ".".join(map(str, fault["loc"]))
    rest = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    if fault["type"] == "unexpected_keyword_argument":
        return f"there is no setting {place}{rest}."
    if fault["type"] == "missing":
        return f"the setting {place} is missing{rest}."
    message = fault["msg"].lower().removeprefix("value error, ")
    return f"{place}: {message}, got {fault['input']!r}{rest}."
