"""A tiny run on this machine: its form, its progress with live curves, and what it leaves."""

import shlex

import streamlit as st

from flowcore.errors import FlowcoreError
from flowcore.jobs.job import Job
from flowcore.models.registry import learnt_architectures
from flowcore.training.config import Stage, TrainingConfig
from flowcore.training.curves import LoggedRun, parse_log
from flowcore.training.recipe import as_toml
from pages.components.takeaway import takeaway
from pages.components.ticking import redraw
from pages.components.training_curves import show_curves
from pages.components.training_figures import draw, lines_of
from pages.components.training_task import THREADS, train_here
from pages.components.words import as_text
from pages.components.work import ask, describe, look, shared_queue

__all__ = ["choose_config", "show_run"]

SIZES = {"96 x 64": (64, 96), "128 x 96": (96, 128), "192 x 128": (128, 192)}
MAX_STEPS = 600
WINDOW = 10  # steps that the live curves are smoothed over
CONFIG_FILE = "tiny.toml"
RUN_GRACE_SECONDS = 120  # a run is worth more than a lane


def choose_config() -> tuple[TrainingConfig, bool]:
    """The run as last submitted, and whether Start was just pressed."""
    st.caption(
        "Trains a net from random weights on scenes of moving patterns. It shows how training "
        f"behaves; {MAX_STEPS} steps do not make a good model."
    )
    with st.form("tiny-form"), st.container(horizontal=True, vertical_alignment="bottom"):
        model = st.selectbox("Model", _nets(), width=160, **_bound("model"))
        steps = st.number_input("Steps", 5, MAX_STEPS, 60, 5, width=120, **_bound("steps"))
        rate = st.number_input(
            "Learning rate",
            1e-6,
            1.0,
            1e-3,
            1e-4,
            format="%g",
            width=150,
            help="Climbs to this over the first sixth of the steps, then falls along a half "
            "cosine. 0.001 learns; with 1 the error explodes at first.",
            **_bound("rate"),
        )
        batch = st.number_input("Batch, pairs", 1, 4, 4, width=120, **_bound("batch"))
        size = st.selectbox("Scene, px", list(SIZES), 1, width=140, **_bound("size"))
        seed = st.number_input("Seed", 0, 2**31, 0, width=120, **_bound("seed"))
        pressed = st.form_submit_button("Start", type="primary")
    return _config(model, steps, rate, batch, SIZES[size], seed), pressed


def show_run(config: TrainingConfig, is_wanted: bool) -> None:
    """The run of this config: started if wanted, watched while it lasts, shown when it is over."""
    key = f"train:{config.digest}"
    job = (
        ask(key, train_here, config, again=True, grace=RUN_GRACE_SECONDS)
        if is_wanted
        else look(key)
    )
    if job is None:
        return
    redraw([job], lambda: _show_so_far(job, config), every=0.5)
    if not job.is_over:
        return
    if job.state == "cancelled":
        st.warning("Cancelled.")
    elif job.state == "failed":
        st.error(as_text(job.error))
    else:
        st.success(f"{config.model}: {config.steps} steps in {job.seconds:.0f} s.")
    _show_log(job, config)


def _show_so_far(job: Job, config: TrainingConfig) -> None:
    """Progress, the curves so far, and a button to cancel."""
    st.progress(job.progress, f"{config.model}: {describe(job)}")
    st.button("Cancel", key="tiny-cancel", on_click=shared_queue("lanes").cancel, args=(job.key,))
    run = _run_of(job, config)
    if run is not None:
        figure = draw("Error", lines_of("Error", [run], WINDOW), [run])
        st.plotly_chart(figure, width="stretch", key="tiny-live", alt="Chart: error so far")


def _show_log(job: Job, config: TrainingConfig) -> None:
    """The curves of a run that is over, its log, and what repeats it."""
    run = _run_of(job, config)
    if run is not None:
        show_curves([run], key="tiny", window=WINDOW)
    with st.container(horizontal=True):
        if run is not None:
            takeaway(
                "Log (CSV)",
                lambda: job.result or job.partial,
                f"{run.name}.seed{config.seed}.csv",
                help="Drop it above to compare it with others.",
            )
        with st.popover("Copy as command and config"):
            st.caption(f"Save the config as `{CONFIG_FILE}`. The command repeats this very run.")
            st.code(as_toml(config), "toml")
            words = ["python", "-m", "flowcore", "train", CONFIG_FILE]
            st.code(shlex.join([*words, "--threads", str(THREADS), "--device", "cpu"]), "bash")


def _run_of(job: Job, config: TrainingConfig) -> LoggedRun | None:
    """The log of the job so far; none before its first row."""
    data = job.result or job.partial
    try:
        return LoggedRun(f"{config.model}.{config.tag}", (parse_log(data),)) if data else None
    except FlowcoreError:
        return None


def _config(
    model: str, steps: int, rate: float, batch: int, size: tuple[int, int], seed: int
) -> TrainingConfig:
    """A run of one short stage; the averaged net forgets quickly, as there are few steps."""
    stage = Stage(
        name="tiny",
        steps=steps,
        batch=batch,
        size=size,
        iterations=6,
        learning_rate=rate,
        warm_up=max(1, steps // 6),
    )
    return TrainingConfig(
        model=model,
        tag="tiny",
        stages=(stage,),
        seed=seed,
        precision="float32",
        ema=0.9,
        validate_every=max(5, steps // 4),
        log_every=max(1, steps // 60),
    )


def _nets() -> list[str]:
    """The nets that can be trained, the smallest first."""
    names = [name for name in learnt_architectures() if name.startswith("scope_")]
    return sorted(names, key=lambda name: (len(name), name))


def _bound(name: str) -> dict[str, str]:
    return {"key": f"tiny-{name}", "bind": "query-params"}
