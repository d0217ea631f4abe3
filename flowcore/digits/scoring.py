"""How well a net of the lab answers on canvases that it has not seen."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from flowcore.digits.canvases import Canvases
from flowcore.digits.tasks import POINTS, Task, targets_of

__all__ = ["Score", "evaluate"]


@dataclass(frozen=True)
class Score:
    """How well a net does on canvases that it has not seen.

    Parameters
    ----------
    distance : float
        Mean distance between answer and target, px; lower is better.
    within_1px : float
        Share of answers at most 1 px away, %; higher is better.
    wrong_point : float, optional
        Share of answers closer to another point of the table by digit than to the one asked for,
        %; lower is better. None where all digits ask for the same.
    accuracy : float, optional
        Share of digits named right, %; None for nets that do not classify.
    distance_by_digit : mapping of digit to px
    num_canvases : int
    """

    distance: float
    within_1px: float
    wrong_point: float | None
    accuracy: float | None
    distance_by_digit: Mapping[int, float]
    num_canvases: int


@torch.inference_mode()
def evaluate(net: nn.Module, canvases: Canvases, task: Task) -> Score:
    """How far the answers lie from the targets."""
    net.eval()
    answers = [net(part) for part in torch.split(canvases.images, 256)]
    points = torch.cat([answer.point for answer in answers])
    targets = targets_of(canvases.points, canvases.labels, task)
    distances = (points - targets).norm(dim=-1)
    by_digit = {
        digit: distances[canvases.labels == digit].mean().item()
        for digit in task.digits
        if bool((canvases.labels == digit).any())
    }
    accuracy = None
    if task.classifies:
        logits = torch.cat([answer.logits for answer in answers])
        accuracy = _percent(logits.argmax(-1) == canvases.labels)
    wrong = None
    if len(set(task.rule.values())) > 1:
        wrong = _percent(_nearest(points, canvases.points, task) < distances - 1e-4)
    return Score(
        distance=distances.mean().item(),
        within_1px=_percent(distances <= 1),
        wrong_point=wrong,
        accuracy=accuracy,
        distance_by_digit=by_digit,
        num_canvases=len(points),
    )


def _nearest(points: torch.Tensor, known: torch.Tensor, task: Task) -> torch.Tensor:
    """Distance to the nearest point that some digit of the task asks for, ``(B,)``."""
    asked = [POINTS.index(point) for point in sorted(set(task.rule.values()))]
    gaps: torch.Tensor = (points[:, None] - known[:, asked]).norm(dim=-1)
    return gaps.amin(-1)


def _percent(flags: torch.Tensor) -> float:
    return 100 * flags.float().mean().item()
