"""A tiny training run for a worker process; free of streamlit, so that it starts quickly."""

from collections.abc import Callable

from flowcore.hardware import use_threads
from flowcore.io.scratch import scratch_folder
from flowcore.training.config import TrainingConfig
from flowcore.training.loop import Trainer

__all__ = ["THREADS", "train_here"]

THREADS = 1  # nets this small gain nothing from more, and other work goes on

Report = Callable[[float, str, bytes | None], None]


def train_here(progress: Report, config: TrainingConfig) -> bytes:
    """The log of the finished run; after every step the log so far is handed over."""
    progress(0.0, "drawing patterns to make scenes from", None)
    with scratch_folder() as folder, use_threads(THREADS):
        trainer = Trainer(config, folder)
        log = b""
        while trainer.step < config.steps:
            step = trainer.advance()
            trainer.log.flush()
            log = trainer.log.path.read_bytes()
            message = f"step {step.step} of {step.steps}, EPE {step.epe:.2f} px"
            progress(step.step / step.steps, message, log)
    return log
