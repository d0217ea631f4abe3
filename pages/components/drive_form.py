"""What drives where by what: the course, the algorithm, the lane, and what perturbs the frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore import models
from flowcore.errors import FlowcoreError
from flowcore.knobs import KNOBS, caption, config_from
from flowcore.lane import with_model
from flowcore.tasks.drive import Lane
from flowcore.tasks.perturbation import EPSILON, PERTURBATIONS, STEPS, Perturbation
from flowcore.tasks.steering import ALGORITHMS
from flowcore.tasks.world_course import LAYOUTS, RANGES, Course
from flowcore.types import PipelineConfig
from pages.components.knob_widgets import value_of
from pages.components.lane_form import choose_threads, lane_settings, say_changed
from pages.components.words import as_text

__all__ = ["DriveChoice", "choose_drive", "replay"]

TRUTH, NONE = "truth", "none"
ITSELF, SURROGATE = "the lane that drives", "the surrogate below"
ASKED, PRESSED = "drive-asked", "drive-pressed"
STEP_OF = {"texture": 0.1, "speed": 0.01, "turn": 5.0, "obstacle_size": 0.05}
HELP = {
    "texture": "Of the pictures on walls, pillars, floor and ceiling; at 0 they are plain.",
    "speed": "How far it goes from one frame to the next where nothing is near.",
    "turn": "By how much bend and slalom turn; the other layouts are straight.",
    "obstacle_size": "Radius of the pillars; of those of the gate twice as much.",
}
BUDGET_HELP = (
    "The largest change of any value, brightness being 0 to 1: 0.02 is five gray levels of 255."
)


@dataclass(frozen=True)
class DriveChoice:
    """A drive as it was asked for.

    Parameters
    ----------
    course : Course
    algorithm : str
    lane : PipelineConfig or "truth"
    perturbation : Perturbation or None
    is_by_surrogate : bool
        Whether the surrogate is attacked instead of a lane.
    threads : int
    """

    course: Course
    algorithm: str
    lane: Lane
    perturbation: Perturbation | None
    is_by_surrogate: bool
    threads: int

    @property
    def lane_title(self) -> str:
        """The lane in words."""
        return "the true flow" if isinstance(self.lane, str) else caption(self.lane)


def choose_drive() -> tuple[DriveChoice | None, bool]:
    """The drive that was asked for last, at first the one that the address says.

    And whether Drive was just pressed. What cannot be is said; None if nothing else was asked for.
    """
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            course = _course()
            algorithm = _algorithm()
            model = _model()
            shown = _settings(model)
            threads = choose_threads()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            way = _perturbation(model)
            is_pressed = st.button("Drive", type="primary", shortcut="Ctrl+Enter")
            place = st.empty()
        choice = None
        try:
            lane = _lane(model, shown)
            perturbation = _perturbed(way, lane, course["course-seed"])
            choice = DriveChoice(
                _course_of(course), algorithm, lane, perturbation,
                perturbation is not None and way["made_on"] == SURROGATE, threads,
            )  # fmt: skip
        except FlowcoreError as error:
            st.error(as_text(error))
    is_pressed |= st.session_state.pop(PRESSED, False)
    return _settled(choice, place, is_pressed=is_pressed), is_pressed


def replay(course: Course) -> None:
    """Put a course into the form, nothing perturbed, and drive through it; for callbacks."""
    st.session_state["layout"] = course.layout
    st.session_state["course-seed"] = course.seed
    for name in RANGES:
        st.session_state[_key(name)] = getattr(course, name)
    st.session_state["perturbation"] = NONE
    st.session_state[PRESSED] = True


def _settled(
    choice: DriveChoice | None, place: DeltaGenerator, *, is_pressed: bool
) -> DriveChoice | None:
    """The choice that was asked for last; says where the settings are others by now."""
    if choice is not None and (is_pressed or ASKED not in st.session_state):
        st.session_state[ASKED] = choice
    wanted: DriveChoice | None = st.session_state.get(ASKED)
    if wanted is not None and wanted != choice:
        say_changed(place, "Drive")
    return wanted


def _course() -> dict[str, Any]:
    """What the widgets of a course show, by their keys."""
    shown: dict[str, Any] = {}
    shown["layout"] = st.selectbox(
        "Course",
        list(LAYOUTS),
        list(LAYOUTS).index("pillars"),
        key="layout",
        bind="query-params",
        width=130,
        help="; ".join(f"{name}: {words}" for name, words in LAYOUTS.items()) + ".",
    )
    shown["course-seed"] = st.number_input(
        "Seed",
        0,
        2**31 - 1,
        0,
        key="course-seed",
        bind="query-params",
        width=110,
        help="Of where pillars stand, which side a corridor bends to, pictures on the walls, the "
        "start, and all that is random in a perturbation.",
    )
    with st.popover("How hard"):
        for name, (low, high, usual, unit) in RANGES.items():
            shown[_key(name)] = st.number_input(
                f"{name.replace('_', ' ').capitalize()}, {unit}",
                low,
                high,
                usual,
                STEP_OF[name],
                format="%g",
                key=_key(name),
                bind="query-params",
                help=HELP[name],
            )
    return shown


def _key(name: str) -> str:
    """Of the widget of a course's number."""
    return f"course-{name.replace('_', '-')}"


