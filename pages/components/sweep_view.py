"""A sweep on the page Datasets: a grid of lanes planned, run, and followed on the page History."""

import hashlib
from pathlib import Path

import pandas as pd
import streamlit as st

from flowcore.cost import format_bytes
from flowcore.data.datasets import Dataset
from flowcore.errors import FlowcoreError
from flowcore.store import default_path
from flowcore.sweeps.config import SweepConfig, lanes_of, selected, sweep_toml
from flowcore.types import PipelineConfig
from pages.components.dataset_picker import Choice
from pages.components.dataset_runs import GRACE_SECONDS
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, wait_a_moment, watch
from pages.components.sweep_form import choose_sweep
from pages.components.sweep_task import SweepPlan, plan_sweep, run_sweep
from pages.components.turns import gave_way, give_way
from pages.components.words import as_text, counted, width_of
from pages.components.work import ask, look, shared_queue

__all__ = ["show_sweep"]

MAX_LANES = 60
TURN_SECONDS = 60  # to begin anew means to plan anew


def show_sweep(choice: Choice) -> None:
    """The settings, what they come to, and a button that starts it."""
    try:
        config, pressed = choose_sweep(choice)
        if config is None:
            st.info("Choose a grid, and press Plan to see what it comes to. Nothing runs before.")
            return
        dataset = selected(config, choice.dataset)
        count = len(lanes_of(config.grid))
    except FlowcoreError as error:
        st.error(as_text(error))
        return
    if count > MAX_LANES:
        st.error(f"The grid has {count:,} lanes; up to {MAX_LANES} run from this page; the command "
                 "takes the config below.")  # fmt: skip
        _show_config(config)
        return
    plan = _plan(config, dataset, again=pressed)
    if plan is not None:
        _show_plan(plan)
        _run(config, dataset, plan)
    _show_config(config)


def _plan(config: SweepConfig, dataset: Dataset, *, again: bool) -> SweepPlan | None:
    """What the sweep comes to, once that is known; planned anew after it has run."""
    running = look(_key("sweep", config, dataset))
    stamp = running.state if running is not None and running.is_over else ""
    job = ask(f"{_key('plan', config, dataset)}{stamp}", plan_sweep, config, dataset,
              default_path(), again=again)  # fmt: skip
    if job is None:
        return None
    run = Run(LaneChoice("Plan", PipelineConfig("plan")), job)
    found: SweepPlan | None = watch(wait_a_moment([run]), key="cancel-plan", again="Plan").get(
        "Plan"
    )
    return found


def _show_plan(plan: SweepPlan) -> None:
    table = pd.DataFrame(plan.lanes).set_index("title").rename_axis("lane")
    total, missing = int(table["pairs"].sum()), int(table["missing"].sum())
    left = "Nothing is left to compute."
    if missing:
        memory = format_bytes(plan.peak_bytes)
        left = f"{plan.time_in_words} Memory: up to {memory} beside the program."
    st.caption(
        f"{counted(len(table), 'lane')}, {counted(total, 'estimate')}: "
        f"{total - missing:,} in the store, {missing:,} missing. {left}"
    )
    for title, warning in table["warning"][table["warning"] != ""].items():
        st.warning(as_text(f"{title}: {warning}"))
    number = st.column_config.NumberColumn
    st.dataframe(
        table.assign(peak_bytes=table["peak_bytes"] / 1e6).drop(columns="warning"),
        column_config={
            "_index": st.column_config.TextColumn("Lane", width=width_of(table.index)),
            "pairs": number("Pairs", format="localized"),
            "missing": number("Missing", format="localized", help="To be computed."),
            "seconds": number("Time of one, s", format="%.3f", help="As the last run on this "
                              "machine had it, of these threads."),
            "peak_bytes": number("Memory, MB", format="%.0f", help="That one estimate is expected "
                                 "to take at most."),
        },
        placeholder="-",
        alt="Lanes of the sweep and what they are expected to take",
    )  # fmt: skip


def _run(config: SweepConfig, dataset: Dataset, plan: SweepPlan) -> None:
    key = _key("sweep", config, dataset)
    job = look(key)
    missing = sum(lane.missing for lane in plan.lanes)
    is_on_its_way = job is not None and not job.is_over
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Start the sweep", type="primary", disabled=is_on_its_way or not missing,
            help="Goes on for ten minutes once its page is left; what was done is kept.",
        )  # fmt: skip
        st.page_link(
            "history.py", label="Follow it in History", query_params=_in_history(config, dataset)
        )
    if pressed or gave_way(job):
        shared_queue("lanes").drop(key)
        job = ask(key, run_sweep, config, dataset, default_path(), grace=GRACE_SECONDS)
    if job is None:
        return
    runs = [Run(LaneChoice("Sweep", PipelineConfig("sweep")), job)]
    if not job.is_over:
        give_way(runs, TURN_SECONDS)
    done = watch(runs, key="cancel-sweep", again="Start").get("Sweep")
    if done is not None and done.num_failed:
        st.warning(
            as_text(f"{counted(done.num_failed, 'estimate')} failed. The first: {done.reason}")
        )


def _in_history(config: SweepConfig, dataset: Dataset) -> dict[str, str]:
    """Where History shows it: as ``flowcore.history.data_name`` calls the data set."""
    split = dataset.splits if len(dataset.splits) == 1 else []
    return {"sweep": config.title, "set": " ".join([Path(dataset.place).name, *split])}


def _show_config(config: SweepConfig) -> None:
    with st.expander("As a config for the command line"):
        st.caption(
            "ROOT is the folder of the data set. Saved as `sweep.toml`: "
            "`flowcore sweep sweep.toml --plan`, and without `--plan` to run it."
        )
        st.code(sweep_toml(config), "toml")


def _key(what: str, config: SweepConfig, dataset: Dataset) -> str:
    told = repr((config, dataset.place, hash(dataset.pairs))).encode()
    return f"{what}:{hashlib.sha256(told).hexdigest()}"
