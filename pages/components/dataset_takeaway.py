"""What can be taken away from a data set: tables, and the commands that give the same."""

import shlex
from collections.abc import Mapping, Sequence

import streamlit as st

from flowcore.knobs import flags_of
from flowcore.leaderboard import leaderboard_latex, pairs_csv, pairs_parquet
from flowcore.types import PipelineConfig
from pages.components.dataset_picker import Choice
from pages.components.dataset_results import Board
from pages.components.dataset_roots import SAMPLES
from pages.components.dataset_runs import LaneScores
from pages.components.lane_form import LaneChoice
from pages.components.takeaway import takeaway

__all__ = ["evaluate_command", "show_takeaways"]


def show_takeaways(
    choice: Choice,
    lanes: Sequence[LaneChoice],
    found: Mapping[str, LaneScores],
    boards: Sequence[Board],
    *,
    threads: int,
) -> None:
    """Every pair as CSV and Parquet, the leaderboard as LaTeX, the commands."""
    scores = {title: lane.scores for title, lane in found.items() if lane.scores}
    with st.container(horizontal=True):
        takeaway("Pairs (CSV)", lambda: pairs_csv(scores), "pairs.csv", disabled=not scores)
        takeaway(
            "Pairs (Parquet)", lambda: pairs_parquet(scores), "pairs.parquet", disabled=not scores
        )
        takeaway(
            "Leaderboard (LaTeX)",
            lambda: "\n".join(leaderboard_latex(table, columns) for _, columns, table in boards),
            "leaderboard.tex",
            disabled=not boards,
        )
        with st.popover("Copy as command"):
            st.caption("ROOT is the folder of the data set; `--store` keeps the runs.")
            for lane in lanes:
                command = evaluate_command(
                    lane.config, choice.split, threads, is_samples=choice.name == SAMPLES
                )
                st.code(command, "bash", wrap_lines=True)


def evaluate_command(
    config: PipelineConfig, split: str, threads: int | None, *, is_samples: bool
) -> str:
    """What measures a lane on a data set in a terminal; ROOT stands for its folder."""
    words = ["flowcore", "evaluate", "samples" if is_samples else "ROOT"]
    words += ["--split", split] if split else []
    words += flags_of(config)
    words += ["--threads", str(threads)] if threads else []
    return shlex.join([*words, "--store", "runs.sqlite"])
