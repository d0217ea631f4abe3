"""The knobs of a lane as widgets, each bound to its word in the address."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import streamlit as st

from flowcore.errors import ConfigError
from flowcore.knobs import KNOBS, Knob
from pages.components.words import as_text

__all__ = [
    "WHOLE",
    "draw_knob",
    "key_of",
    "read_old_links",
    "refuse_links",
    "value_of",
    "widget_default",
]

WHOLE = "whole frame"
_BY_WORD = {knob.word: knob for knob in KNOBS.values()}
OLD_LETTERS = {
    "m": "model",
    "s": "scale",
    "b": "blur",
    "c": "chunks",
    "o": "overlap",
    "w": "blend",
    "i": "iterations",
    "n": "name",
    "on": "shown",
}


def draw_knob(
    knob: Knob, lane: int | str = "", *, default: Any = None, width: int | str = "stretch"
) -> Any:
    """What the widget of a knob shows, which ``value_of`` reads.

    ``lane`` is the number after its word in the address; ``default`` is shown at first instead of
    the default of a lane that does not say.
    """
    shared: dict[str, Any] = {
        "key": key_of(knob, lane), "bind": "query-params", "help": knob.help or None
    }  # fmt: skip
    default = widget_default(knob) if default is None else default
    if knob.is_switch:
        return st.toggle(knob.label, **shared)
    if knob.offered:
        options = [default, *(text for text in knob.offered if text != default)]
        return st.selectbox(knob.label, options, accept_new_options=True, width=width, **shared)
    if knob.choices:
        index = knob.choices.index(default)
        return st.selectbox(knob.label, knob.choices, index, width=width, **shared)
    kind = type(default) if default is not None else int
    least, most, step = map(kind, (knob.low, knob.high, knob.step))
    return st.number_input(
        knob.label, least, most, default, step, width=width, placeholder="the model's own", **shared
    )


def key_of(knob: Knob, lane: int | str = "") -> str:
    """The key of a knob's widget, which is also its name in the address."""
    return f"{knob.word}{lane}"


def widget_default(knob: Knob) -> Any:
    """What a widget shows before it is touched."""
    if knob.name == "chunks":
        return WHOLE
    return knob.write(knob.default) if knob.offered and knob.default is not None else knob.default


def value_of(knob: Knob, shown: Any) -> Any:
    """The knob's value from what its widget shows.

    Raises
    ------
    ConfigError
        A text that is none of its values.
    """
    if shown is None or shown == WHOLE:
        return knob.default
    if knob.is_switch:
        return shown
    return knob.parse(str(shown))


def read_old_links(words: Mapping[str, str] = OLD_LETTERS) -> None:
    """Let links that name knobs otherwise, such as ``m1=dis_fast``, read as they always did.

    Before the widgets are drawn. ``words`` leads from an old name to the word of today.
    """
    for key in list(st.query_params):
        match = re.fullmatch(r"([a-z]+)(\d?)", key)
        if match and match[1] in words:
            text, word = st.query_params[key], words[match[1]]
            del st.query_params[key]
            st.session_state.setdefault(f"{word}{match[2]}", _shown(word, text))


def refuse_links(
    models: Sequence[str],
    numbers: Mapping[str, tuple[float, float]],
    choices: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[str]:
    """Drop what an address asks for that cannot be, so that the usual is taken; a sentence of each.

    Before the widgets are drawn, where a page is entered. ``models`` are those that there are,
    ``numbers`` the words that are no knob's with their least and most, which are floats where any
    number will do, and ``choices`` those with the labels that they may have.
    """
    refused = []
    for key in list(st.query_params):
        match = re.fullmatch(r"([a-z_-]+?)(\d?)", key)
        word = match[1] if match else ""
        text = st.query_params[key]
        if key in choices:
            fits = text in choices[key]
            why = "" if fits else f"There are {', '.join(choices[key])}."
        else:
            why = _refusal(word, text, models, numbers)
        if why:
            del st.query_params[key]
            shown = re.sub(r"[^\w .,+-]", "", text)[:40]
            asked = f"The link asks for {key} = {shown or 'nothing'}."
            refused.append(f"{asked} {why} The usual is taken.")
    return refused


def _refusal(
    word: str, text: str, models: Sequence[str], numbers: Mapping[str, tuple[float, float]]
) -> str:
    """Why a text in an address cannot be; empty where it can, or is not ours."""
    knob = _BY_WORD.get(word)
    if word == "model":
        return "" if text in models else "There is no such model here."
    if word in numbers:
        least, most = numbers[word]
        is_whole = isinstance(least, int)
        form = r"\d{1,10}" if is_whole else r"\d{1,9}(\.\d{0,9})?"
        fits = re.fullmatch(form, text, re.ASCII) and least <= float(text) <= most
        return "" if fits else f"It is a {'whole ' * is_whole}number from {least} to {most}."
    if knob is None or knob.offered:
        return ""  # any text is taken for an option, and judged in the lane
    if knob.is_switch:
        return "" if text in ("true", "false") else "It is true or false."
    if knob.choices:
        return "" if text in knob.choices else f"It is one of {', '.join(knob.choices)}."
    try:
        value = knob.parse(text)
    except ConfigError as error:
        return as_text(error)
    if knob.low is None or knob.low <= value <= knob.high:
        return ""
    return f"It is from {knob.low:g} to {knob.high:g}."


def _shown(word: str, text: str) -> Any:
    """What a widget is to show for a text in an address."""
    if text in ("true", "false"):
        return text == "true"
    knob = _BY_WORD.get(word)
    if knob is None or knob.offered or knob.choices or knob.low is None:
        return text
    kind = float if isinstance(knob.default, float) else int
    try:
        value = kind(text)
    except ValueError:
        return widget_default(knob)
    return value if knob.low <= value <= knob.high else widget_default(knob)
