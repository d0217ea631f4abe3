"""Bring weights: one's own by upload, the official ones by download."""

import streamlit as st

from flowcore import models
from flowcore.errors import FlowcoreError
from flowcore.jobs.job import Job
from flowcore.models.download import downloads_from, published_files
from pages.components.files import done_aside
from pages.components.tasks import fetch_weights, import_checkpoint
from pages.components.ticking import redraw
from pages.components.words import as_text
from pages.components.work import ask, describe, look, shared_queue

__all__ = ["import_weights_here"]

ASKED = "weights-asked"


def import_weights_here() -> None:
    """A drop zone for public checkpoints, and the official files; what came is told."""
    with st.popover("Import weights"):
        upload, download = st.tabs(["From a file", "Official RAFT"])
        with upload:
            _upload()
        with download:
            _download()


def _upload() -> None:
    st.caption(
        "Official RAFT checkpoints, in the authors' or torchvision's layout (.pth or "
        ".safetensors). The file is recognized, checked and kept on this machine."
    )
    file = st.file_uploader("Checkpoint", type=["pth", "pt", "safetensors"], key="weights")
    tag = st.text_input("Name, such as raft_small.things (optional)", key="weights-name")
    if file is None or not st.button("Import", key="weights-import", type="primary"):
        return
    try:
        _tell(done_aside(import_checkpoint, file.getvalue(), tag or None))
    except FlowcoreError as error:
        st.error(as_text(error))


def _download() -> None:
    """The official files, one of them to be fetched; what is on its way can be cancelled."""
    try:
        source = downloads_from()
    except FlowcoreError as error:
        st.error(as_text(error))
        return
    if source is None:
        st.info("Downloads are switched off on this server.")
        return
    files = published_files()
    name = st.selectbox("Weights", list(files), key="weights-published")
    chosen = files[name]
    st.caption(
        f"{chosen.mib:.1f} MiB, {chosen.recipe}, on {chosen.trained_on}. As published: "
        f"{chosen.scores}. Licence {chosen.licence}; the data are for research."
    )
    if name in models.available():
        st.success(f"{name} is here, in the lists of models.")
        return
    if st.button("Download", key="weights-download", type="primary", help=f"From {source}"):
        st.session_state[ASKED] = name
        _begin(name)
    if st.session_state.get(ASKED) != name:  # what others have fetched, or failed to, is theirs
        return
    job = look(_key(name), purpose="downloads")
    if job is None:
        return
    redraw([job], lambda: _show_so_far(job), every=0.3)
    if job.state == "failed":
        st.error(as_text(job.error))
    elif job.state == "cancelled":
        st.info("Cancelled; nothing was kept.")


def _key(name: str) -> str:
    return f"download:{name}"


def _begin(name: str) -> None:
    """Fetch the weights, which are not here: anew, even if they have been fetched before."""
    job = look(_key(name), purpose="downloads")
    if job is not None and job.is_over:
        shared_queue("downloads").drop(job.key)
    ask(_key(name), fetch_weights, name, purpose="downloads")


def _show_so_far(job: Job) -> None:
    st.progress(job.progress, describe(job))
    cancel = shared_queue("downloads").cancel
    st.button("Cancel", key="weights-cancel", on_click=cancel, args=(job.key,))


def _tell(card: models.ModelCard) -> None:
    st.success(
        f"{card.name}: {card.num_params:,} parameters, {card.num_bytes:,} bytes. "
        "It is in the lists of models from now on."
    )
