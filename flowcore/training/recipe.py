"""A config as the text of the TOML file that ``load_config`` reads."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from flowcore.training.config import TrainingConfig

__all__ = ["as_toml"]


def as_toml(config: TrainingConfig) -> str:
    """The settings that differ from the defaults, as TOML.

    Examples
    --------
    >>> from flowcore.training.config import Stage
    >>> config = TrainingConfig(model="scope_070", stages=(Stage(name="only", steps=9),))
    >>> as_toml(config).splitlines()
    ['model = "scope_070"', '', '[[stages]]', 'name = "only"', 'steps = 9']
    """
    return "\n".join(_lines(config)) + "\n"


def _lines(settings: Any, prefix: str = "") -> Iterator[str]:
    """The plain settings, then the tables below them, each under its heading."""
    tables = []
    for name, value in _changed(settings):
        if is_dataclass(value):
            tables.append((f"[{prefix}{name}]", name, value))
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            tables += [(f"\n[[{prefix}{name}]]", name, one) for one in value]
        else:
            yield f"{name} = {_value(value)}"
    for heading, name, table in tables:
        yield from heading.splitlines()
        yield from _lines(table, f"{prefix}{name}.")


def _changed(settings: Any) -> Iterator[tuple[str, Any]]:
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value != _default(field):
            yield field.name, value


def _default(field: "Field[Any]") -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _value(value: Any) -> str:
    """Strings, numbers, booleans and lists of them are the same in JSON, and those in TOML."""
    return json.dumps(value, ensure_ascii=False)
