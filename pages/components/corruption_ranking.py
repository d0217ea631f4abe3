"""Every corruption on every lane, when asked for: the table, and the ranking on both axes."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.robustness.corruptions.kinds import CORRUPTIONS
from flowcore.robustness.corruptions.sweep import CorruptionPoint, Rank, rank_lanes
from flowcore.types import FramePair
from pages.components.corruption_form import CorruptionChoice
from pages.components.corruption_view import take_points_away
from pages.components.runs import ask_lanes, wait_a_moment, watch
from pages.components.stress_lanes import StressLanes
from pages.components.stress_task import sweep_corruptions

__all__ = ["show_all_kinds"]

BEST = "font-weight: 700"


def show_all_kinds(pair: FramePair, chosen: StressLanes, choice: CorruptionChoice) -> None:
    """The shift of every lane under every kind at the chosen severity, and who ranks where."""
    st.subheader("All corruptions")
    if not st.toggle(
        "Run them all",
        key="all-kinds",
        bind="query-params",
        help=f"{len(CORRUPTIONS)} corruptions in five severities: 101 estimates for each lane, one "
        "lane after the other.",
    ):
        return
    name = f"all:{choice.wanted}:{choice.seed}"
    kinds = tuple(CORRUPTIONS)
    runs = ask_lanes(
        name, sweep_corruptions, pair, chosen.lanes, kinds, choice.wanted, choice.seed,
        threads=chosen.threads, again=chosen.again,
    )  # fmt: skip
    swept = watch(wait_a_moment(runs), key="cancel-all", again="Run again")
    if not swept:
        return
    ranks = rank_lanes(swept)
    _show_scatter(ranks, chosen)
    _show_table(swept, choice.severity)
    take_points_away("All corruptions", pair, chosen, swept, (), choice.wanted, choice.seed)


def _show_scatter(ranks: Sequence[Rank], chosen: StressLanes) -> None:
    """Accuracy to the right, robustness upwards; in words where there is no truth or one lane."""
    known = [rank for rank in ranks if rank.epe is not None]
    if len(known) > 1:
        figure = go.Figure()
        for rank in known:
            figure.add_scatter(
                x=[rank.epe],
                y=[rank.shift],
                name=rank.lane,
                mode="markers+text",
                text=[rank.lane],
                textposition="top center",
                marker={"size": 12, "color": chosen.colors[rank.lane]},
                cliponaxis=False,
                hovertemplate="EPE %{x:.3f} px, shift %{y:.3f} px",
                showlegend=False,
            )
        figure.update_xaxes(title_text="EPE on the pair as it is, px", rangemode="tozero")
        figure.update_yaxes(title_text="mean flow shift, px", rangemode="tozero")
        figure.update_layout(height=340, margin={"t": 30, "b": 10, "l": 10, "r": 10})
        st.plotly_chart(figure, width="stretch", key="ranking", alt="Accuracy against robustness")
    st.caption(
        "Best at the lower left. Most robust first: "
        + "; ".join(f"{rank.lane} ({_places(rank)})" for rank in ranks)
        + "."
    )


def _places(rank: Rank) -> str:
    accuracy = "" if rank.accuracy_rank is None else f", {rank.accuracy_rank} in accuracy"
    return f"{rank.robustness_rank} in robustness{accuracy}"


def _show_table(swept: Mapping[str, Sequence[CorruptionPoint]], severity: int) -> None:
    """A row for each kind, a column for each lane; the best of a row is bold."""
    table = pd.DataFrame(
        {
            title: {point.kind: point.shift for point in points if point.severity == severity}
            for title, points in swept.items()
        }
    )
    table.insert(0, "family", [CORRUPTIONS[kind].family for kind in table.index])
    table.index = [CORRUPTIONS[kind].label for kind in table.index]
    lanes = list(swept)

    def mark(row: pd.Series) -> list[str]:
        return ["", *(BEST if row[lane] == row[lanes].min() else "" for lane in lanes)]

    st.markdown(f"Flow shift at severity {severity}, px: lower is better, the best of a row bold")
    st.dataframe(
        table.style.apply(mark, axis=1),
        height="content",
        column_config={
            lane: st.column_config.NumberColumn(f"{lane} ↓", format="%.3f") for lane in lanes
        },
        alt=f"Flow shift of every lane under every corruption at severity {severity}",
    )
