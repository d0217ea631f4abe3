"""The middle frame by every method: pictures, errors on one scale, and a table."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from flowcore.bursts.restore import Restoration
from flowcore.export.table import csv_of
from flowcore.io.frames import encode_frame
from flowcore.types import Burst, FloatArray, UInt8Array
from flowcore.viz.error import error_to_color
from flowcore.viz.sheet import panel_sheet
from pages.components.burst_form import LABELS
from pages.components.takeaway import takeaway

__all__ = ["show_restorations"]

PER_ROW = 4
MAX_ERROR = 40.0  # gray levels that are brightest
BEST = "font-weight: 700"
COLUMNS = {
    "psnr": ("PSNR, dB ↑", "%.2f", "Against the clean middle frame, peak 255. Higher is better."),
    "ssim": ("SSIM ↑", "%.3f", "Structural similarity, at most 1. Higher is better."),
    "edge_ratio": (
        "Block edges ↓",
        "%.3f",
        "RMS error at the edges of the patches over that inside them; 1 where no edge is seen, "
        "lower is better. For methods without patches: of blocks of 8 px, for comparison.",
    ),
    "seconds": ("Time, s ↓", "%.3f", "The reconstruction alone, nets loaded. Lower is better."),
}


def show_restorations(burst: Burst, found: Mapping[str, Restoration]) -> None:
    """The pictures, the table, and what can be taken away."""
    st.header("The middle frame")
    if not found:
        return
    pictures = _pictures(burst, found)
    for row in _rows(pictures):
        for column, (title, picture) in zip(st.columns(PER_ROW), row, strict=False):
            column.image(picture, title, width="stretch", alt=title)
    if burst.clean is None:
        st.caption("No clean frame is known, so nothing can be measured: judge by eye.")
    else:
        _verdict(found)
    table = pd.DataFrame(
        {title: {**one.scores, "seconds": one.seconds} for title, one in found.items()}
    ).T.rename_axis("method")
    _show_table(table)
    _downloads(found, pictures, table)


def _pictures(burst: Burst, found: Mapping[str, Restoration]) -> dict[str, UInt8Array]:
    """Frames or errors by title, as chosen; the clean frame first where it is known."""
    if burst.clean is None:
        return {title: one.frame for title, one in found.items()}
    what = st.segmented_control(
        "Show",
        ["Frames", "Errors"],
        default="Frames",
        required=True,
        key="burst-show",
        bind="query-params",
        help=f"Errors: mean absolute difference of the channels from the clean frame; black is "
        f"none, brightest is {MAX_ERROR:g} gray levels or more, in all pictures alike.",
    )
    if what == "Frames":
        return {"clean": burst.clean} | {
            _titled(title, one): one.frame for title, one in found.items()
        }
    return {
        _titled(title, one): error_to_color(_error(one, burst), max_error=MAX_ERROR)
        for title, one in found.items()
    }


def _rows(pictures: Mapping[str, UInt8Array]) -> list[list[tuple[str, UInt8Array]]]:
    titled = list(pictures.items())
    return [titled[start : start + PER_ROW] for start in range(0, len(titled), PER_ROW)]


def _titled(title: str, one: Restoration) -> str:
    return f"{title}: {one.scores['psnr']:.2f} dB"


def _error(one: Restoration, burst: Burst) -> FloatArray:
    difference = one.frame.astype(np.float32) - burst.clean
    return np.abs(difference).mean(-1)


def _verdict(found: Mapping[str, Restoration]) -> None:
    """Where attention wins, in a sentence."""
    nets = {title: one for title, one in found.items() if title not in LABELS.values()}
    others = {title: one for title, one in found.items() if title in LABELS.values()}
    if not nets or not others:
        return

    def psnr_of(item: tuple[str, Restoration]) -> float:
        return item[1].scores["psnr"]

    (net, ours), (other, theirs) = (max(group.items(), key=psnr_of) for group in (nets, others))
    gain = ours.scores["psnr"] - theirs.scores["psnr"]
    st.markdown(
        f"Best net: **{net}**, {abs(gain):.2f} dB {'above' if gain >= 0 else 'below'} the best "
        f"baseline, {other}."
    )


def _show_table(table: pd.DataFrame) -> None:
    shown = [key for key in COLUMNS if key in table]

    def mark(column: pd.Series) -> list[str]:
        best = column.max() if column.name in ("psnr", "ssim") else column.min()
        return [BEST if value == best else "" for value in column]

    marked = [key for key in shown if key in ("psnr", "ssim")]
    st.dataframe(
        table[shown].style.apply(mark, subset=marked),
        column_config={
            key: st.column_config.NumberColumn(label, format=form, help=text)
            for key, (label, form, text) in COLUMNS.items()
        },
        placeholder="-",
        alt="Figures of every method",
    )


def _downloads(
    found: Mapping[str, Restoration], pictures: Mapping[str, UInt8Array], table: pd.DataFrame
) -> None:
    with st.container(horizontal=True):
        takeaway(
            "Pictures (PNG)",
            lambda: encode_frame(panel_sheet(_rows(pictures))),
            "bursts.png",
        )
        takeaway("Figures (CSV)", lambda: csv_of(table, index=True), "bursts.csv")
        with st.popover("Middle frame"):
            for title, one in found.items():
                takeaway(
                    f"{title} (PNG)",
                    lambda frame=one.frame: encode_frame(frame),
                    "middle.png",
                    key=f"burst-middle-{title}",
                )
        with st.popover("Copy as command or Python"):
            methods = " ".join(dict.fromkeys(one.method for one in found.values()))
            st.caption("Frames in order; a sample is `--sample chelsea --motion 5 --noise 25`.")
            frames = " ".join(f"frame{number}.png" for number in range(5))
            st.code(
                f"python -m flowcore burst {frames} --method {methods} --out middle.png",
                "bash",
                wrap_lines=True,
            )
            st.code(
                "from flowcore.bursts.restore import restore\n"
                "from flowcore.data.bursts import sample_burst\n\n"
                'found = restore(sample_burst("chelsea"), "burst.dynamic")\n'
                "found.frame, found.scores",
                "python",
            )
