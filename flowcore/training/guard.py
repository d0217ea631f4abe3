"""What ends a run that has lost its way, before it costs more hours."""

import math
from collections.abc import Mapping

from flowcore.errors import DivergedError

__all__ = ["Guard"]

_PATIENCE = 20  # gradients in a row that may be without a finite value


class Guard:
    """Ends a run that has lost its way.

    That is: many gradients in a row that are not finite, or an error that, smoothed over some
    hundred steps, is far above the least that it was in the same stage. Of a loss in several parts
    it says which one grew.

    Parameters
    ----------
    is_learnt : bool
        The run begins with weights that have learnt: they know from the beginning what can be lost,
        so half as much again is too much after 100 steps. Else twice as much is, after 400.
    """

    def __init__(self, *, is_learnt: bool = False) -> None:
        self.settling, self.diverged = (100, 1.5) if is_learnt else (400, 2.0)
        self.stage, self.count = "", 0
        self.smoothed, self.best = 0.0, math.inf
        self.parts: dict[str, tuple[float, float]] = {}  # smoothed, and its least

    def watch(
        self,
        step: int,
        stage: str,
        epe: float,
        num_skipped: int,
        parts: Mapping[str, float] | None = None,
    ) -> None:
        """Take note of a step's error in px, and of the gradients left out in a row before it.

        ``parts`` are those of its loss.

        Raises
        ------
        DivergedError
            The run has lost its way.
        """
        if num_skipped >= _PATIENCE:
            raise DivergedError(
                f"Training diverged at step {step}: {num_skipped} gradients in a row were not "
                f"finite{self._strange(parts or {})}. Resume with a lower learning rate; the last "
                "checkpoint is kept."
            )
        if stage != self.stage:
            self.stage, self.count, self.smoothed, self.best = stage, 0, 0.0, math.inf
            self.parts = {}
        if not math.isfinite(epe):
            return
        self.count += 1
        share = max(1 / self.count, 0.005)
        self.smoothed += share * (epe - self.smoothed)
        self._watch_parts(parts or {}, share)
        if self.count < self.settling:
            return
        self.best = min(self.best, self.smoothed)
        if self.smoothed > self.diverged * self.best:
            raise DivergedError(
                f"Training diverged at step {step}: the mean error rose to {self.smoothed:.2f} px "
                f"after {self.best:.2f} px{self._grown()}. Resume with a lower learning rate; the "
                "last checkpoint is kept."
            )

    def _watch_parts(self, parts: Mapping[str, float], share: float) -> None:
        for name, value in parts.items():
            smoothed, least = self.parts.get(name, (0.0, math.inf))
            smoothed += share * (value - smoothed) if math.isfinite(value) else 0
            if self.count >= self.settling:
                least = min(least, smoothed)
            self.parts[name] = smoothed, least

    def _grown(self) -> str:
        """Which part of the loss grew most, if it has several."""
        growth = {
            name: smoothed / least
            for name, (smoothed, least) in self.parts.items()
            if 0 < least < math.inf
        }
        if len(growth) < 2:
            return ""
        most = max(growth, key=lambda name: growth[name])
        return f"; of its loss the {most} part grew most, to {growth[most]:.1f} times its least"

    def _strange(self, parts: Mapping[str, float]) -> str:
        """Which parts of the loss are not finite, if it has several."""
        names = [name for name, value in parts.items() if not math.isfinite(value)]
        return f" (not finite in the loss: {', '.join(names)})" if names and len(parts) > 1 else ""
