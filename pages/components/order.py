"""Some of many in an order: what is picked stands as chips to drag, or to move by arrow keys."""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore.places import ASSETS

__all__ = ["pick_in_order"]

_FOLDER = ASSETS / "order"
_ORDER = st.components.v2.component(
    "order",
    html='<div class="order" role="group"></div>',
    css=(_FOLDER / "order.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "order.js").read_text(encoding="utf-8"),
)


def pick_in_order(
    place: DeltaGenerator,
    label: str,
    options: Sequence[str],
    usual: Sequence[str],
    *,
    name: Callable[[str], str] = str,
    key: str,
) -> list[str]:
    """The options that are picked, in their order; at first the usual ones.

    ``name`` gives the words of an option.
    """
    picked: list[str] = place.multiselect(
        label, options, usual, format_func=name, key=key, wrap=True
    )
    if len(picked) < 2:
        return picked

    def take() -> None:
        ordered = st.session_state[f"{key}-order"]["ordered"]
        if isinstance(ordered, list) and sorted(map(str, ordered)) == sorted(picked):
            st.session_state[key] = ordered

    with place.container(gap="xxsmall"):
        st.caption("Their order: drag, or arrow keys")
        _ORDER(
            data={
                "label": f"Order of the {label.lower()}",
                "items": [(option, name(option)) for option in picked],
            },
            key=f"{key}-order",
            on_ordered_change=take,
        )
    return picked
