"""Which models are measured, and in which ways."""

import streamlit as st

from flowcore import models
from flowcore.knobs import caption
from flowcore.types import ChunkGrid, PipelineConfig
from pages.components.lane_form import LaneChoice, run_and_threads
from pages.components.weights_import import import_weights_here

__all__ = ["choose_sizes"]

CLASSICAL = ("dis_medium", "farneback")  # beside every net that is here
CHUNKS = ChunkGrid(2, 2)
SCALE = 0.5


def choose_sizes() -> tuple[list[LaneChoice], int, bool]:
    """A lane for each model and way, as last run; the threads; whether Run was just pressed."""
    names = models.available()
    with st.form("sizes-form", border=False):
        chosen = st.multiselect(
            "Models", names, default=_defaults(models.distinct()), key="models", bind="query-params"
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            pressed, threads = run_and_threads()
            is_chunked = st.toggle(
                "Also in 2x2 chunks",
                key="chunked",
                bind="query-params",
                help="Chunked inference with an overlap of 32 px: less memory, more arithmetic.",
            )
            is_resized = st.toggle(
                "Also at half size",
                key="resized",
                bind="query-params",
                help="Both frames are resized by 0.5 before the model: a quarter of the pixels.",
            )
            is_repeated = st.toggle(
                "Also in two passes",
                key="repeated",
                bind="query-params",
                help="Models that refine go over the pair a second time, on frames twice as large.",
            )
    import_weights_here()
    if not chosen:
        st.info("Choose a model or two, then run.")
    configs = [
        config for name in chosen for config in _ways(name, is_chunked, is_resized, is_repeated)
    ]
    return [LaneChoice(caption(config), config) for config in configs], threads, pressed


def _defaults(names: list[str]) -> list[str]:
    """Every net that is here, by size, and two classical methods."""
    cards = [models.describe(name) for name in names]
    nets = sorted((card for card in cards if card.is_learnt), key=lambda card: card.num_bytes or 0)
    return [*(card.name for card in nets), *CLASSICAL]


def _ways(name: str, is_chunked: bool, is_resized: bool, is_repeated: bool) -> list[PipelineConfig]:
    configs = [PipelineConfig(name)]
    if is_chunked:
        configs.append(PipelineConfig(name, chunks=CHUNKS))
    if is_resized:
        configs.append(PipelineConfig(name, scale=SCALE))
    if is_repeated and models.describe(name).default_passes == 1:
        configs.append(PipelineConfig(name, passes=2))
    return configs
