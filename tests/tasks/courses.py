"""A small camera, a plan made by hand, and a net that is quick."""

import numpy as np

from flowcore.tasks.world_camera import Camera
from flowcore.tasks.world_plan import Plan, Pose
from flowcore.types import PipelineConfig

SMALL = Camera(48, 64, 32.0)
SCOPE = PipelineConfig("scope_035_4px.flow_loss", iterations=1)


def box(*, half=1.0, ahead=3.0, pillars=()):
    """A closed corridor from z = -1 to z = ahead, walls at x = -half and x = half."""
    corners = np.array([[-half, -1], [-half, ahead], [half, ahead], [half, -1], [-half, -1.0]])
    return Plan(
        np.stack([np.zeros(5), np.linspace(0, ahead - 1, 5)], 1),
        np.concatenate([corners[:-1], corners[1:]], 1),
        np.zeros(4),
        np.array(pillars, float).reshape(-1, 3),
        Pose(0.0, 0.0, 0.0),
    )
