"""What a step minimizes: the flow's loss, and what the config adds to it, part by part."""

import functools
import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from flowcore.data.scenes import Scenes
from flowcore.losses import (
    border_sharpness,
    census_loss,
    class_consistency,
    class_smoothness,
    laplace_loss,
    masked_mean,
    object_weights,
    over_steps,
    same_class_along,
    same_class_here,
    smoothness_loss,
    soft_labels,
    ssim_loss,
    step_losses,
)
from flowcore.ops.consistency import consistency_mask
from flowcore.ops.warp import lands_inside, warp
from flowcore.training.config import LossConfig
from flowcore.training.semantic_config import SemanticConfig
from flowcore.types import Prediction

__all__ = ["Objective", "measure_gradients", "objective"]


class Objective(NamedTuple):
    """The loss in its parts, weighed; and of the flow and the classes each step's, not weighed."""

    parts: dict[str, torch.Tensor]
    steps: dict[str, list[torch.Tensor]]

    @property
    def total(self) -> torch.Tensor:
        """The loss."""
        return functools.reduce(torch.add, self.parts.values())

    def numbers(self) -> dict[str, float]:
        """As a log has them: ``flow_loss``, ``flow_loss_1``, ..."""
        found = {f"{name}_loss": part.item() for name, part in self.parts.items()}
        for name, losses in self.steps.items():
            found |= {f"{name}_loss_{n}": loss.item() for n, loss in enumerate(losses, 1)}
        return found


def objective(
    prediction: Prediction,
    scenes: Scenes,
    loss: LossConfig,
    semantic: SemanticConfig | None = None,
    backward: torch.Tensor | None = None,
) -> Objective:
    """What a prediction comes to; ``backward`` is the flow from the second frame to the first."""
    config = semantic or SemanticConfig()
    iterates, truth = prediction.iterates, scenes.flow
    valid = scenes.valid
    if config.truth == "visible":
        valid = ~scenes.occluded if valid is None else valid & ~scenes.occluded
    of_flow = step_losses(
        iterates,
        truth,
        power=loss.power,
        valid=valid,
        weights=object_weights(scenes.labels, loss.balance) if loss.balance else None,
        denominator=config.denominator,
    )
    parts = {"flow": over_steps(of_flow, gamma=loss.gamma), **_photometric(iterates, scenes, loss)}
    steps = {"flow": of_flow}
    if config.parts:
        visible = _visible(prediction, scenes, config, backward)
        if "semantic" in config.parts:
            steps["semantic"] = _semantic_steps(iterates, scenes, config, visible)
            total = over_steps(steps["semantic"], gamma=loss.gamma, weights=config.step_weights)
            parts["semantic"] = config.weight * total
        parts |= _of_heads(prediction, scenes, config, visible)
    return Objective(parts, steps)


def measure_gradients(parts: dict[str, torch.Tensor], net: nn.Module) -> dict[str, float]:
    """Norm of each part's gradient, and the angle between those of flow and semantics, degrees.

    Named as a log has them: ``flow_gradient``, ..., ``angle``. The graph is kept.
    """
    weights = [weight for weight in net.parameters() if weight.requires_grad]
    gradients = {name: _gradient(part, weights) for name, part in parts.items()}
    found = {f"{name}_gradient": gradient.norm().item() for name, gradient in gradients.items()}
    if "semantic" in gradients:
        cosine = F.cosine_similarity(gradients["flow"], gradients["semantic"], dim=0)
        found["angle"] = math.degrees(math.acos(max(-1.0, min(1.0, cosine.item()))))
    return found


def _gradient(part: torch.Tensor, weights: list[nn.Parameter]) -> torch.Tensor:
    """Of a part by all weights, in a row; zero where nothing of it learns."""
    zeros = [torch.zeros_like(weight).flatten() for weight in weights]
    if not part.requires_grad:
        return torch.cat(zeros)
    found = torch.autograd.grad(part, weights, retain_graph=True, allow_unused=True)
    return torch.cat([
        zero if gradient is None else gradient.flatten()
        for zero, gradient in zip(zeros, found, strict=True)
    ])  # fmt: skip


def _photometric(
    iterates: tuple[torch.Tensor, ...], scenes: Scenes, config: LossConfig
) -> dict[str, torch.Tensor]:
    parts = {}
    clean, visible, last = (scenes.first, scenes.second), ~scenes.occluded, iterates[-1]
    if config.census:
        parts["census"] = config.census * census_loss(*clean, last, visible)
    if config.ssim:
        parts["ssim"] = config.ssim * ssim_loss(*clean, last, visible)
    if config.smoothness:
        parts["smoothness"] = config.smoothness * smoothness_loss(last, scenes.first)
    return parts


