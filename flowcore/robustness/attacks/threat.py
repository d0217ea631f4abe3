"""What an attacker may do and wants: one value for every attack."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from flowcore.errors import ConfigError
from flowcore.types import FlowField

__all__ = ["METHODS", "Changed", "Loss", "Method", "Norm", "Target", "Threat", "Way"]

Method: TypeAlias = Literal["fgsm", "ifgsm", "pgd", "pcfa", "pixels", "patch", "square"]
Norm: TypeAlias = Literal["linf", "l2", "l0", "patch"]
Changed: TypeAlias = Literal["first", "second", "both", "joint"]
Target: TypeAlias = Literal["away", "zero", "negative"]
Loss: TypeAlias = Literal["epe", "mse", "cosine"]
Box: TypeAlias = Literal["tanh", "clip"]

_MAX_PIXELS = 100
_MAX_PATCH = 1000  # px


class Way(NamedTuple):
    """How a method works: what it is called, the norms it keeps to, its usual steps, its access."""

    label: str
    norms: tuple[Norm, ...]
    steps: int
    white_box: bool


METHODS: Mapping[str, Way] = MappingProxyType(
    {
        "fgsm": Way("FGSM", ("linf",), 1, True),
        "ifgsm": Way("iterated FGSM", ("linf",), 20, True),
        "pgd": Way("PGD", ("linf", "l2"), 40, True),
        "pcfa": Way("PCFA", ("l2",), 200, True),
        "patch": Way("patch", ("patch",), 200, True),
        "pixels": Way("few pixels", ("l0",), 1000, False),
        "square": Way("square", ("linf",), 1000, False),
    }
)
_EPSILON: Mapping[str, float] = MappingProxyType({"linf": 5e-3, "l2": 5e-3, "l0": 1, "patch": 51})


@dataclass(frozen=True)
class Threat:
    """An attack: its method, its budget and its aim; `of` fills in what is left out.

    Parameters
    ----------
    method : str
        White box, with the gradient: "fgsm", "ifgsm" (Goodfellow et al., 2015; Kurakin et al.,
        2017), "pgd" (Madry et al., 2018), "pcfa" (Schmalfuss et al., ECCV 2022), "patch" (Ranjan
        et al., ICCV 2019). Black box, by calls alone: "pixels" (after Su et al., 2019), "square"
        (Andriushchenko et al., ECCV 2020).
    epsilon : float
        The budget, in the norm's unit.
    norm : str
        "linf": the largest change of a value, frames in [0, 1]. "l2": the root mean square of the
        changes of all values of the frames that are changed, as PCFA's. "l0": pixels of a frame
        that are changed, 1..100. "patch": diameter in px of a disk that is replaced.
    frames : str
        Which are changed: "first", "second", "both", or "joint": one change for both.
    target : str or FlowField
        The flow to bring about: "zero", "negative" (of the clean flow), or any. "away" has none:
        as far from the clean flow as can be.
    loss : str
        What is optimized, between the flow and the target: "epe", "mse" or "cosine" (1 minus the
        cosine of the angle; away, the target is the negative clean flow). What is reported is
        always in px.
    steps : int
        Gradients (white box) or calls of the model (black box).
    seed : int
    box : str
        How PCFA keeps values in [0, 1]: "tanh", a change of variables, or "clip".

    Raises
    ------
    ConfigError
        Values that contradict each other, each told in a sentence.

    Examples
    --------
    >>> Threat.of("pcfa", target="zero").label
    'PCFA, l2 0.005, both frames, to zero flow'
    """

    method: Method
    epsilon: float
    norm: Norm
    frames: Changed
    target: Target | FlowField
    loss: Loss
    steps: int
    seed: int
    box: Box

    @classmethod
    def of(
        cls,
        method: Method = "pgd",
        epsilon: float | None = None,
        norm: Norm | None = None,
        frames: Changed | None = None,
        target: Target | FlowField = "away",
        loss: Loss | None = None,
        steps: int | None = None,
        seed: int = 0,
        box: Box | None = None,
    ) -> "Threat":
        """A threat whose left-out parts are the method's own; errors as of the class."""
        _require_choice("attack", method, tuple(METHODS))
        way, is_patch = METHODS[method], method == "patch"
        norm = way.norms[0] if norm is None else norm
        _require_choice("norm", norm, get_args(Norm))
        frames = frames or ("joint" if is_patch else "both")
        return cls(
            method,
            _EPSILON[norm] if epsilon is None else epsilon,
            norm,
            frames,
            target,
            loss or ("cosine" if is_patch else "epe"),
            way.steps if steps is None else steps,
            seed,
            box or ("tanh" if method == "pcfa" and frames != "joint" else "clip"),
        )

    def __post_init__(self) -> None:
        _require_choice("attack", self.method, tuple(METHODS))
        _require_choice("norm", self.norm, get_args(Norm))
        _require_choice("choice of frames", self.frames, get_args(Changed))
        _require_choice("loss", self.loss, get_args(Loss))
        _require_choice("box", self.box, get_args(Box))
        if not isinstance(self.target, FlowField):
            _require_choice("target", self.target, get_args(Target))
        _require_budget(self)
        for fault in _contradictions(self):
            raise ConfigError(fault)

    @property
    def is_targeted(self) -> bool:
        """Whether there is a flow to bring about."""
        return self.target != "away"

    @property
    def target_name(self) -> str:
        """The target in a word; of a flow the beginning of its digest."""
        return self.target if isinstance(self.target, str) else f"flow {self.target.digest[:12]}"

    @property
    def label(self) -> str:
        """In a few words, for people."""
        frames = {"both": "both frames", "joint": "both frames alike"}.get(
            self.frames, f"{self.frames} frame"
        )
        aim = {"away": "away from the clean flow", "zero": "to zero flow"}.get(
            self.target_name, f"to the {self.target_name} flow"
        )
        units = {"l0": f"{self.epsilon:g} px each", "patch": f"{self.epsilon:g} px across"}
        budget = units.get(self.norm, f"{self.norm} {self.epsilon:g}")
        return f"{METHODS[self.method].label}, {budget}, {frames}, {aim}"

    def as_json(self) -> dict[str, Any]:
        """The fields, ready for ``json.dumps``."""
        names = ("method", "epsilon", "norm", "frames", "loss", "steps", "seed", "box")
        return {name: getattr(self, name) for name in names} | {"target": self.target_name}


