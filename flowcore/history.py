"""What was run, as tables: one row for each run, groups of them by a setting, two side by side."""

from collections.abc import Container, Iterable, Mapping
from pathlib import Path

import pandas as pd

from flowcore import models
from flowcore.errors import ModelError
from flowcore.knobs import KNOBS, Knob, caption, values_of
from flowcore.run_records import RunRecord
from flowcore.types import PipelineConfig

__all__ = ["GROUPS", "data_name", "facts_side_by_side", "grouped", "lane_title", "runs_table"]

GROUPS = (*(knob.word for knob in KNOBS.values()), "corruption", "sweep", "threads", "machine")
"""By what runs can be told apart: columns of `runs_table`."""


def lane_title(record: RunRecord) -> str:
    """What was run, in words.

    ``dis_fast, scale 0.5, fog 3``: the lane, and what was done to every pair first.
    """
    corruption = record.facts.corruption.replace("_", " ").replace(":", " ")
    return ", ".join(filter(None, (caption(record.facts.config), corruption)))


def data_name(record: RunRecord) -> str:
    """The data set and its part, without where it lies."""
    return " ".join(filter(None, (Path(record.facts.place).name, record.facts.split)))


def runs_table(records: Iterable[RunRecord], counts: Mapping[int, tuple[int, int]]) -> pd.DataFrame:
    """One row for each run, by its number.

    Columns: ``lane``, ``data``, ``status``, ``started``, ``pairs`` to be done, of which ``done``
    and ``failed``; those of `GROUPS`, as text; and every mean that any run has, NaN where it lacks
    it: "seconds" is of one estimate, "peak_mb" the most memory of one, "megabytes" are those of
    the weights.
    """
    rows, records = {}, list(records)
    sizes = {name: _megabytes(name) for name in {one.facts.config.model for one in records}}
    for record in records:
        done, failed = counts.get(record.id, (0, 0))
        facts = record.facts
        rows[record.id] = {
            "lane": lane_title(record),
            "data": data_name(record),
            "status": record.status,
            "started": record.started[:16],
            "pairs": facts.num_pairs,
            "done": done,
            "failed": failed,
            **{knob.word: _setting(facts.config, knob) for knob in KNOBS.values()},
            "corruption": facts.corruption or "none",
            "sweep": facts.sweep or "none",
            "threads": str(facts.threads or "all"),
            "machine": record.machine["name"],
            "megabytes": sizes[facts.config.model],
            **record.metrics,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")


def grouped(table: pd.DataFrame, by: str, keys: Iterable[str]) -> pd.DataFrame:
    """One row for each value of a setting: how many runs have it, and the means of their means."""
    groups = table.groupby(by, sort=False)
    means = groups[[key for key in keys if key in table]].mean()
    means.insert(0, "runs", groups.size())
    return means


def facts_side_by_side(first: RunRecord, second: RunRecord) -> pd.DataFrame:
    """What two runs were told and ran on, one row each; those in which they differ come first."""
    said = {name for one in (first, second) for name in values_of(one.facts.config)}
    columns = [_facts(record, said) for record in (first, second)]
    table = pd.DataFrame(
        {f"run {record.id}": facts for record, facts in zip((first, second), columns, strict=True)}
    ).fillna("none")
    differs = table.iloc[:, 0] != table.iloc[:, 1]
    table.insert(0, "differs", differs)
    return table.sort_values("differs", ascending=False, kind="stable").rename_axis("what")


def _megabytes(model: str) -> float:
    """Of its weights, 0 of a method without any; NaN of a model that is not here any more."""
    try:
        return (models.describe(model).num_bytes or 0) / 1e6
    except ModelError:
        return float("nan")


def _setting(config: PipelineConfig, knob: Knob) -> str:
    """A setting as text, that of a lane that does not say included."""
    value = values_of(config).get(knob.name, knob.default)
    if knob.is_switch:
        return "on" if value else "off"
    if value is None:
        return "whole" if knob.name == "chunks" else "none"
    return knob.write(value)


def _facts(record: RunRecord, said: Container[str]) -> dict[str, str]:
    """What a run was told, of the settings only those that are ``said``, and what it ran on."""
    facts = record.facts
    return {
        **{
            knob.label: _setting(facts.config, knob) for knob in KNOBS.values() if knob.name in said
        },
        "Corruption": facts.corruption or "none",
        "Data set": data_name(record),
        "Weights, sha256": (facts.weights or "none")[:12],
        "Threads": str(facts.threads or "all"),
        "Device": facts.device or "as found",
        "Machine": record.machine["name"],
        "Started, UTC": record.started[:16],
        **record.versions,
    }
