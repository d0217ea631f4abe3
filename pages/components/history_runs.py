"""The runs of the store, as they are now: read when the file changes, by whatever process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import streamlit as st

from flowcore.cost import format_bytes
from flowcore.history import GROUPS, runs_table
from flowcore.scores import PairScore
from flowcore.store import RunRecord, RunStore, default_path

__all__ = ["Runs", "choose_runs", "scores_of", "stored_runs", "watch_store"]

WATCH_SECONDS = 2
STALE_SECONDS = 10  # a process that has been killed writes nothing
ALL = "all"
Stamp: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Runs:
    """What the store has.

    Parameters
    ----------
    stamp : tuple
        Of the file when it was read.
    records : mapping of number to RunRecord
    table : DataFrame
        As of ``flowcore.history.runs_table``, the latest run first.
    num_bytes : int
        Of the file.
    """

    stamp: Stamp
    records: Mapping[int, RunRecord]
    table: pd.DataFrame
    num_bytes: int

    @property
    def in_words(self) -> str:
        """How many runs there are, and what they take on disk."""
        count = len(self.records)
        return (
            f"{count:,} {'run' if count == 1 else 'runs'}, {format_bytes(self.num_bytes)} on disk."
        )


def stored_runs() -> Runs:
    """All runs; errors as of ``flowcore.store.RunStore``."""
    return _read(default_path(), _stamp(default_path()))


def watch_store(runs: Runs) -> None:
    """Run the page again as soon as the store has more to say."""
    _watch(default_path(), runs.stamp)


def scores_of(record: RunRecord, done: int) -> list[PairScore]:
    """The scores of a run, of which so many pairs are done."""
    return _scores(default_path(), record.id, done)


def choose_runs(runs: Runs) -> tuple[pd.DataFrame, str]:
    """The rows that the user wants to see, and the setting that groups them.

    They are of one data set, as runs of different ones don't compare.
    """
    table = runs.table
    with st.container(horizontal=True, vertical_alignment="bottom"):
        data = _choose("Data set", table["data"], "set", width=240)
        shown = table[table["data"] == data]
        sweep = _choose("Sweep", pd.Series([ALL, *shown["sweep"]]), "sweep", width=200)
        if sweep != ALL:
            shown = shown[shown["sweep"] == sweep]
        words = st.text_input(
            "Lanes that have", key="find", bind="query-params", max_chars=80,
            placeholder="all lanes", width=240,
        )  # fmt: skip
        wanted = words.strip().lower()
        shown = shown[[wanted in lane.lower() for lane in shown["lane"]]]
        several = [name for name in GROUPS if shown[name].nunique() > 1] or ["model"]
        return shown, _choose("Group by", pd.Series(several), "by", width=180)


def _choose(label: str, values: pd.Series, key: str, *, width: int) -> str:
    options = list(dict.fromkeys(values))
    chosen = st.selectbox(label, options, key=key, bind="query-params", width=width)
    return chosen if chosen in options else options[0]


@st.cache_resource(max_entries=2, ttl=STALE_SECONDS, show_spinner=False)
def _read(path: Path, stamp: Stamp) -> Runs:
    if not path.is_file():
        return Runs(stamp, {}, pd.DataFrame(), 0)
    with RunStore(path) as store:
        records = {record.id: record for record in store.runs()}
        table = runs_table(records.values(), store.counts())
        return Runs(stamp, records, table, store.num_bytes)


@st.cache_resource(max_entries=16, show_spinner=False)
def _scores(path: Path, run: int, done: int) -> list[PairScore]:
    with RunStore(path) as store:
        return [one for one in store.outcomes(run).values() if isinstance(one, PairScore)]


@st.fragment(run_every=WATCH_SECONDS)
def _watch(path: Path, seen: Stamp) -> None:
    if _stamp(path) != seen:
        st.rerun()


def _stamp(path: Path) -> Stamp:
    """Changes with the file, or with the log that SQLite keeps beside it while somebody writes."""
    stamps = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            found = file.stat()
        except OSError:
            continue
        if found.st_size:  # who only reads makes an empty log
            stamps.append((found.st_mtime_ns, found.st_size))
    return tuple(stamps)
