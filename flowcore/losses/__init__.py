"""What training minimizes."""

from flowcore.losses.average import Denominator, masked_mean, over_steps
from flowcore.losses.flow import (
    census_loss,
    object_weights,
    sequence_loss,
    smoothness_loss,
    ssim_loss,
    step_losses,
)
from flowcore.losses.semantic import (
    border_sharpness,
    class_consistency,
    class_smoothness,
    same_class_along,
    same_class_here,
    soft_labels,
)
from flowcore.losses.spread import laplace_loss

__all__ = [
    "Denominator",
    "border_sharpness",
    "census_loss",
    "class_consistency",
    "class_smoothness",
    "laplace_loss",
    "masked_mean",
    "object_weights",
    "over_steps",
    "same_class_along",
    "same_class_here",
    "sequence_loss",
    "smoothness_loss",
    "soft_labels",
    "ssim_loss",
    "step_losses",
]
