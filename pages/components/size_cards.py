"""The cards of the learnt models: where their weights come from, and what they cost to train."""

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from flowcore import models
from flowcore.models import ModelCard

__all__ = ["show_cards"]


SCORES = {
    "epe": ("EPE", "px"),
    "miou": ("Mean IoU of classes", "%"),
    "occlusion_f1": ("F1 of occlusion", "%"),
    "occlusion_ap": ("Average precision of occlusion", "%"),
    "ause": ("AUSE of the expected error", ""),
}


def show_cards(names: Iterable[str]) -> None:
    """One column per learnt model among these; nothing where there is none."""
    cards = [models.describe(name) for name in dict.fromkeys(names)]
    facts = {card.name: _facts(card) for card in cards if card.is_learnt}
    if facts:
        with st.expander("Model cards"):
            st.table(pd.DataFrame(facts).fillna("-"))


def _facts(card: ModelCard) -> dict[str, str]:
    """What the card says, empty fields left out."""
    facts = {
        "Source": card.source,
        "Parameters": f"{card.num_params:,}",
        "Weight file": f"{card.num_bytes:,} bytes" if card.num_bytes else "",
        "Trained in": card.recipe,
        "Trained on": card.data,
        "Licence": card.licence,
        **{name.capitalize(): str(value) for name, value in card.training.items()},
        **{
            f"{label} on {name}": f"{score[key]:.3f} {unit}".rstrip()
            for name, score in card.scores.items()
            for key, (label, unit) in SCORES.items()
            if key in score
        },
        "sha256": card.sha256 or "",
    }
    return {name: value for name, value in facts.items() if value}
