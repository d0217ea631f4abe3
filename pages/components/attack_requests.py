"""What takes further attacks, or many calls: the transfer matrix, defences, where a spot hurts."""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.io.frames import encode_frame
from flowcore.lane import estimate_key
from flowcore.robustness.attacks.defences import DEFENCES, DefenceRow
from flowcore.robustness.attacks.transfer import TransferMatrix, can_attack
from flowcore.types import FloatArray, FramePair, UInt8Array
from flowcore.viz.importance import importance_picture
from pages.components.attack_form import AttackChoice
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, ask_lanes, watch
from pages.components.stress_lanes import StressLanes
from pages.components.stress_task import cross_attacks, map_vulnerability, try_defences
from pages.components.takeaway import takeaway
from pages.components.work import ask

__all__ = ["show_requests"]

USUAL_DEFENCES = ("blur", "jpeg", "chunks")
CELLS = (16, 32, 64)


def show_requests(pair: FramePair, chosen: StressLanes, choice: AttackChoice) -> list[str]:
    """Switches, and what they ask for; the words that ask the command line for the same."""
    words: list[str] = []
    st.subheader("Further")
    with st.container(horizontal=True):
        matrix = _switch("Transfer matrix", "matrix", "Attacks every lane, measures it on all.")
        defences = _switch(
            "Defences", "defend", "Under this attack, and under one that knows the defence."
        )
        spots = _switch(
            "Vulnerability map", "map", "The damage that one spot does, by its place; any lane."
        )
    if matrix:
        _show_matrix(pair, chosen, choice)
        words.append("--matrix")
    if defences and (names := _choose_defences()):
        _show_defences(pair, chosen, choice, names)
        words += ["--defences", *names]
    if spots:
        cell = st.segmented_control(
            "Cell, px", CELLS, default=32, required=True, key="cell", bind="query-params"
        )
        _show_map(pair, chosen, choice, cell)
        words += ["--vulnerability", str(cell)]
    return words


def _switch(label: str, key: str, about: str) -> bool:
    return st.toggle(label, key=key, bind="query-params", help=about)


def _show_matrix(pair: FramePair, chosen: StressLanes, choice: AttackChoice) -> None:
    configs = [lane.config for lane in chosen.lanes]
    made_on = [config for config in configs if can_attack(config, choice.threat)]
    also_on = [config for config in configs if config not in made_on]
    names = [config.model for config in [*made_on, *also_on]]
    st.markdown("**Made on (rows), measured on (columns)**: flow shift of the saved frames, px")
    if not made_on:
        st.info("None of these lanes has the gradient that this attack needs.")
        return
    lanes = [estimate_key(pair, config, threads=chosen.threads) for config in configs]
    job = ask(
        f"matrix:{choice.key}:{lanes}", cross_attacks, pair, made_on, also_on, choice.threat,
        chosen.threads, again=chosen.again,
    )  # fmt: skip
    runs = [Run(LaneChoice("transfer matrix", choice.lane.config), job)] if job else []
    for found in watch(runs, key="cancel-matrix", again="Run again").values():
        _draw_matrix(found, names)
        if also_on:
            blind = ", ".join(config.model for config in also_on)
            st.caption(f"Measured alone, for want of a gradient: {blind}.")


def _draw_matrix(found: TransferMatrix, names: Sequence[str]) -> None:
    rows = [f"{attacked.config.model}, {attacked.threat.method}" for attacked in found.attacked]
    table = pd.DataFrame(found.damage, rows, names)
    st.dataframe(
        table,
        column_config={
            name: st.column_config.NumberColumn(name, format="%.3f", help="Higher is worse.")
            for name in names
        },
        alt="Transfer matrix: flow shift in px",
    )
    _csv("Matrix (CSV)", table, "flowscope-transfer.csv")


def _choose_defences() -> list[str]:
    return st.multiselect(
        "Tried",
        [name for name in DEFENCES if name != "none"],
        USUAL_DEFENCES,
        format_func=lambda name: DEFENCES[name].label,
        key="defences",
        bind="query-params",
        help="Each takes an attack of its own; the median five times as long.",
    )


