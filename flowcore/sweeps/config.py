"""What a sweep is told: a TOML file with data sets, and a grid of settings to go through."""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import ConfigDict, Field

from flowcore import models
from flowcore.data.datasets import Dataset, open_dataset, sample_dataset
from flowcore.errors import ConfigError
from flowcore.knobs import KNOBS, WAYS_TO_CUT, Knob, caption, config_from
from flowcore.models import ModelCard
from flowcore.pipeline import DEFAULT_MODEL
from flowcore.robustness.corruptions.kinds import CORRUPTIONS, SEVERITIES
from flowcore.settings import read_table, validated
from flowcore.types import PipelineConfig

__all__ = [
    "MAX_LANES",
    "SweepConfig",
    "SweepLane",
    "lanes_of",
    "load_sweep",
    "open_datasets",
    "selected",
    "sweep_toml",
]

MAX_LANES = 10_000
SAMPLES = "samples"
_WHOLE = ("none", "whole")  # the value of a lane that does not say
_CORRUPTION = "corruption"
_BY_WORD = {knob.word: knob for knob in KNOBS.values()}

Value: TypeAlias = bool | int | float | str
Values: TypeAlias = Value | Annotated[list[Value], Field(min_length=1)]


class SweepLane(NamedTuple):
    """A lane, and what is done to every pair first: ``KIND:SEVERITY``, or nothing."""

    config: PipelineConfig
    corruption: str = ""

    @property
    def title(self) -> str:
        """For people."""
        words = self.corruption.replace("_", " ").replace(":", " ")
        return ", ".join(filter(None, (caption(self.config), words)))


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """A sweep.

    Parameters
    ----------
    name : str
        What the store calls it; see `title`.
    data : tuple of str
        Folders as `evaluate` takes them, and the word ``samples``. Relative paths count from where
        the command runs.
    layout, split : str, optional
        As of `evaluate`, of each of them.
    find : str
        Only the pairs in whose name this is, upper or lower case; all if left out.
    most : int, optional
        Of these so many of each data set, the first ones.
    threads : int, optional
        Processor threads of each estimate; as torch is set if left out.
    device : str, optional
    runs : int
        How often each estimate is timed at most.
    grid : mapping of word to values
        A word of the command line without its dashes, such as ``chunks``, or ``corruption``: every
        combination of the values is a lane. A setting that means nothing in a combination, such as
        the overlap of a whole frame, is left out of it.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[\w .,+-]{1,64}$")]
    data: Annotated[tuple[str, ...], Field(min_length=1)]
    layout: str | None = None
    split: str | None = None
    find: Annotated[str, Field(pattern=r"^[^\r\n]{0,80}$")] = ""
    most: Annotated[int, Field(ge=1)] | None = None
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    device: str | None = None
    runs: Annotated[int, Field(ge=1, le=100)] = 1
    grid: dict[str, Values] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the store calls it: other pairs under the same name are another sweep."""
        parts = self.name, self.find and f"with {self.find}", self.most and f"first {self.most}"
        return ", ".join(part for part in parts if part)


def load_sweep(path: Path) -> SweepConfig:
    """The sweep in a TOML file; it is called as the file is unless it says otherwise.

    Raises
    ------
    ConfigError
        The file cannot be read, or a key or value is not one that is known.
    """
    name = re.sub(r"[^\w .,+-]", " ", path.stem)[:64]
    table = {"name": name, **read_table(path, what="sweep")}
    return validated(SweepConfig, path, table, what="sweep")


def open_datasets(config: SweepConfig) -> list[Dataset]:
    """The data sets of a sweep; errors as of `open_dataset` and `selected`."""
    return [
        selected(
            config,
            sample_dataset().part(config.split)
            if place == SAMPLES and not Path(place).exists()
            else open_dataset(Path(place).resolve(), layout=config.layout, split=config.split),
        )
        for place in config.data
    ]


def selected(config: SweepConfig, dataset: Dataset) -> Dataset:
    """The data set with those pairs only that a sweep asks for.

    Raises
    ------
    ConfigError
        There is none.
    """
    words = config.find.lower()
    pairs = [pair for pair in dataset.pairs if words in f"{pair.dataset}/{pair.sequence}".lower()]
    if not pairs:
        raise ConfigError(f"No pair has {config.find!r} in its name.")
    return replace(dataset, pairs=tuple(pairs[: config.most]))


