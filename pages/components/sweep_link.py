"""From lanes side by side to a grid of their settings: where the page Datasets plans it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from flowcore.knobs import KNOBS, values_of
from flowcore.types import PipelineConfig
from pages.components.dataset_picker import DATASET, SEQUENCE, SPLIT, SWEEP
from pages.components.lane_form import LaneChoice
from pages.components.sweep_form import NUM_KNOBS

__all__ = ["offer_sweep", "sweep_query"]


def offer_sweep(lanes: Sequence[LaneChoice]) -> None:
    """A link to the sweep of these lanes over their pair, if there is such a grid."""
    query = sweep_query([lane.config for lane in lanes if lane.flow is None])
    if query:
        st.page_link(
            "datasets.py",
            label="Sweep these settings over many pairs",
            query_params={"view": SWEEP, **query, **_pairs()},
            help="Every model with every value of the settings in which these lanes differ. "
            "Nothing runs before it is planned.",
        )


def sweep_query(configs: Sequence[PipelineConfig]) -> dict[str, str | list[str]]:
    """The form of a sweep that has all of these lanes; empty where its two settings do not do."""
    set_values = [values_of(config) for config in configs]
    names = [name for name in KNOBS if any(name in one for one in set_values)]
    varied = [name for name in names if name != "model"]
    if not configs or len(varied) > NUM_KNOBS:
        return {}
    models = list(dict.fromkeys(config.model for config in configs))
    query: dict[str, str | list[str]] = {"sweep-models": models}
    for number, name in enumerate(varied, start=1):
        texts = dict.fromkeys(_text(name, one.get(name)) for one in set_values)
        query[f"sweep-knob{number}"] = KNOBS[name].word
        query[f"sweep-values{number}"] = ", ".join(texts)
    return query


def _text(name: str, value: Any) -> str:
    """A value as the form takes it; ``value`` is None where a lane does not say."""
    knob = KNOBS[name]
    value = knob.default if value is None else value
    if value is None:
        return "none"
    return str(value).lower() if knob.is_switch else knob.write(value).removesuffix(".0")


def _pairs() -> dict[str, str]:
    """The pair that is compared, as part of its data set; all samples where it is in none."""
    state = st.session_state
    if state.get("source") == "Data set" and state.get(SEQUENCE):
        split = {SPLIT: state[SPLIT]} if state.get(SPLIT) else {}
        return {DATASET: state[DATASET], **split, "sweep-find": state[SEQUENCE]}
    if state.get("source") == "Sample" and state.get("sample"):
        return {"sweep-find": state["sample"]}
    return {}
