"""What a step minimizes, of the flow."""

import pytest
import torch

from flowcore.data.scenes import Scenes
from flowcore.training.config import LossConfig
from flowcore.training.objective import objective
from flowcore.types import Prediction


@pytest.mark.parametrize(
    ("balance", "share"),
    [(0.0, 1 / 7), (1.0, 1 / 5)],  # 100 px count as a quarter of an object of 400 px
)
def test_how_much_a_small_object_counts(balance, share):
    """One of 600 px that is found, one of 100 px that is 4 px off."""
    labels = torch.zeros(1, 7, 100, dtype=torch.int64)
    labels[:, 6] = 1
    frames, truth = torch.zeros(1, 3, 7, 100), torch.zeros(1, 2, 7, 100)
    flow = truth.clone()
    flow[:, 0, 6] = 4.0
    scenes = Scenes(frames, frames, truth, torch.zeros_like(labels, dtype=torch.bool), labels)
    found = objective(Prediction(flow, (flow,)), scenes, LossConfig(balance=balance))
    assert found.steps["flow"][0].item() == pytest.approx(4 * share + 0.01, rel=1e-3)