def _course_of(shown: Mapping[str, Any]) -> Course:
    numbers = {name: shown[_key(name)] for name in RANGES}
    return Course(shown["layout"], shown["course-seed"], **numbers)


def _algorithm() -> str:
    return st.selectbox(
        "Steers by",
        list(ALGORITHMS),
        list(ALGORITHMS).index("map"),
        format_func=lambda name: ALGORITHMS[name].label,
        key="algorithm",
        bind="query-params",
        width=160,
        help="The algorithm A. "
        + " ".join(f"{way.label}: {way.description}." for way in ALGORITHMS.values()),
    )


def _model() -> str:
    """A model, the smallest net at first, or the true flow."""
    names = models.available()
    nets = [card for name in names if (card := models.describe(name)).is_learnt and card.num_bytes]
    smallest = min(nets, key=lambda card: card.num_bytes or 0).name
    return st.selectbox(
        "Flow from",
        [*names, TRUTH],
        names.index(smallest),
        format_func=lambda name: "the true flow" if name == TRUTH else name,
        key="model",
        bind="query-params",
        width=200,
    )


def _settings(model: str) -> dict[str, Any]:
    """What the knobs of the lane show; of the true flow there are none."""
    with st.popover("Lane", disabled=model == TRUTH):
        return {} if model == TRUTH else lane_settings("", model)


def _lane(model: str, shown: Mapping[str, Any]) -> Lane:
    if model == TRUTH:
        return "truth"
    values = {name: value_of(KNOBS[name], value) for name, value in shown.items()}
    return config_from({"model": model} | values)


def _perturbation(model: str) -> dict[str, Any]:
    """What the widgets of the perturbation show; a method alone where nothing is perturbed."""
    shown: dict[str, Any] = {"made_on": ITSELF}
    names = {NONE: "nothing"} | dict(PERTURBATIONS)
    method = st.selectbox(
        "Perturbed by",
        list(names),
        list(names).index("pgd"),
        format_func=names.get,
        key="perturbation",
        bind="query-params",
        width=150,
        disabled=model == TRUTH,
        help="Every new frame, before it is seen, so that the clearance ahead becomes small. By "
        "the gradient through net and algorithm: FGSM, iterated FGSM, PGD. By calls alone: square, "
        "few pixels. Noise is what attacks of its size must beat. The true flow heeds none of it.",
    )
    shown["method"] = method = NONE if model == TRUTH else method
    if method == NONE:
        return shown
    if method == "pixels":
        shown["epsilon"] = _number("Pixels", 1, 100, 1, "task-pixels", "Of a frame.")
    else:
        shown["epsilon"] = st.slider(
            "Epsilon (brightness 0..1)", 0.005, 0.1, EPSILON, 0.005, format="%.3f",
            key="task-epsilon", bind="query-params", width=180, help=BUDGET_HELP,
        )  # fmt: skip
    if method in ("ifgsm", "pgd", "square", "pixels"):
        label = "Steps a frame" if method in ("ifgsm", "pgd") else "Calls a frame"
        least = 5 if method == "pixels" else 1
        about = "More is stronger, and takes longer."
        key = f"task-steps-{method}"
        shown["steps"] = _number(label, least, 1000, STEPS[method], key, about)
    about = "One of so many frames is perturbed, the others stay as they are."
    shown["every"] = _number("Every Nth frame", 1, 50, 1, "every", about)
    if method != "noise":
        shown["made_on"] = _made_on(model)
    return shown


def _number(label: str, low: int, high: int, usual: int, key: str, about: str) -> int:
    return st.number_input(
        label, low, high, usual, key=key, bind="query-params", width=120, help=about
    )


def _made_on(model: str) -> str:
    return st.selectbox(
        "Made on",
        [ITSELF, *(name for name in models.available() if name != model), SURROGATE],
        key="made-on",
        bind="query-params",
        width=190,
        help="What the attack is made through. Of another model it is a transfer attack; the "
        "surrogate stands in for net, algorithm and metric, and neither of them is asked.",
    )


def _perturbed(shown: Mapping[str, Any], lane: Lane, seed: int) -> Perturbation | None:
    """The perturbation, if there is one.

    Raises
    ------
    ConfigError
        It cannot be.
    """
    if shown["method"] == NONE:
        return None
    made_on: PipelineConfig | None = None
    if shown["made_on"] not in (ITSELF, SURROGATE) and not isinstance(lane, str):
        made_on = with_model(lane, shown["made_on"])
    given = {name: shown[name] for name in ("epsilon", "steps", "every") if name in shown}
    return Perturbation.of(shown["method"], seed=seed, made_on=made_on, **given)
