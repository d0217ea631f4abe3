"""Which labels a pair has on the page: its own, or those that a net decodes."""

from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from flowcore.features.heads import Heads, names_with_heads
from flowcore.io.frames import encode_labels
from flowcore.models import describe
from flowcore.types import FramePair, PipelineConfig
from pages.components.class_maps import ShownClasses, choose_classes, has_labels
from pages.components.label_flow import Hidden
from pages.components.lane_form import LaneChoice
from pages.components.runs import start, watch
from pages.components.takeaway import takeaway
from pages.components.tasks import read_lane_heads

__all__ = ["Labelled", "choose_heads", "choose_labels", "hidden_by_heads", "offer_labels"]

OWN, PREDICTED = "Of the pair", "Predicted"


@dataclass(frozen=True)
class Labelled:
    """A pair with labels of both frames as far as they are known, and how these are called."""

    pair: FramePair
    classes: ShownClasses
    is_predicted: bool = False


def choose_heads() -> str | None:
    """The net that says classes and occlusions; None where no such weights are here."""
    names = names_with_heads()
    if len(names) < 2:
        return names[0] if names else None
    return st.selectbox("Net with heads", names, key="heads", bind="query-params", width=320)


def choose_labels(pair: FramePair, net: str | None) -> Labelled | None:
    """The labels that are asked for; None where there are none yet, which is said."""
    own = has_labels(pair)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if net is None or (own and not _wants_predicted(net)):
            classes = choose_classes(pair)
            return None if classes is None else Labelled(pair, classes)
    heads = _heads_of(pair, net, key="cancel-labels")
    if heads is None:
        return None
    why = "" if own else "This pair has no labels. "
    scored = [score["miou"] for score in describe(net).scores.values() if "miou" in score]
    how_well = f" Mean IoU on scenes that it never saw: {scored[0]:.1f} %." if scored else ""
    st.caption(
        f"{why}Shown are the classes that {net} decodes. It learnt them from generated scenes, "
        "where a class is the outline of an object: on photos they say where something stands "
        f"out at most, not what it is.{how_well}"
    )
    name = f"{pair.name or 'pair'}, labels predicted by {net}"
    told = replace(pair, labels=heads.labels, second_labels=heads.second_labels, name=name)
    return Labelled(told, ShownClasses(describe(net).training["classes"]), is_predicted=True)


def _wants_predicted(net: str) -> bool:
    source = st.segmented_control(
        "Labels",
        [OWN, PREDICTED],
        default=OWN,
        required=True,
        key="labels",
        bind="query-params",
        help=f"Predicted: the classes that {net} decodes of each frame.",
    )
    return source == PREDICTED


def hidden_by_heads(pair: FramePair, net: str | None) -> dict[str, Hidden]:
    """What the net says is hidden in the second frame, once it is there."""
    heads = net and _heads_of(pair, net, key="cancel-heads")
    if not heads:
        return {}
    return {f"{net}, its head": Hidden(heads.occlusion > 0.5, str(describe(net).sha256))}


def _heads_of(pair: FramePair, net: str, *, key: str) -> Heads | None:
    """What the net says of the pair, once it is there; ``key`` is the Cancel button's."""
    runs = start(pair, [LaneChoice(net, PipelineConfig(net))], task=read_lane_heads)
    found: dict[str, Heads] = watch(runs, key=key, again="Run again")
    return found.get(net)


def offer_labels(labelled: Labelled) -> None:
    """Predicted labels as files, to be dropped beside the frames again."""
    if not labelled.is_predicted:
        return
    pair = labelled.pair
    with st.container(horizontal=True):
        for frame, labels in (("first", pair.labels), ("second", pair.second_labels)):
            assert labels is not None  # a net decodes both
            takeaway(
                f"Labels of the {frame} frame (PNG)",
                partial(encode_labels, labels),
                "labels.png" if frame == "first" else "second_labels.png",
                key=f"labels-{frame}",
            )
