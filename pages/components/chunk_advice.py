"""Given a budget of memory and time: the best of the settings, expected and measured."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from flowcore.knobs import caption
from flowcore.size_points import SizePoint
from flowcore.types import FramePair, PipelineConfig
from pages.components.chunk_expected import expected, losses_of

__all__ = ["show_advice"]

SHOWN = 5
USUAL = "middlebury"  # small motion: chunks are not made to look better than they are
LOSS_HELP = "Against the same model on the whole frame without blur."
COLUMNS = {
    "settings": "Settings",
    "peak_mb": st.column_config.NumberColumn("Memory, MB ↓", format="%.0f"),
    "seconds": st.column_config.NumberColumn("Time, s ↓", format="%.3f"),
    "epe": st.column_config.NumberColumn("EPE, px ↓", format="%.3f"),
    "psnr": st.column_config.NumberColumn("PSNR, dB ↑", format="%.2f"),
    "loss": st.column_config.NumberColumn("EPE lost to whole, % ↓", format="%+.1f", help=LOSS_HELP),
    "low": st.column_config.NumberColumn(
        "Loss from, %", format="%+.1f", help="Lower end of its 95 % interval over the pairs."
    ),
    "high": st.column_config.NumberColumn(
        "Loss to, %", format="%+.1f", help="Upper end of its 95 % interval over the pairs."
    ),
}


def show_advice(
    pair: FramePair,
    model: str,
    points: Mapping[PipelineConfig, SizePoint],
    *,
    whole_seconds: float | None,
) -> None:
    """The settings within a budget, the best error first.

    At once those of the table that ships; beside them those that were measured on this pair.
    """
    st.header("Advice")
    with st.container(horizontal=True):
        memory = st.number_input(
            "Memory, MB", 1, 10**6, 500, 50, key="advice-mb", width=150,
            help="The most that one estimate may take beside the program itself.",
        )  # fmt: skip
        seconds = st.number_input(
            "Time, s", 0.001, 1e4, 10.0, 0.1, key="advice-s", width=150,
            help="The longest that one estimate may take on this machine.",
        )  # fmt: skip
    _show_expected(pair, model, memory, seconds, whole_seconds)
    if points:
        _show_measured(points, memory, seconds)
    else:
        st.caption("Measure a curve or two to be advised by this pair's own numbers as well.")


def _show_expected(
    pair: FramePair, model: str, memory: float, seconds: float, whole_seconds: float | None
) -> None:
    """What the table that ships says for this model."""
    by_data = losses_of(model)
    if not by_data:
        st.caption(f"What to expect of {model} was not measured beforehand.")
        return
    st.subheader("Expected")
    data = st.selectbox(
        "Losses as measured on",
        list(by_data),
        next((n for n, name in enumerate(by_data) if name.startswith(USUAL)), 0),
        key="advice-data",
        width=320,
        help="Large motion loses more than small motion: choose what is most like your frames. "
        "Generated pairs move by 8 to 80 px.",
    )
    rows = expected(pair, model, by_data[data], whole_seconds=whole_seconds)
    _choose([_titled(row) for row in rows], memory, seconds, "of the table")
    st.caption(
        "Memory is estimated for this pair's size, one chunk at a time"
        + ("." if whole_seconds is None else "; time follows from the whole frame's.")
    )


def _show_measured(
    points: Mapping[PipelineConfig, SizePoint], memory: float, seconds: float
) -> None:
    """The settings that were measured here."""
    st.subheader("Measured on this pair")
    quality = "epe" if any(point.value("epe") is not None for point in points.values()) else "psnr"
    rows = sorted(_rows(points, quality), key=lambda row: row[quality], reverse=quality == "psnr")
    if not rows:
        st.info("This system does not tell how much memory an estimate takes.")
        return
    _choose(rows, memory, seconds, "that was measured")


def _choose(rows: list[dict[str, object]], memory: float, seconds: float, of_what: str) -> None:
    """The first of the rows within the budget in words, and a table of some more."""
    fitting = [
        row
        for row in rows
        if row["peak_mb"] <= memory and (row["seconds"] is None or row["seconds"] <= seconds)
    ]
    if not fitting:
        least = min(row["peak_mb"] for row in rows)
        times = [row["seconds"] for row in rows if row["seconds"] is not None]
        quickest = f", the least time {min(times):.2f} s" if times else ""
        st.info(
            f"Nothing {of_what} keeps to this: the least memory is {least:.0f} MB{quickest}. "
            "Take more chunks, or a smaller model."
        )
        return
    best = fitting[0]
    took = "" if best["seconds"] is None else f", {best['seconds']:.2f} s"
    st.markdown(f"**{best['settings']}**: {best['peak_mb']:.0f} MB{took}{_loss(best)}.")
    st.dataframe(
        pd.DataFrame(fitting[:SHOWN]).dropna(axis=1, how="all"),
        hide_index=True,
        column_config=COLUMNS,
        placeholder="-",
        alt=f"Settings {of_what} within the budget",
    )


def _rows(points: Mapping[PipelineConfig, SizePoint], quality: str) -> list[dict[str, object]]:
    rows = []
    for config, point in points.items():
        found, memory = point.value(quality), point.value("peak_mb")
        if found is None or memory is None:
            continue
        whole = points.get(PipelineConfig(config.model))
        reference = whole.value("epe") if whole else None
        loss = 100 * (found / reference - 1) if reference else None
        rows.append(
            {
                "settings": _title(config),
                "peak_mb": memory,
                "seconds": point.seconds,
                quality: found,
                "loss": loss,
            }
        )
    return rows


def _titled(row: dict[str, object]) -> dict[str, object]:
    return {"settings": _title(row["config"])} | {k: v for k, v in row.items() if k != "config"}


def _title(config: PipelineConfig) -> str:
    return caption(config) if config.chunks else f"{caption(config)}, whole frame"


def _loss(row: Mapping[str, object]) -> str:
    if row["loss"] is None:
        return ""
    if not row["loss"]:
        return ", the EPE of the whole frame"
    more = "more" if row["loss"] > 0 else "less"
    return f", {abs(row['loss']):.1f} % {more} EPE than the whole frame"