def sweep_toml(config: SweepConfig) -> str:
    r"""A sweep as the file that `load_sweep` reads.

    Examples
    --------
    >>> sweep_toml(SweepConfig(name="a", data=("samples",), grid={"scale": [1, 0.5]})).split("\n")
    ['name = "a"', 'data = ["samples"]', 'runs = 1', '', '[grid]', 'scale = [1, 0.5]']
    """
    table = {one.name: getattr(config, one.name) for one in fields(config) if one.name != "grid"}
    lines = [f"{key} = {_toml(value)}" for key, value in table.items() if value not in (None, "")]
    grid = [f"{word} = {_toml(values)}" for word, values in config.grid.items()]
    return "\n".join([*lines, "", "[grid]", *grid])


def _toml(value: object) -> str:
    """Text, numbers, switches and lists of them are written in TOML as in JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", r"\u007f")


def lanes_of(grid: Mapping[str, Value | Sequence[Value]]) -> list[SweepLane]:
    """Every combination of the values of a grid, each once, in their order.

    Raises
    ------
    ConfigError
        A word or value that is not known, no such model, or more than ``MAX_LANES``.

    Examples
    --------
    >>> [lane.title for lane in lanes_of({"model": "dis_fast", "chunks": ["whole", "2x2"],
    ...                                   "overlap": [16, 64]})]
    ['dis_fast', 'dis_fast, 2x2, overlap 16', 'dis_fast, 2x2, overlap 64']
    """
    grid = {"model": DEFAULT_MODEL, **grid}
    choices = [[_read(word, value) for value in _listed(values)] for word, values in grid.items()]
    cards = {name: models.describe(name) for _, name in choices[list(grid).index("model")]}
    lanes: dict[SweepLane, None] = {}
    for combination in itertools.product(*choices):
        lanes[_lane(dict(combination), cards)] = None
        if len(lanes) > MAX_LANES:
            raise ConfigError(f"The grid has more than {MAX_LANES:,} lanes; take fewer values.")
    return list(lanes)


def _listed(values: Value | Sequence[Value]) -> Sequence[Value]:
    return [values] if isinstance(values, Value) else values


def _read(word: str, value: Value) -> tuple[str, Any]:
    """The name of a setting and its value, from what the grid says."""
    if word == _CORRUPTION:
        return word, _read_corruption(str(value))
    knob = _BY_WORD.get(word)
    if knob is None:
        known = ", ".join([*_BY_WORD, _CORRUPTION])
        raise ConfigError(f"The grid has no setting {word[:40]!r}; there are {known}.")
    if knob.name == "model":
        return word, _read_model(str(value))
    return knob.name, _value(knob, value)


def _value(knob: Knob, value: Value) -> Any:
    if isinstance(value, bool) != knob.is_switch:
        kind = "true or false" if knob.is_switch else "a value, not true or false"
        raise ConfigError(f"{knob.word} in the grid: expected {kind}, got {value!r}.")
    if knob.is_switch:
        return value
    if not knob.choices and value in _WHOLE:
        return knob.default
    if knob.choices and value not in knob.choices:
        raise ConfigError(
            f"{knob.word} in the grid: choose from {', '.join(knob.choices)}, got {value!r}."
        )
    try:
        return knob.parse(str(value))
    except ConfigError as error:
        raise ConfigError(f"{knob.word} in the grid: {error}") from error


def _read_model(name: str) -> str:
    if name.startswith("external:"):
        raise ConfigError("A sweep estimates: the flows of another tool are scored by `evaluate`.")
    if models.is_path(name) and name not in models.available():
        raise ConfigError(
            f"{name[:80]}: name the file in the environment's FLOWCORE_MODELS, so that every "
            "process of the sweep knows it."
        )
    return models.describe(name).name


def _read_corruption(text: str) -> str:
    if text == "none":
        return ""
    kind, _, severity = text.partition(":")
    if kind not in CORRUPTIONS or severity not in map(str, SEVERITIES):
        raise ConfigError(
            f"A corruption in the grid is none or KIND:SEVERITY such as fog:3, got {text[:40]!r}; "
            f"kinds are {', '.join(CORRUPTIONS)}, severities 1 to 5."
        )
    return text


def _lane(values: dict[str, Any], cards: Mapping[str, ModelCard]) -> SweepLane:
    """The lane of a combination, without what means nothing in it."""
    corruption, card = values.pop(_CORRUPTION, ""), cards[values["model"]]
    has = {
        "": True,
        "chunks": any(values.get(way) for way in WAYS_TO_CUT),
        "iterations": card.default_iterations is not None,
        "weights": card.is_learnt,
    }
    kept = {name: value for name, value in values.items() if has[KNOBS[name].needs]}
    return SweepLane(config_from(kept), corruption)
