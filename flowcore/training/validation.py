"""What a net is worth in the middle of its training, on scenes that it never learns from."""

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from flowcore.data.classes import MAX_CLASSES
from flowcore.data.scenes import Scenes
from flowcore.metrics.labels import confusion, mean_iou
from flowcore.metrics.masks import mask_agreement
from flowcore.metrics.sparsification import ause
from flowcore.training.config import Stage
from flowcore.training.parts import watched_of
from flowcore.training.semantic_config import SemanticConfig
from flowcore.types import FeatureMap, Prediction

__all__ = ["mean_error", "validate"]


@torch.no_grad()
def validate(
    net: nn.Module,
    held_out: Iterable[Scenes],
    stage: Stage,
    semantic: SemanticConfig | None = None,
) -> dict[str, float]:
    """Means over batches of scenes, nan where nothing is known.

    ``epe`` in px; and of the heads that learn: ``miou`` of the classes and ``occlusion_f1`` in
    percent, over the pixels of all scenes, higher is better; ``ause``, the area between the
    sparsification curve of the expected error and the oracle's, lower is better.
    """
    net.eval()
    maps = semantic.maps - {"second_classes"} if semantic else frozenset()
    asked = watched_of(net, stage) or ({"keep": maps} if maps else {})
    errors: list[float] = []
    heads = _Heads()
    for scenes in held_out:
        prediction = net(scenes.first, scenes.second, **asked)
        errors.append(mean_error(prediction.flow, scenes).item())
        heads.add(prediction, scenes)
    known = [error for error in errors if not math.isnan(error)]
    epe = sum(known) / len(known) if known else math.nan
    return {"epe": epe} | heads.scores()


def mean_error(flow: torch.Tensor, scenes: Scenes) -> torch.Tensor:
    """Mean EPE in px where the truth is known; nan if that is nowhere."""
    errors = (flow - scenes.flow).square().sum(1).sqrt()
    return errors.mean() if scenes.valid is None else errors[scenes.valid].mean()


class _Heads:
    """What the heads said of all pixels so far, beside what is true."""

    def __init__(self) -> None:
        self.counts = np.zeros((MAX_CLASSES, MAX_CLASSES + 1), np.int64)
        self.hidden: list[tuple[torch.Tensor, torch.Tensor]] = []  # said, true
        self.errors: list[tuple[torch.Tensor, torch.Tensor]] = []  # px: expected, true

    def add(self, prediction: Prediction, scenes: Scenes) -> None:
        """Take note of a batch."""
        maps = {name: _on_pixels(found, scenes) for name, found in prediction.maps.items()}
        valid = torch.ones_like(scenes.occluded) if scenes.valid is None else scenes.valid
        if "classes" in maps and scenes.classes is not None:
            said, true = 1 + maps["classes"].argmax(1), scenes.classes
            self.counts += confusion(
                said.int().cpu().numpy(), true.int().cpu().numpy(), num_classes=MAX_CLASSES
            )
        if "occlusion" in maps:
            self.hidden.append((maps["occlusion"][:, 0][valid] > 0, scenes.occluded[valid]))
        if "log_scale" in maps:
            error = (prediction.flow - scenes.flow).square().sum(1).sqrt()
            self.errors.append((maps["log_scale"][:, -1][valid], error[valid]))

    def scores(self) -> dict[str, float]:
        """Of the heads that said anything."""
        found = {"miou": mean_iou(self.counts)} if self.counts.any() else {}
        if self.hidden:
            said, true = (torch.cat(part).cpu().numpy() for part in zip(*self.hidden, strict=True))
            found["occlusion_f1"] = mask_agreement(said, true).f1
        if self.errors:
            expected, error = (
                torch.cat(part).float().cpu().numpy() for part in zip(*self.errors, strict=True)
            )
            found["ause"] = ause(error, expected) if error.size else math.nan
        return found


def _on_pixels(found: FeatureMap, scenes: Scenes) -> torch.Tensor:
    """A map on the pixels of the frames, float32."""
    size = scenes.flow.shape[-2:]
    return F.interpolate(found.values.float(), size, mode="bilinear", align_corners=False)
