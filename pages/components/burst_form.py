"""Which nets reconstruct the burst; the baselines always stand beside them."""

from dataclasses import dataclass

import streamlit as st

from flowcore.bursts.options import DEFAULT_NET
from flowcore.bursts.restore import BASELINES
from flowcore.models.burst_store import burst_cards
from flowcore.types import Burst

__all__ = ["BurstChoice", "BurstLane", "choose_methods"]

MAX_NETS = 4
LABELS = {
    "noisy": "middle frame as it is",
    "mean": "mean",
    "median": "median",
    "nlm_multi": "non-local means",
    "aligned_mean": "flow-aligned mean",
}


@dataclass(frozen=True)
class BurstLane:
    """One way to the middle frame; ``stride`` is None as trained, and for baselines."""

    title: str
    method: str
    stride: int | None = None


@dataclass(frozen=True)
class BurstChoice:
    """The lanes, and whether those that failed or were cancelled are to run again."""

    lanes: tuple[BurstLane, ...]
    is_pressed: bool


def choose_methods(burst: Burst) -> BurstChoice:
    """The nets that are chosen, then all baselines."""
    variants = {lane.title: lane for lane in _variants()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        default = [title for title in (DEFAULT_NET, "burst.static") if title in variants]
        names = st.multiselect(
            "Nets",
            list(variants),
            default,
            max_selections=MAX_NETS,
            key="burst-nets",
            bind="query-params",
            help="Up to four. With overlap, target patches lie closer together than they are wide "
            "and are blended: no block edges, for several times the work.",
        )
        pressed = st.button("Run again", help="Repeats what failed or was cancelled.")
    _explain(names)
    baselines = [BurstLane(LABELS[method], method) for method in BASELINES]
    return BurstChoice((*(variants[name] for name in names), *baselines), pressed)


def _variants() -> list[BurstLane]:
    """Each net as trained, and with target patches that overlap by half."""
    lanes = []
    for name, card in burst_cards().items():
        lanes.append(BurstLane(name, name))
        half = card.config.target_field // 2
        if half < card.config.step and half % card.config.token == 0:
            lanes.append(BurstLane(f"{name}, overlap {half} px", name, half))
    return lanes


def _explain(names: list[str]) -> None:
    cards = burst_cards()
    with st.expander("What the nets are"):
        for name in dict.fromkeys(title.partition(",")[0] for title in names):
            card = cards[name]
            config, weights = card.config, card.weights
            st.markdown(
                f"**{name}**: {weights.num_params:,} parameters, {weights.num_bytes:,} bytes. "
                f"Sees {config.source_field} px of every frame, predicts {config.target_field} px; "
                f"tokens of {config.token} px, {config.layers} layers of {config.heads} heads, "
                f"{config.d_model} channels. Trained: {weights.recipe}; {weights.data}. "
                f"Licence: {weights.licence}. Weak where: {weights.training['failures']}."
            )
        st.markdown(
            "Baselines: mean and median of the frames; OpenCV's non-local means over all frames, "
            "its strength from the estimated noise; the mean of all frames, each warped to the "
            "middle one by our flow model."
        )