def _visible(
    prediction: Prediction,
    scenes: Scenes,
    config: SemanticConfig,
    backward: torch.Tensor | None,
) -> torch.Tensor:
    """The pixels of the first frame that are taken to be seen in the second, (B, H, W) bool."""
    if config.visible == "all":
        return torch.ones_like(scenes.occluded)
    if config.visible == "truth":
        return ~scenes.occluded
    if config.visible == "predicted":
        return _full(prediction, "occlusion", scenes)[:, 0].detach() < 0
    if backward is None:
        raise ValueError("The forward-backward check needs the backward flow.")
    return consistency_mask(prediction.flow.detach(), backward)


def _semantic_steps(
    iterates: tuple[torch.Tensor, ...],
    scenes: Scenes,
    config: SemanticConfig,
    visible: torch.Tensor,
) -> list[torch.Tensor]:
    classes, second = _classes_of(scenes)
    if config.kind == "consistency":
        return _consistency_steps(iterates, classes, second, config, visible)
    if config.kind == "corrected":
        counts = same_class_along(classes, second, scenes.flow) & visible
    else:
        counts = same_class_here(classes, second)
    if scenes.valid is not None:
        counts = counts & scenes.valid
    penalty = border_sharpness if config.kind == "new" else class_smoothness
    return [
        masked_mean(penalty(flow, classes), counts, denominator=config.denominator)
        for flow in iterates
    ]


def _consistency_steps(
    iterates: tuple[torch.Tensor, ...],
    classes: torch.Tensor,
    second: torch.Tensor,
    config: SemanticConfig,
    visible: torch.Tensor,
) -> list[torch.Tensor]:
    most = max(1, int(classes.max()), int(second.max()))
    shares, later = (soft_labels(each, most, sigma=config.blur) for each in (classes, second))
    is_labelled = (second != 0)[:, None].float()
    losses = []
    for flow in iterates:
        target = flow.detach()
        counts = visible & (classes != 0) & lands_inside(target)
        counts = counts & (warp(is_labelled, target)[:, 0] > 0.99)
        values = class_consistency(shares, later, flow)
        losses.append(masked_mean(values, counts, denominator=config.denominator))
    return losses


def _of_heads(
    prediction: Prediction, scenes: Scenes, config: SemanticConfig, visible: torch.Tensor
) -> dict[str, torch.Tensor]:
    parts = {}
    valid = torch.ones_like(visible) if scenes.valid is None else scenes.valid
    if config.decoder:
        scores = [_full(prediction, name, scenes) for name in ("classes", "second_classes")]
        both = torch.cat(scores), torch.cat(_classes_of(scenes))
        parts["decoder"] = config.decoder * _of_classes(*both, balance=config.balance)
        if config.temporal:
            flow = prediction.flow
            values = class_consistency(scores[0].softmax(1), scores[1].softmax(1), flow)
            counts = visible & lands_inside(flow.detach())
            parts["temporal"] = config.temporal * masked_mean(values, counts)
    if config.occlusion:
        errors = F.binary_cross_entropy_with_logits(
            _full(prediction, "occlusion", scenes)[:, 0],
            scenes.occluded.float(),
            reduction="none",
        )
        parts["occlusion"] = config.occlusion * masked_mean(errors, valid)
    if config.scale:
        scales = prediction.maps["log_scale"].values.unbind(1)
        losses = [
            masked_mean(laplace_loss(flow, scale, scenes.flow), valid)
            for flow, scale in zip(prediction.iterates, scales, strict=True)
        ]
        parts["scale"] = config.scale * torch.stack(losses).mean()
    return parts


def _of_classes(scores: torch.Tensor, classes: torch.Tensor, *, balance: float) -> torch.Tensor:
    """Mean cross entropy of labelled pixels, in nats; with ``balance`` rare classes count more."""
    errors = F.cross_entropy(scores, (classes - 1).clamp(min=0), reduction="none")
    if not balance:
        return masked_mean(errors, classes > 0)
    counts = torch.bincount(classes.flatten(), minlength=scores.shape[1] + 1)
    weights = (counts.clamp(min=1).float() ** -balance)[classes] * (classes > 0)
    return (weights * errors).sum() / weights.sum().clamp(min=1e-9)


def _full(prediction: Prediction, name: str, scenes: Scenes) -> torch.Tensor:
    """A map on the pixels of the frames, (B, C, H, W) float32."""
    values = prediction.maps[name].values.float()
    return F.interpolate(values, scenes.flow.shape[-2:], mode="bilinear", align_corners=False)


def _classes_of(scenes: Scenes) -> tuple[torch.Tensor, torch.Tensor]:
    if scenes.classes is None or scenes.second_classes is None:
        raise ValueError("The scenes were made without classes.")
    return scenes.classes, scenes.second_classes
