"""The settings of a sweep, and what config they make."""

import re
from collections.abc import Sequence

import streamlit as st

from flowcore import models
from flowcore.errors import ConfigError
from flowcore.knobs import KNOBS
from flowcore.pipeline import DEFAULT_MODEL
from flowcore.sweeps.config import SweepConfig, Value
from pages.components.dataset_picker import Choice
from pages.components.dataset_roots import SAMPLES
from pages.components.lane_form import choose_threads

__all__ = ["choose_sweep"]

NONE = "nothing"
CORRUPTION = "corruption"
NUM_KNOBS = 2
MAX_VALUES = 12
MOST = 100_000
PLANNED = "sweep-planned"


def choose_sweep(choice: Choice) -> tuple[SweepConfig | None, bool]:
    """The sweep that was last to be planned, none before any was; and whether Plan was pressed.

    Raises
    ------
    ConfigError
        The values of a setting make no sense.
    """
    with st.form("sweep", enter_to_submit=False):
        names = models.available()
        chosen = st.multiselect(
            "Models", names, [DEFAULT_MODEL, "dis_medium"], key="sweep-models", bind="query-params"
        )
        varied = list(filter(None, (_choose_values(number) for number in range(1, NUM_KNOBS + 1))))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            find = st.text_input(
                "Pairs whose name has", key="sweep-find", bind="query-params", max_chars=80,
                placeholder="all pairs", width=240,
            )  # fmt: skip
            most = st.number_input(
                "At most so many pairs", 1, MOST, None, key="sweep-most", bind="query-params",
                placeholder="all", width=180,
            )  # fmt: skip
            name = st.text_input(
                "Name", "sweep", key="sweep-name", bind="query-params", max_chars=40, width=200,
                help="What History calls it. Other pairs under the same name are another sweep.",
            )  # fmt: skip
            threads = choose_threads()
        pressed = st.form_submit_button("Plan", type="primary")
    if pressed:
        st.session_state[PLANNED] = True
    if not st.session_state.get(PLANNED):
        return None, False
    if not chosen:
        raise ConfigError("Choose a model or two.")
    grid = dict(varied)
    if len(grid) < len(varied):
        raise ConfigError(f"{varied[0][0]} is varied twice; put all of its values in one place.")
    return _config(choice, name, find, most, threads, {"model": chosen} | grid), pressed


def _choose_values(number: int) -> tuple[str, list[Value]] | None:
    """A setting to vary and its values, None where none is chosen."""
    words = [NONE, *(knob.word for knob in KNOBS.values() if knob.name != "model"), CORRUPTION]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        word = st.selectbox(
            "Vary" if number == 1 else "and", words, key=f"sweep-knob{number}",
            bind="query-params", width=260, help="By its word on the command line.",
        )  # fmt: skip
        text = st.text_input(
            "Values, with commas between them", key=f"sweep-values{number}", bind="query-params",
            max_chars=200, placeholder="such as 1, 0.5; whole, 2x2; none, fog:3",
        )  # fmt: skip
    if word == NONE:
        return None
    values = [_value(one.strip()) for one in text.split(",") if one.strip()]
    return word, list(dict.fromkeys(values))


def _value(text: str) -> Value:
    """As TOML would have it: a number, true or false, or else text."""
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        return int(text)
    if re.fullmatch(r"-?\d{0,9}\.\d{1,9}", text, re.ASCII):
        return float(text)
    return text


def _config(
    choice: Choice, name: str, find: str, most: int | None, threads: int,
    grid: dict[str, Sequence[Value]],
) -> SweepConfig:  # fmt: skip
    for word, values in grid.items():
        if not values:
            raise ConfigError(f"Say which values {word} is to take, with commas between them.")
        if len(values) > MAX_VALUES:
            raise ConfigError(f"{word} has {len(values)} values; up to {MAX_VALUES} are taken.")
    plain = "".join(letter for letter in name if letter.isalnum() or letter in "_ .,+-").strip()
    return SweepConfig(
        name=plain or "sweep",
        data=("samples" if choice.name == SAMPLES else "ROOT",),
        split=choice.split or None,
        find=find.strip(),
        most=most,
        threads=threads,
        grid={word: list(values) for word, values in grid.items()},
    )
