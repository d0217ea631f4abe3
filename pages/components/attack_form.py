"""What attacks which lane: the method, and what of its budget and aim it lets one choose."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from flowcore.errors import ConfigError, FlowcoreError
from flowcore.robustness.attacks.threat import METHODS, Threat
from flowcore.types import FlowField
from pages.components.lane_form import LaneChoice
from pages.components.stress_lanes import StressLanes
from pages.components.uploads import FLOWS, flow_of
from pages.components.words import as_text

__all__ = ["FRAMES", "OWN_PATCH", "AttackChoice", "choose_method", "choose_threat", "choose_victim"]

OWN_PATCH = "own"
OF_FILE = "file"
# Labels stand in the address as well.
FRAMES = {"both": "both", "joint": "both alike", "first": "first", "second": "second"}
TARGETS = {"away": "away", "zero": "zero flow", "negative": "turned around", OF_FILE: "flow file"}
LOSSES = {"epe": "EPE", "mse": "MSE", "cosine": "cosine"}
NORMS = {"linf": "Linf", "l2": "L2"}
BOXES = {"tanh": "change of variables", "clip": "clipping"}
HELP = {
    "frames": "both: each frame has a change of its own; both alike: one change for the two.",
    "target": "What the flow is to become: far away from the clean one, zero everywhere, the clean "
    "one turned around, or that of a file.",
    "loss": "What the search optimizes: the distance from the aim, its square, or the angle. "
    "What is reported is always in px.",
    "norm": "Linf bounds the largest change of any value, L2 the root mean square of all changes.",
    "box": "How PCFA keeps every value between black and white.",
}
QUICK_STEPS = {True: 10, False: 100}  # at first, with the gradient and by calls
MAX_STEPS = 10_000


class AttackChoice(NamedTuple):
    """Which lane is attacked how."""

    lane: LaneChoice
    threat: Threat

    @property
    def key(self) -> str:
        """What tells the threat from others."""
        digest = getattr(self.threat.target, "digest", "")
        return json.dumps(self.threat.as_json()) + digest


def choose_method() -> str:
    """Of `METHODS`, or `OWN_PATCH`, which needs no search."""
    names = {name: way.label for name, way in METHODS.items()} | {OWN_PATCH: "own patch"}
    return st.selectbox(
        "Method",
        list(names),
        list(names).index("pgd"),
        format_func=names.get,
        key="attack",
        bind="query-params",
        width=220,
        help="By the gradient: FGSM, iterated FGSM, PGD, PCFA, patch. By calls of the model alone: "
        "few pixels, square. Own patch: one that was made elsewhere.",
    )


def choose_victim(chosen: StressLanes) -> LaneChoice:
    """The lane that is attacked."""
    titles = [lane.title for lane in chosen.lanes]
    title = st.selectbox("Lane attacked", titles, key="attacked", bind="query-params", width=220)
    return next(lane for lane in chosen.lanes if lane.title == title)


def choose_threat(method: str) -> Threat | None:
    """What the method lets one choose; None, with a sentence why, for what cannot be."""
    way = METHODS[method]
    given: dict[str, Any] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        given["norm"] = _norm(way.norms)
        given["epsilon"] = _epsilon(given["norm"])
        is_patch = method == "patch"
        given["frames"] = _select(
            "Changed frames",
            {name: FRAMES[name] for name in ("joint", "first", "second")} if is_patch else FRAMES,
            "patch-frames" if is_patch else "frames",
            140,
        )
        aims, aim_key = TARGETS, "target"
        if method == "pcfa":
            aims, aim_key = {name: TARGETS[name] for name in list(TARGETS)[1:]}, "pcfa-target"
        target = _select("Aim", aims, aim_key, 150)
        losses = {"cosine": LOSSES["cosine"], **LOSSES} if is_patch else LOSSES
        given["loss"] = _select("Loss", losses, "patch-loss" if is_patch else "loss", 150)
        if method == "pcfa":
            given["box"] = _box(given["frames"])
        given["steps"] = _steps(method)
        given["seed"] = _seed(method)
    try:
        given["target"] = _target_flow() if target == OF_FILE else target
        return Threat.of(method, **given)
    except FlowcoreError as error:
        st.error(as_text(error))
        return None


def _select(label: str, options: dict[str, str], key: str, width: int) -> str:
    return st.selectbox(
        label,
        list(options),
        format_func=options.get,
        key=key,
        bind="query-params",
        width=width,
        help=HELP[key.rpartition("-")[2]],
    )


def _norm(norms: Sequence[str]) -> str:
    if len(norms) == 1:
        return norms[0]
    return st.segmented_control(
        "Budget",
        norms,
        default=norms[0],
        format_func=NORMS.get,
        required=True,
        key="norm",
        bind="query-params",
        help=HELP["norm"],
    )


def _epsilon(norm: str) -> float:
    """The slider of a budget, in the norm's unit."""
    shared: dict[str, Any] = {"bind": "query-params", "width": 200}
    if norm == "l0":
        return st.slider("Pixels of a frame", 1, 100, 5, key="pixels", **shared)
    if norm == "patch":
        return st.slider("Patch, px across", 9, 201, 51, 2, key="patch", **shared)
    return st.slider(
        "Epsilon (brightness 0..1)",
        0.001,
        0.1,
        0.005,
        0.001,
        format="%.3f",
        key="epsilon",
        **shared,
        help="0.004 is one gray level of 255; up to about 0.02 is hardly seen.",
    )


def _box(frames: str) -> str | None:
    """How PCFA stays in range; its usual way where there is no choice."""
    if frames == "joint":
        return None
    return _select("Kept in range by", BOXES, "box", 190)


def _steps(method: str) -> int | None:
    """Gradients or calls; FGSM is one."""
    way = METHODS[method]
    if way.steps == 1:
        return None
    return st.number_input(
        "Steps" if way.white_box else "Calls of the model",
        1,
        MAX_STEPS,
        QUICK_STEPS[way.white_box],
        QUICK_STEPS[way.white_box],
        key=f"steps-{method}",
        bind="query-params",
        width=140,
        help=f"Usual: {way.steps}. More is stronger and takes longer; Stop keeps the best so far.",
    )


def _seed(method: str) -> int:
    """Of the random numbers; PCFA draws none."""
    if method == "pcfa":
        return 0
    return st.number_input("Seed", 0, 2**31, 0, key="attack-seed", bind="query-params", width=90)


def _target_flow() -> FlowField:
    """The flow of a file.

    Raises
    ------
    FlowcoreError
        There is none, or it cannot be read.
    """
    file = st.file_uploader("Target flow", type=FLOWS, key="target-flow")
    if file is None:
        raise ConfigError("Drop the flow to bring about, of the size of the frames.")
    reading = flow_of(file, key="target-layout")
    if reading.doubt:
        st.caption(as_text(reading.doubt))
    return reading.flow
