"""Bring one's own weights by upload."""

import streamlit as st

from flowcore.errors import FlowcoreError
from pages.components.files import done_aside
from pages.components.tasks import import_checkpoint

__all__ = ["import_weights_here"]


def import_weights_here() -> None:
    """A drop zone for public checkpoints; what was recognized is shown as a card."""
    with st.popover("Import weights"):
        st.caption(
            "Official RAFT checkpoints, in the authors' or torchvision's layout (.pth or "
            ".safetensors). The file is recognized, checked and kept on this machine."
        )
        file = st.file_uploader("Checkpoint", type=["pth", "pt", "safetensors"], key="weights")
        tag = st.text_input("Name, such as raft_small.things (optional)", key="weights-name")
        if file is None or not st.button("Import", key="weights-import", type="primary"):
            return
        try:
            card = done_aside(import_checkpoint, file.getvalue(), tag or None)
        except FlowcoreError as error:
            st.error(str(error))
            return
        st.success(
            f"{card.name}: {card.num_params:,} parameters, {card.num_bytes:,} bytes. "
            "It is in the lists of models from now on."
        )
