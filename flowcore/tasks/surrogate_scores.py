"""How good surrogates are on courses of layouts that they have not seen, beside simpler guesses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from flowcore.errors import InputError
from flowcore.tasks.examples import Examples
from flowcore.tasks.surrogate import SURROGATES, Guess, Surrogate
from flowcore.tasks.world_course import Course
from flowcore.tasks.world_plan import Array

__all__ = [
    "Calibration",
    "Doubt",
    "SurrogateScore",
    "guesses_of",
    "r_squared",
    "score_constant",
    "score_mean_flow",
    "score_surrogate",
]

_LEVELS = {"50": 0.674, "80": 1.282, "95": 1.960}  # percent of a normal, and its sigmas
_BATCH = 64
_NUM_DOUBTS = 8


class Calibration(NamedTuple):
    """Whether guesses mean what they say.

    Parameters
    ----------
    slope, intercept : float
        Of the line that the truth follows over the guess, the latter in m; 1 and 0 at best.
    coverage : mapping
        Percent of truths within the intervals that are claimed to hold 50, 80 and 95 % of them.
    """

    slope: float
    intercept: float
    coverage: dict[str, float]


class Doubt(NamedTuple):
    """A frame on which a surrogate was sure and wrong: replay the course up to it."""

    course: Course
    number: int
    guess: float
    sigma: float
    truth: float


@dataclass(frozen=True)
class SurrogateScore:
    """What a surrogate, or a rival, is worth.

    Parameters
    ----------
    name : str
        Of `SURROGATES`; "constant" or "mean_flow".
    r2 : float
        Share of the variance of the clearance ahead that it explains: 1 at best, 0 for the mean.
    mean_error : float
        Mean distance from the truth, m; lower is better.
    turn_r2 : float, optional
        The same share of the commands; None where they are not guessed.
    calibration : Calibration, optional
        None of rivals, which claim no interval.
    doubts : tuple of Doubt
        The largest errors among the half of the frames that it claims to be surest of.
    num_frames : int
    guesses : tuple of float
        Of every frame, m.
    """

    name: str
    r2: float
    mean_error: float
    turn_r2: float | None
    calibration: Calibration | None
    doubts: tuple[Doubt, ...]
    num_frames: int
    guesses: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        """All but the guesses, ready for ``json.dumps``."""
        calibration = None if self.calibration is None else self.calibration._asdict()
        doubts = [one._asdict() | {"course": one.course.as_json()} for one in self.doubts]
        known = vars(self) | {"calibration": calibration, "doubts": doubts}
        return {name: value for name, value in known.items() if name != "guesses"}


def r_squared(guess: Array, truth: Array) -> float:
    """Share of the truth's variance that a guess explains; below 0 it is worse than their mean.

    Examples
    --------
    >>> r_squared(np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 2.0]))
    0.5
    """
    residual = float(((truth - guess) ** 2).sum())
    total = float(((truth - truth.mean()) ** 2).sum())
    return 1 - residual / total if total > 0 else float("nan")


def guesses_of(surrogate: Surrogate, examples: Examples) -> Guess:
    """What a surrogate says to every example."""
    with torch.inference_mode():
        parts = [
            surrogate(examples.seen_by(surrogate.kind, number))
            for number in torch.split(torch.arange(len(examples)), _BATCH)
        ]
    return Guess(*(torch.cat(values) for values in zip(*parts, strict=True)))


def score_surrogate(surrogate: Surrogate, unseen: Examples) -> SurrogateScore:
    """The score of a surrogate on examples that it has not learnt from."""
    found = guesses_of(surrogate, unseen)
    guess, sigma, turn = (value.double().numpy() for value in found)
    truth = unseen.ahead.double().numpy()
    turn_r2 = None
    if SURROGATES[surrogate.kind].steers:
        turn_r2 = r_squared(turn, unseen.turn.double().numpy())
    return SurrogateScore(
        surrogate.kind,
        r_squared(guess, truth),
        float(np.abs(guess - truth).mean()),
        turn_r2,
        _calibration(guess, sigma, truth),
        _doubts(unseen, guess, sigma, truth),
        len(unseen),
        tuple(guess.tolist()),
    )


def score_constant(seen: Examples, unseen: Examples) -> SurrogateScore:
    """The rival that always says the mean of what was seen."""
    guess = np.full(len(unseen), seen.ahead.double().mean().item())
    return _rival("constant", guess, unseen)


def score_mean_flow(seen: Examples, unseen: Examples) -> SurrogateScore:
    """The rival that is linear in the mean flow and the mean speed of the left and right half."""
    weights, *_ = np.linalg.lstsq(_mean_flow(seen), seen.ahead.double().numpy())
    return _rival("mean_flow", _mean_flow(unseen) @ weights, unseen)


def _rival(name: str, guess: Array, unseen: Examples) -> SurrogateScore:
    truth = unseen.ahead.double().numpy()
    error = float(np.abs(guess - truth).mean())
    r2, guesses = r_squared(guess, truth), tuple(guess.tolist())
    return SurrogateScore(name, r2, error, None, None, (), len(unseen), guesses)


def _mean_flow(examples: Examples) -> Array:
    """u, v and speed of both halves, and 1, (N, 7)."""
    half = examples.flows.shape[-1] // 2
    columns: list[torch.Tensor] = []
    for side in (examples.flows[..., :half], examples.flows[..., -half:]):
        speed = torch.linalg.vector_norm(side, dim=1, keepdim=True)
        columns += torch.cat([side, speed], 1).mean((2, 3)).unbind(1)
    return torch.stack([*columns, torch.ones(len(examples))], 1).double().numpy()


def _calibration(guess: Array, sigma: Array, truth: Array) -> Calibration:
    if len(truth) < 2:
        raise InputError("To judge a surrogate takes two frames or more.")
    slope, intercept = np.polyfit(guess, truth, 1) if guess.std() > 0 else (0.0, truth.mean())
    coverage = {
        percent: 100 * float((np.abs(guess - truth) <= sigmas * sigma).mean())
        for percent, sigmas in _LEVELS.items()
    }
    return Calibration(float(slope), float(intercept), coverage)


def _doubts(examples: Examples, guess: Array, sigma: Array, truth: Array) -> tuple[Doubt, ...]:
    (sure,) = np.nonzero(sigma <= np.median(sigma))
    worst: Sequence[int] = sure[np.argsort(-np.abs(guess - truth)[sure])][:_NUM_DOUBTS].tolist()
    return tuple(
        Doubt(*examples.places[one], float(guess[one]), float(sigma[one]), float(truth[one]))
        for one in worst
    )
