"""A few pixels of any color, found by differential evolution: calls of the model alone.

After Su, Vargas and Sakurai, One Pixel Attack, IEEE TEVC 2019: F 0.5, no crossover, places uniform
and colors normal (128, 127) at first; their 400 candidates are a tenth of the calls here.
"""

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import differential_evolution

from flowcore.robustness.attacks.problem import Problem
from flowcore.robustness.attacks.trail import Trail

__all__ = ["few_pixels", "with_pixels"]

_SHARE = 10  # calls for each candidate
_LEAST, _MOST = 5, 400  # candidates
_BATCH = 8  # calls at once


def few_pixels(problem: Problem, trail: Trail, start: torch.Tensor | None) -> None:
    """Differential evolution over places and colors of ``epsilon`` pixels in each frame.

    What is offered is ``(K, epsilon, 5)``: x, y in px and red, green, blue in whole levels, K
    being 2 where both frames have pixels of their own. ``start`` is one of the first candidates.
    """
    threat = problem.threat
    sets, _, height, width = problem.shape
    shape = (sets, int(threat.epsilon), 5)
    highest = np.broadcast_to([width - 1, height - 1, 255, 255, 255], shape).ravel()
    rng = np.random.default_rng(threat.seed)
    size = min(_MOST, max(_LEAST, threat.steps // _SHARE))
    places = rng.random((size, *shape[:2], 2)) * [width - 1, height - 1]
    colors = rng.normal(128, 127, (size, *shape[:2], 3)).clip(0, 255)
    population = np.concatenate([places, colors], -1).reshape(size, -1)
    if start is not None:
        population[0] = start.cpu().numpy().ravel()
    calls = 0

    def losses(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        nonlocal calls
        candidates = torch.from_numpy(np.rint(vectors.T).reshape(-1, *shape))
        found = []
        for some in torch.split(candidates, _BATCH):
            first, second = with_pixels(problem, some)
            with torch.no_grad():
                flow = problem.victim.flow(first, second)
            found.append(problem.losses(flow))
            calls += len(some)
            best = int(problem.gains(flow).argmax())
            own = slice(best, best + 1)
            trail.offer_frames(calls, some[best], first[own], second[own], flow[own])
        return torch.cat(found).cpu().double().numpy()

    differential_evolution(
        losses,
        list(zip(np.zeros(len(highest)), highest, strict=True)),
        strategy="rand1bin",
        init=population,
        mutation=0.5,
        recombination=1.0,
        maxiter=threat.steps // size - 1,
        tol=0,
        polish=False,
        updating="deferred",
        vectorized=True,
        rng=rng,
    )


def with_pixels(problem: Problem, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The frames ``(S, 3, H, W)`` with pixels ``(S, K, N, 5)`` set: x, y, and levels of red, ..."""
    frames = problem.threat.frames
    sets = pixels.to(problem.first).movedim(1, 0)  # (K, S, N, 5)
    first = problem.first if frames == "second" else _set(problem.first, sets[0])
    second = problem.second if frames == "first" else _set(problem.second, sets[-1])
    count = len(pixels)
    return first.expand(count, -1, -1, -1), second.expand(count, -1, -1, -1)


def _set(frame: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
    """A frame (1, 3, H, W) with each of S sets of pixels (S, N, 5), as (S, 3, H, W)."""
    count = len(pixels)
    frames = frame.repeat(count, 1, 1, 1)
    x, y = pixels[..., 0].long(), pixels[..., 1].long()  # (S, N)
    number = torch.arange(count, device=frame.device)[:, None].expand_as(x)
    frames[number, :, y, x] = pixels[..., 2:] / 255
    return frames
