"""Training one net of the digits lab in a worker process; free of streamlit."""

import time
from collections.abc import Callable, Sequence

from flowcore.digits.canvases import load_digits
from flowcore.digits.data import mnist_from
from flowcore.digits.scoring import Score
from flowcore.digits.training import LabConfig, Progress, Trained, run_lab
from flowcore.hardware import use_threads

__all__ = ["train_net"]

THREADS = 1  # nets this small gain nothing from more
REPORT_SECONDS = 0.25

Report = Callable[[float, str, Sequence[Progress] | None], None]


def train_net(
    progress: Report, config: LabConfig, files: tuple[bytes, bytes] | None
) -> tuple[Trained, Score]:
    """The trained net and its score; the curve so far is handed over a few times a second."""
    progress(0.0, "placing digits", None)
    digits = load_digits() if files is None else mnist_from(*files).parted()
    curve: list[Progress] = []
    told = time.monotonic()

    def follow(step: Progress) -> None:
        nonlocal told
        curve.append(step)
        if time.monotonic() - told > REPORT_SECONDS:
            told = time.monotonic()
            message = f"step {step.step} of {config.steps}, {step.distance:.2f} px"
            progress(step.step / config.steps, message, tuple(curve))

    with use_threads(THREADS):
        return run_lab(config, digits, progress=follow)