def _show_defences(
    pair: FramePair, chosen: StressLanes, choice: AttackChoice, names: Sequence[str]
) -> None:
    lane = LaneChoice(f"defences of {choice.lane.title}", choice.lane.config)
    runs = ask_lanes(
        f"defences:{choice.key}:{','.join(names)}", try_defences, pair, [lane], choice.threat,
        tuple(names), threads=chosen.threads, again=chosen.again,
    )  # fmt: skip
    for rows in watch(runs, key="cancel-defences", again="Run again").values():
        _draw_defences(rows, is_targeted=choice.threat.is_targeted)


def _draw_defences(rows: Sequence[DefenceRow], *, is_targeted: bool) -> None:
    def column(name: str, label: str, about: str) -> dict[str, object]:
        return {name: st.column_config.NumberColumn(label, format="%.3f", help=about)}

    table = pd.DataFrame(
        {
            DEFENCES[row.name].label: {
                "cost": row.cost,
                "epe": row.epe,
                "unknowing": row.unknowing.damage,
                "knowing": row.knowing.damage,
                **({"near": row.unknowing.gain, "nearer": row.knowing.gain} if is_targeted else {}),
            }
            for row in rows
        }
    ).T.dropna(axis=1, how="all")
    st.dataframe(
        table,
        column_config={
            **column("cost", "Cost, px ↓", "How far the defence moves the clean flow."),
            **column("epe", "EPE clean, px ↓", "Behind the defence, of the pair as it is."),
            **column(
                "unknowing",
                "Damage, unknowing, px ↓",
                "Of the attack that was made without the defence.",
            ),
            **column(
                "knowing",
                "Damage, knowing, px ↓",
                "Of an attack that was made through the defence.",
            ),
            **column("near", "Nearer to target, unknowing, px ↓", "What the attack is after."),
            **column("nearer", "Nearer to target, knowing, px ↓", "What the attack is after."),
        },
        alt="What each defence costs and is worth",
    )
    st.caption("A defence is worth what is left of it against an attacker who knows it.")
    _csv("Defences (CSV)", table, "flowscope-defences.csv")


def _show_map(pair: FramePair, chosen: StressLanes, choice: AttackChoice, cell: int) -> None:
    frames = choice.threat.frames
    lane = LaneChoice(f"map of {choice.lane.title}", choice.lane.config)
    runs = ask_lanes(
        f"map:{cell}:{frames}", map_vulnerability, pair, [lane], cell, frames,
        threads=chosen.threads, again=chosen.again,
    )  # fmt: skip
    for found in watch(runs, key="cancel-map", again="Run again").values():
        _draw_map(pair, found, cell, choice.lane.title)


def _draw_map(pair: FramePair, found: FloatArray, cell: int, title: str) -> None:
    row, col = np.unravel_index(found.argmax(), found.shape)
    caption = (
        f"{title}: damage of one pixel in the middle of each cell, brightest {found.max():.4f} px "
        f"on average over the frame (x {col * cell + cell // 2}, y {row * cell + cell // 2}), "
        f"median {np.median(found):.4f} px"
    )
    picture = encode_frame(_map_picture(pair, found, cell), format="jpeg")
    st.image(picture, caption, width=720, alt=caption)
    _csv("Map (CSV)", pd.DataFrame(found), "flowscope-vulnerability.csv")


def _map_picture(pair: FramePair, found: FloatArray, cell: int) -> UInt8Array:
    """The map over the first frame; what is beyond its last whole cell stays dark."""
    height, width = pair.size
    rows, cols = found.shape
    large = cv2.resize(found, (cols * cell, rows * cell), interpolation=cv2.INTER_NEAREST)
    filled = np.pad(large, ((0, height - rows * cell), (0, width - cols * cell)))
    return importance_picture(pair.first, filled)


def _csv(label: str, table: pd.DataFrame, name: str) -> None:
    takeaway(label, lambda: csv_of(table, index=True), name)
