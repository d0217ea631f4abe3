"""What ends a run that has lost its way, before it costs more hours."""

import math

from flowcore.errors import DivergedError

__all__ = ["Guard"]

_PATIENCE = 20  # gradients in a row that may be without a finite value
_DIVERGED = 2.0  # times the best smoothed error: no longer a bad batch


class Guard:
    """Ends a run that has lost its way.

    That is: many gradients in a row that are not finite, or an error that, smoothed over some
    hundred steps, is twice the least that it was in the same stage.
    """

    def __init__(self) -> None:
        self.stage, self.count = "", 0
        self.smoothed, self.best = 0.0, math.inf

    def watch(self, step: int, stage: str, epe: float, num_skipped: int) -> None:
        """Take note of a step's error in px, and of the gradients left out in a row before it.

        Raises
        ------
        DivergedError
            The run has lost its way.
        """
        if num_skipped >= _PATIENCE:
            raise DivergedError(
                f"Training diverged at step {step}: {num_skipped} gradients in a row were not "
                "finite. Resume with a lower learning rate; the last checkpoint is kept."
            )
        if stage != self.stage:
            self.stage, self.count, self.smoothed, self.best = stage, 0, 0.0, math.inf
        if not math.isfinite(epe):
            return
        self.count += 1
        self.smoothed += max(1 / self.count, 0.005) * (epe - self.smoothed)
        if self.count < 400:
            return
        self.best = min(self.best, self.smoothed)
        if self.smoothed > _DIVERGED * self.best:
            raise DivergedError(
                f"Training diverged at step {step}: the mean error rose to {self.smoothed:.2f} px "
                f"after {self.best:.2f} px. Resume with a lower learning rate; the last checkpoint "
                "is kept."
            )
