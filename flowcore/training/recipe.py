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
    knobs, tables = _sorted(config)
    lines = knobs
    for stage in tables.pop("stages"):
        knobs, parts = _sorted(stage)
        lines += ["", "[[stages]]", *knobs, *_tables(parts, prefix="stages.")]
    return "\n".join([*lines, *_tables(tables)]) + "\n"


def _sorted(settings: Any) -> tuple[list[str], dict[str, Any]]:
    """The plain settings as lines, and those that are tables of their own."""
    changed = dict(_changed(settings))
    tables = {
        name: value for name, value in changed.items() if name == "stages" or is_dataclass(value)
    }
    plain = [f"{name} = {_value(value)}" for name, value in changed.items() if name not in tables]
    return plain, tables


def _tables(tables: dict[str, Any], *, prefix: str = "") -> Iterator[str]:
    for name, settings in tables.items():
        yield f"[{prefix}{name}]"
        yield from (f"{key} = {_value(knob)}" for key, knob in _changed(settings))


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
