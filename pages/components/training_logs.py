"""Which logs are looked at: those that ship, and those that the user drops."""

import re
from pathlib import Path

import pandas as pd
import streamlit as st

from flowcore import models
from flowcore.errors import FlowcoreError
from flowcore.places import ASSETS
from flowcore.training.curves import LoggedRun, group_runs, parse_log, run_of
from pages.components.files import decoded
from pages.components.words import as_text

__all__ = ["choose_runs"]

SHIPPED = ASSETS / "training" / "logs"
NUM_SHOWN = 2  # of the shipped runs, until the user chooses
SEVERAL = "seeds of one run"


def choose_runs() -> list[LoggedRun]:
    """The chosen runs, each named differently; a file that is no log says so in its place."""
    ours, theirs = st.columns(2, gap="medium")
    with ours:
        logs = _shipped()
    with theirs:
        files = st.file_uploader(
            "Your logs",
            type="csv",
            accept_multiple_files=True,
            key="logs",
            help="`log.csv` of `python -m flowcore train`, one or more. Files named "
            "NAME.seed0.csv, NAME.seed1.csv, ... are seeds of one run.",
        )
        as_one = len(files) > 1 and st.toggle(f"They are {SEVERAL}", key="as-one")
        dropped: dict[str, pd.DataFrame] = {}
        for file in files:
            try:
                log = decoded(parse_log, file.getvalue())
            except FlowcoreError as error:
                st.error(f"{_plain(file.name)}: {as_text(error)}")
                continue
            dropped[_new_name(_plain(file.name), {**logs, **dropped})] = log
    runs = group_runs(logs)
    if as_one and dropped:
        return [*runs, LoggedRun(SEVERAL, tuple(dropped.values()))]
    return [*runs, *group_runs(dropped)]


def _shipped() -> dict[str, pd.DataFrame]:
    """The logs of the chosen runs, with every seed of each."""
    paths: dict[str, list[Path]] = {}
    for path in sorted(SHIPPED.glob("*.csv")):
        paths.setdefault(run_of(path.stem), []).append(path)
    if not paths:
        st.write("No learning curve ships with the app yet. Drop the log of a run of yours.")
        return {}
    beside = set(models.available()) - set(models.distinct())
    first = [name for name in paths if name not in beside][:NUM_SHOWN]
    names = st.multiselect("Shipped runs", list(paths), first, key="runs", bind="query-params")
    logs = {}
    for path in (path for name in names for path in paths[name]):
        try:
            logs[path.stem] = decoded(parse_log, path.read_bytes())
        except (OSError, FlowcoreError) as error:
            st.error(f"{path.stem}: {as_text(error)}")
    return logs


def _plain(file_name: str) -> str:
    """The name without its suffix and without markup: it stands in legends and texts."""
    stem = re.sub(r"\.csv$", "", file_name, flags=re.IGNORECASE)
    return re.sub(r"[^\w .,+-]", "", stem)[:40].strip() or "log"


def _new_name(name: str, taken: dict[str, pd.DataFrame]) -> str:
    """The name, numbered where it is taken."""
    number, new = 1, name
    while new in taken:
        number += 1
        new = f"{name} ({number})"
    return new
