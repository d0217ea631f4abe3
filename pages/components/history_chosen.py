"""What can be done with the runs that are chosen: two side by side, open in Compare, delete."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from flowcore import models
from flowcore.errors import InputError
from flowcore.history import data_name, facts_side_by_side
from flowcore.knobs import KNOBS, values_of
from flowcore.leaderboard import compare, values_of_pairs
from flowcore.metrics.definitions import describe
from flowcore.store import RunRecord, RunStore, default_path
from flowcore.types import PipelineConfig
from pages.components.dataset_roots import SAMPLES, name_of, opened
from pages.components.dataset_takeaway import evaluate_command
from pages.components.history_runs import Runs, scores_of
from pages.components.presets import LANE_KNOBS, MAX_LANES
from pages.components.words import as_text

__all__ = ["show_chosen"]


def show_chosen(runs: Runs, chosen: Sequence[int]) -> None:
    """For two runs what they differ in; for any the way to Compare, and away."""
    records = [runs.records[number] for number in chosen]
    if not records:
        st.caption("Tick two runs to see them side by side; any number to open or delete them.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        _open_in_compare(runs, records)
        _show_commands(records)
        _delete(records)
    if len(records) == 2:
        _show_two(runs, *records)


def _show_two(runs: Runs, first: RunRecord, second: RunRecord) -> None:
    st.subheader(f"Run {first.id} beside run {second.id}", anchor=False)
    ours, theirs = (scores_of(one, int(runs.table.loc[one.id, "done"])) for one in (first, second))
    key = "epe" if any("epe" in score.metrics for score in ours) else "psnr"
    try:
        (mean, low, high, wins), count = compare(ours, theirs, key)
    except InputError as error:
        st.info(as_text(error))
    else:
        metric = describe(key)
        with st.container(horizontal=True):
            st.metric(
                f"{metric.label}, {metric.unit}: run {first.id} minus run {second.id}",
                f"{mean:+.3f}",
                width=320,
                help="Mean over the pairs that both have.",
            )
            st.metric("95 % interval", f"{low:+.3f} to {high:+.3f}", width=300)
            st.metric(f"Run {first.id} wins", f"{wins:.0f} % of {count:,} pairs", width=240)
    facts = facts_side_by_side(first, second)
    st.dataframe(
        facts.drop(columns="differs").style.apply(
            lambda row: ["font-weight: 700" if facts.loc[row.name, "differs"] else ""] * len(row),
            axis="columns",
        ),
        alt="Settings of the two runs; bold where they differ",
    )
    _show_numbers(first, second)


def _show_numbers(first: RunRecord, second: RunRecord) -> None:
    """Every mean that both have."""
    common = [key for key in first.metrics if key in second.metrics]
    with st.expander("All means"):
        table = pd.DataFrame(
            {
                f"run {record.id}": [record.metrics[key] for key in common]
                for record in (first, second)
            },
            index=pd.Index(common, name="metric"),
        )
        st.dataframe(table, placeholder="-", alt="Means of the two runs")


def _open_in_compare(runs: Runs, records: Sequence[RunRecord]) -> None:
    """A link to these lanes on the pair on which the first of them is worst."""
    lanes = [one.facts.config for one in records if _is_offered(one.facts.config)]
    lanes = list(dict.fromkeys(lanes))[:MAX_LANES]
    if not lanes:
        st.caption(
            "Compare has no such lane: its model is not here any more, or its chunks are given by "
            "size or by memory.",
            width="content",
        )
        return
    query = {"lanes": str(len(lanes))}
    for number, config in enumerate(lanes, start=1):
        for name, value in values_of(config).items():
            knob = KNOBS[name]
            text = str(value).lower() if knob.is_switch else knob.write(value)
            query[f"{knob.word}{number}"] = text
    where = _worst_pair(runs, records[0])
    st.page_link(
        "compare.py",
        label="Open in Compare",
        query_params=query | where,
        help="On the pair on which the first of them is worst."
        if where
        else f"The lanes alone: {data_name(records[0])} is none of the data sets of this server.",
    )


def _show_commands(records: Sequence[RunRecord]) -> None:
    with st.popover("Copy as command"):
        st.caption(
            "ROOT is the folder of the data set; `--store` keeps the runs. Several lanes at once, "
            "and corrupted pairs, are a config for `flowcore sweep`."
        )
        for facts in (record.facts for record in records if not record.facts.corruption):
            command = evaluate_command(
                facts.config,
                facts.split,
                facts.threads,
                is_samples=name_of(facts.place) == SAMPLES,
            )
            st.code(command, "bash", wrap_lines=True)


def _is_offered(config: PipelineConfig) -> bool:
    """Whether Compare has a widget for all of it."""
    if config.model not in models.available():
        return False
    return values_of(config).keys() <= {"model", *(knob.name for knob in LANE_KNOBS)}


def _worst_pair(runs: Runs, record: RunRecord) -> dict[str, str]:
    """Where Compare shows it; nothing where the data set is not offered here."""
    name = name_of(record.facts.place)
    scores = scores_of(record, int(runs.table.loc[record.id, "done"]))
    values = values_of_pairs(scores, "epe") or {
        pair: -value for pair, value in values_of_pairs(scores, "psnr").items()
    }
    if name is None or not values:
        return {}
    worst = max(values, key=lambda pair: values[pair])
    split = record.facts.split or _split_of(name, worst)
    where = {"split": split} if split else {}
    return {"source": "Data set", "dataset": name, **where, "sequence": worst[1]}


def _split_of(name: str, pair: tuple[str, str]) -> str:
    """The part of a data set in which that pair lies; empty where it is there no more."""
    try:
        pairs = opened(name).pairs
    except InputError:
        return ""
    return next((one.split for one in pairs if (one.dataset, one.sequence) == pair), "")


def _delete(records: Sequence[RunRecord]) -> None:
    """Away with them, once that is confirmed; those that are on their way stay."""
    over = [record.id for record in records if record.status != "running"]
    count = f"{len(over)} {'run' if len(over) == 1 else 'runs'}"
    with st.popover("Delete"):
        if len(over) < len(records):
            st.caption("A run that is on its way cannot be deleted: stop its process first.")
        if over:
            st.write(
                f"Delete {count}, with the scores that no other run has? They would have to be "
                "computed again."
            )
            st.button(f"Delete {count}", type="primary", on_click=_forget, args=(over,))


def _forget(runs: Sequence[int]) -> None:
    with RunStore(default_path()) as store:
        store.delete(runs)