def _require_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"No {what} is called {value!r}; there are {', '.join(choices)}.")


def _require_budget(threat: Threat) -> None:
    epsilon = threat.epsilon
    whole = isinstance(epsilon, int | float) and math.isfinite(epsilon) and epsilon == int(epsilon)
    if threat.norm == "l0" and not (whole and 1 <= epsilon <= _MAX_PIXELS):
        raise ConfigError(
            f"An l0 budget is a whole number of pixels in 1..{_MAX_PIXELS}, got {epsilon}."
        )
    if threat.norm == "patch" and not (whole and 3 <= epsilon <= _MAX_PATCH):
        raise ConfigError(
            f"A patch is a whole number of px in 3..{_MAX_PATCH} across, got {epsilon}."
        )
    if threat.norm in ("linf", "l2") and not 0 < epsilon <= 1:
        raise ConfigError(
            f"An {threat.norm} budget lies in 0..1, the range of brightness, and is not 0; got "
            f"{epsilon}."
        )
    if threat.steps < 1 or threat.seed < 0:
        raise ConfigError(
            f"Steps are 1 or more and a seed is 0 or more, got {threat.steps} and {threat.seed}."
        )


def _contradictions(threat: Threat) -> list[str]:
    """What of the threat cannot be together, in sentences."""
    way = METHODS[threat.method]
    faults = {
        f"{way.label} keeps to {' or '.join(way.norms)}, got a budget in {threat.norm}.": (
            threat.norm not in way.norms
        ),
        f"FGSM is a single step, got {threat.steps}; iterated FGSM takes more.": (
            threat.method == "fgsm" and threat.steps != 1
        ),
        f"Differential evolution takes 5 calls or more, got {threat.steps}.": (
            threat.method == "pixels" and threat.steps < 5
        ),
        "PCFA works towards a target flow: zero, negative, or one that is given.": (
            threat.method == "pcfa" and not threat.is_targeted
        ),
        "The cosine says nothing about a flow of zero length: choose epe or mse.": (
            threat.loss == "cosine" and threat.target == "zero"
        ),
        "A change of variables gives each frame a change of its own: for a joint one, clip.": (
            threat.box == "tanh" and threat.frames == "joint"
        ),
        f"Only PCFA changes variables, {way.label} clips.": (
            threat.box == "tanh" and threat.method != "pcfa"
        ),
        "A patch is one for all frames: choose first, second or joint, not both.": (
            threat.method == "patch" and threat.frames == "both"
        ),
    }
    return [sentence for sentence, is_wrong in faults.items() if is_wrong]
