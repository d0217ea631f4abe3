"""What perturbs the frames of a drive, as one value: forms, links and the command line share it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from flowcore.errors import ConfigError
from flowcore.robustness.attacks.threat import METHODS, Method, Threat
from flowcore.tasks.drive import Lane, Perturb
from flowcore.tasks.perturb import by_lane, every, noise, task_threat
from flowcore.tasks.surrogate import Surrogate
from flowcore.tasks.surrogate_training import by_surrogate
from flowcore.types import PipelineConfig

__all__ = ["EPSILON", "PERTURBATIONS", "STEPS", "Perturbation"]

EPSILON = 0.02
"""The usual budget, brightness being 0..1; of ``pixels`` it is one pixel."""
STEPS: Mapping[str, int] = MappingProxyType(
    {"pgd": 5, "fgsm": 1, "ifgsm": 5, "square": 50, "pixels": 50}
)
"""The usual gradients, or calls of the model, for each frame."""
PERTURBATIONS: Mapping[str, str] = MappingProxyType(
    {"noise": "noise", **{name: METHODS[name].label for name in STEPS}}
)
"""The label of each."""


@dataclass(frozen=True)
class Perturbation:
    """A perturbation of each new frame; `of` fills in what is left out.

    Parameters
    ----------
    method : str
        Of `PERTURBATIONS`.
    epsilon : float
        The largest change of a value, brightness being 0..1; of "pixels" how many are changed.
    steps : int
        Gradients, or calls of the model, for each frame; noise takes none.
    every : int
        One of so many frames is perturbed, the first one included.
    seed : int
    made_on : PipelineConfig, optional
        The lane that is attacked, if it is not the one that drives.

    Raises
    ------
    ConfigError
        As of ``flowcore.tasks.perturb``.
    """

    method: str
    epsilon: float
    steps: int
    every: int
    seed: int
    made_on: PipelineConfig | None

    @classmethod
    def of(
        cls,
        method: str = "pgd",
        epsilon: float | None = None,
        *,
        steps: int | None = None,
        every: int = 1,
        seed: int = 0,
        made_on: PipelineConfig | None = None,
    ) -> "Perturbation":
        """A perturbation whose left-out parts are the usual ones; errors as of the class."""
        usual = 1.0 if method == "pixels" else EPSILON
        return cls(
            method,
            usual if epsilon is None else epsilon,
            STEPS.get(method, 0) if steps is None else steps,
            every,
            seed,
            made_on,
        )

    def __post_init__(self) -> None:
        every(self.every, lambda sight: sight.second)  # only asks whether it can be
        if self.method == "noise":
            noise(self.epsilon)
        else:
            self._threat()

    @property
    def label(self) -> str:
        """In a few words, for people."""
        return f"{PERTURBATIONS[self.method]} {self.epsilon:g}"

    def perturb(
        self, lane: Lane, *, surrogate: Surrogate | None = None, device: str | None = None
    ) -> Perturb:
        """What happens to the frames of a drive by this lane.

        Parameters
        ----------
        lane : PipelineConfig or "truth"
        surrogate : Surrogate, optional
            Attacked instead of the algorithm; and, where it sees frames, instead of the lane. Noise
            heeds none.
        device : str, optional

        Raises
        ------
        ConfigError
            The true flow, which heeds nothing.
        ModelError
            The model cannot be had.
        """
        if isinstance(lane, str):
            raise ConfigError("The true flow heeds no attack: choose a model to drive by.")
        if self.method == "noise":
            return every(self.every, noise(self.epsilon, seed=self.seed))
        if surrogate is not None:
            known = by_surrogate(surrogate, self._threat(), config=lane, device=device)
            return every(self.every, known)
        return every(self.every, by_lane(self.made_on or lane, self._threat(), device=device))

    def _threat(self) -> Threat:
        method = cast(Method, self.method)  # or else it is refused
        return task_threat(method, self.epsilon, steps=self.steps, seed=self.seed)
