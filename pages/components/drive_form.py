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
from flowcore.tasks.world_course import LAYOUTS, Course
from flowcore.types import PipelineConfig
from pages.components.course_form import choose_course, course_numbers, set_course
from pages.components.knob_widgets import refuse_links, value_of
from pages.components.lane_form import choose_threads, lane_settings, say_changed
from pages.components.words import as_text

__all__ = ["DriveChoice", "choose_drive", "replay"]

TRUTH, TRUTH_LABEL, NONE = "truth", "the true flow", "none"
WAYS = {NONE: "nothing"} | dict(PERTURBATIONS)  # labels stand in the address as well
ITSELF, SURROGATE = "the lane that drives", "the surrogate below"
ASKED, PRESSED, REFUSED = "drive-asked", "drive-pressed", "drive-links-refused"
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
    _refuse_links()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            course = choose_course()
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
            perturbation = _perturbed(way, lane, course.seed)
            choice = DriveChoice(
                course, algorithm, lane, perturbation,
                perturbation is not None and way["made_on"] == SURROGATE, threads,
            )  # fmt: skip
        except FlowcoreError as error:
            st.error(as_text(error))
    is_pressed |= st.session_state.pop(PRESSED, False)
    if is_pressed:
        st.session_state[REFUSED] = []
    return _settled(choice, place, is_pressed=is_pressed), is_pressed


def replay(course: Course) -> None:
    """Put a course into the form, nothing perturbed, and drive through it; for callbacks."""
    set_course(course)
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


def _refuse_links() -> None:
    """Say what the address asks for in vain, until another drive was asked for."""
    if ASKED not in st.session_state:
        choices = {
            "layout": list(LAYOUTS),
            "algorithm": [way.label for way in ALGORITHMS.values()],
            "perturbation": list(WAYS.values()),
        }
        st.session_state[REFUSED] = refuse_links(
            [*models.available(), TRUTH_LABEL], course_numbers(), choices
        )
    for sentence in st.session_state.get(REFUSED, ()):
        st.warning(sentence)


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
    return st.selectbox(
        "Flow from",
        [*names, TRUTH],
        names.index(models.smallest()),
        format_func=lambda name: TRUTH_LABEL if name == TRUTH else name,
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
    method = st.selectbox(
        "Perturbed by",
        list(WAYS),
        list(WAYS).index("pgd"),
        format_func=WAYS.get,
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
