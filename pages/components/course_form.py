"""The course to drive through: its layout, its seed, and how hard it is."""

import streamlit as st

from flowcore.tasks.world_course import LAYOUTS, RANGES, Course

__all__ = ["choose_course", "course_numbers", "set_course"]

MAX_SEED = 2**31 - 1
STEP_OF = {"texture": 0.1, "speed": 0.01, "turn": 5.0, "obstacle_size": 0.05}
HELP = {
    "texture": "Of the pictures on walls, pillars, floor and ceiling; at 0 they are plain.",
    "speed": "How far it goes from one frame to the next where nothing is near.",
    "turn": "By how much bend and slalom turn; the other layouts are straight.",
    "obstacle_size": "Radius of the pillars; of those of the gate twice as much.",
}


def choose_course() -> Course:
    """The course that the widgets show."""
    layout = st.selectbox(
        "Course",
        list(LAYOUTS),
        list(LAYOUTS).index("pillars"),
        key="layout",
        bind="query-params",
        width=130,
        help="; ".join(f"{name}: {words}" for name, words in LAYOUTS.items()) + ".",
    )
    seed = st.number_input(
        "Seed",
        0,
        MAX_SEED,
        0,
        key="course-seed",
        bind="query-params",
        width=110,
        help="Of where pillars stand, which side a corridor bends to, pictures on the walls, the "
        "start, and all that is random in a perturbation.",
    )
    with st.popover("How hard"):
        numbers = {
            name: st.number_input(
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
            for name, (low, high, usual, unit) in RANGES.items()
        }
    return Course(layout, seed, **numbers)


def set_course(course: Course) -> None:
    """Have the widgets show this course from the next run on; for callbacks."""
    st.session_state["layout"], st.session_state["course-seed"] = course.layout, course.seed
    for name in RANGES:
        st.session_state[_key(name)] = getattr(course, name)


def course_numbers() -> dict[str, tuple[float, float]]:
    """What the numbers of a course may be, by their words in the address."""
    numbers = {_key(name): (low, high) for name, (low, high, _, _) in RANGES.items()}
    return {"course-seed": (0, MAX_SEED), **numbers}


def _key(name: str) -> str:
    return f"course-{name.replace('_', '-')}"
