"""What is to be trained in the digits lab: task, nets, digits, steps, seeds."""

from typing import NamedTuple

import streamlit as st

from flowcore.digits.data import mnist_from
from flowcore.digits.networks import NETWORKS
from flowcore.digits.tasks import BY_DIGIT, TASKS, Task
from flowcore.digits.training import LabConfig
from flowcore.errors import FlowcoreError
from pages.components.files import decoded
from pages.components.words import as_text

__all__ = ["LabChoice", "choose_nets"]

MAX_NETS = 4
MAX_STEPS = 2000
MAX_SEEDS = 3
DEFAULT_NETS = ["conv_average", "conv_flat", "soft_argmax", "first_crossing_box"]
OWN, MNIST = "Scikit-learn's", "MNIST files"


class LabChoice(NamedTuple):
    """The form as last submitted.

    Parameters
    ----------
    task : str
    nets : tuple of str
    steps, num_seeds : int
    files : (bytes, bytes), optional
        Uploaded idx files: pictures and labels; None for the digits that ship.
    is_wanted : bool
        Whether Train was just pressed.
    """

    task: str
    nets: tuple[str, ...]
    steps: int
    num_seeds: int
    files: tuple[bytes, bytes] | None
    is_wanted: bool

    @property
    def rule(self) -> Task:
        """The task with its table."""
        return TASKS[self.task]

    def configs(self, net: str) -> list[LabConfig]:
        """The runs of a net, one for each seed."""
        return [
            LabConfig(net, self.task, seed=seed, steps=self.steps) for seed in range(self.num_seeds)
        ]


def choose_nets() -> LabChoice:
    """The form, and what it says; files that are no digits are refused beside it."""
    with st.form("digits-form"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            task = st.selectbox(
                "Task",
                list(TASKS),
                list(TASKS).index("joint"),
                format_func=lambda name: TASKS[name].title,
                width=240,
                help="Which point of the ink is asked for. Ink is where the canvas exceeds half of "
                "its maximum. " + _table_in_words(),
                **_bound("task"),
            )
            steps = st.number_input(
                "Steps",
                10,
                MAX_STEPS,
                300,
                50,
                width=120,
                help="Of 32 canvases each. 300 take a few seconds per net.",
                **_bound("steps"),
            )
            num_seeds = st.number_input(
                "Seeds",
                1,
                MAX_SEEDS,
                1,
                width=100,
                help="Runs of each net that differ in their random numbers; shown as a band.",
                **_bound("seeds"),
            )
        nets = st.multiselect(
            f"Nets, up to {MAX_NETS}",
            list(NETWORKS),
            DEFAULT_NETS,
            format_func=lambda name: NETWORKS[name].title,
            max_selections=MAX_NETS,
            help="What each looks at is in the table of results below.",
            **_bound("nets"),
        )
        pressed = st.form_submit_button("Train", type="primary")
    with st.expander("MNIST in place of the digits that ship"):
        uploaded = st.file_uploader(
            "Two idx files, gzipped or not: pictures and labels",
            type=["gz", "idx3-ubyte", "idx1-ubyte", "ubyte", "idx"],
            accept_multiple_files=True,
            key="digits-files",
            help="Such as train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz. The last "
            "sixth of them is kept to test with.",
        )
    files = _checked([file.getvalue() for file in uploaded])
    is_refused = bool(uploaded) and files is None
    if pressed and not nets:
        st.info("Choose at least one net.")
    return LabChoice(task, tuple(nets), steps, num_seeds, files, pressed and not is_refused)


def _checked(files: list[bytes]) -> tuple[bytes, bytes] | None:
    """Pictures and labels; the larger file holds the pictures."""
    if not files:
        return None
    if len(files) != 2:
        st.info(f"Two idx files are needed, pictures and labels; {len(files)} given.")
        return None
    labels, images = sorted(files, key=len)
    try:
        decoded(mnist_from, images, labels)
    except FlowcoreError as error:
        st.error(as_text(error))
        return None
    return images, labels


def _table_in_words() -> str:
    words = ", ".join(f"{digit}: {point.replace('_', ' ')}" for digit, point in BY_DIGIT.items())
    return f"By digit: {words}."


def _bound(name: str) -> dict[str, str]:
    return {"key": f"digits-{name}", "bind": "query-params"}
