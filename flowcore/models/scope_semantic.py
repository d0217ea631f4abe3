"""Nets of the ladder with heads that say more: classes, occlusion, how sure they are.

The heads sit on what the net computes anyway. Without being asked for them it computes the flow
of a plain net, layer by layer. No head takes statistics over the image.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import torch
from torch import nn
from torch.nn import functional as F

from flowcore.models.norm import NormedConv
from flowcore.models.registry import register
from flowcore.models.scope import SCOPE_SOURCE, SMALLEST_4PX, USUAL
from flowcore.models.scope_chunks import Features
from flowcore.models.scope_net import ScopeNet, ScopeSizes, Step
from flowcore.models.scope_parts import upsample
from flowcore.types import FeatureMap, Prediction

__all__ = [
    "NUM_CLASSES",
    "ClassDecoder",
    "SemanticScopeNet",
    "scope_035_semantic",
    "scope_035_semantic_deep",
    "scope_070_semantic",
]

NUM_CLASSES = 32  # VIPER has 31, the most of all sets that are read


class SemanticScopeNet(ScopeNet):
    """A net of the size ladder with three heads.

    Parameters
    ----------
    sizes : ScopeSizes
    is_deep : bool
        Whether the decoder of the classes sees once more downsampled features, on cells of 32 px.
    """

    maps: Mapping[str, str] = MappingProxyType({
        **ScopeNet.maps,
        "classes": "score of each class of the first frame; channel k is class k + 1",
        "second_classes": "score of each class of the second frame; channel k is class k + 1",
        "occlusion": "logit of being occluded in the second frame; above 0 is more likely so",
        "log_scale": "log of the error to be expected, px: after each refinement step whose flow "
        "is kept, else after the last; of the last pass",
    })  # fmt: skip
    maps_of_steps = frozenset({"log_scale"})
    heads = ("decoder", "occlusion", "log_scale")

    def __init__(self, sizes: ScopeSizes, *, is_deep: bool = False) -> None:
        super().__init__(sizes)
        self.decoder = ClassDecoder(sizes.matching, is_deep=is_deep)
        hidden = (sizes.fine[0], sizes.coarse[0])
        self.occlusion = nn.ModuleList(nn.Conv2d(size, 1, 3, padding=1) for size in hidden)
        self.log_scale = nn.ModuleList(nn.Conv2d(size, 1, 3, padding=1) for size in hidden)

    def parts(self) -> dict[str, nn.Module]:
        """As of `ScopeNet`, and the heads."""
        return super().parts() | {name: getattr(self, name) for name in self.heads}

    def forward(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        iterations: int | None = None,
        passes: int | None = None,
        keep: frozenset[str] = frozenset(),
    ) -> Prediction:
        """As of `ScopeNet`; the expected errors are those after the steps of the last pass."""
        passes = self.default_passes if passes is None else passes
        prediction = super().forward(first, second, iterations=iterations, passes=passes, keep=keep)
        if passes == 1 or "log_scale" not in keep:
            return prediction
        found = prediction.maps["log_scale"]  # of the last pass's px, which are smaller
        in_px = replace(found, values=found.values - (passes - 1) * math.log(2))
        return replace(prediction, maps={**prediction.maps, "log_scale": in_px})

    def _maps(
        self, features: Features, steps: list[Step], keep: frozenset[str]
    ) -> dict[str, FeatureMap]:
        maps = super()._maps(features, steps, keep)
        if keep & {"classes", "second_classes"}:
            of_both = self.decoder(features).chunk(2)
            for name, scores in zip(("classes", "second_classes"), of_both, strict=True):
                if name in keep:
                    maps[name] = FeatureMap(scores, 4, self.maps[name])
        if "occlusion" in keep:
            last = steps[-1]
            logit = self.occlusion[_head(last)](last.hidden)
            maps["occlusion"] = FeatureMap(logit, last.stride, self.maps["occlusion"])
        if "log_scale" in keep:
            scales = torch.cat([self._scale_after(step) for step in steps], 1)
            maps["log_scale"] = FeatureMap(scales, 1, self.maps["log_scale"])
        return maps

    def _scale_after(self, step: Step) -> torch.Tensor:
        """(B, 1, H, W); its gradient ends here, so that learning it leaves the flow as it is."""
        scale = self.log_scale[_head(step)](step.hidden.detach())
        return upsample(scale.float(), step.stride)


class ClassDecoder(nn.Module):
    """Scores of the classes on cells of 4 px, from the features that are matched."""

    def __init__(self, matching: int, *, is_deep: bool) -> None:
        super().__init__()
        self.deep = (
            nn.Sequential(
                NormedConv(matching, matching, stride=2),
                nn.ReLU(),
                NormedConv(matching, matching),
                nn.ReLU(),
            )
            if is_deep
            else None
        )
        self.mixed = NormedConv(matching, matching)
        self.scores = nn.Conv2d(matching, NUM_CLASSES, 1)

    def forward(self, features: Features) -> torch.Tensor:
        """``(B, NUM_CLASSES, H4, W4)``, from features on cells of 4 and of 16 px."""
        x = features[4]
        if self.deep is not None:
            wide = self.deep(features[16])  # (B, matching, H32, W32)
            x = x + F.interpolate(wide, x.shape[-2:], mode="bilinear", align_corners=False)
        scores: torch.Tensor = self.scores(F.relu(self.mixed(x)))
        return scores


def _head(step: Step) -> int:
    """Which of two heads reads the state: one for the finest grid, one for the coarse ones."""
    return 0 if step.stride == 4 else 1


@register(family="scope", source=SCOPE_SOURCE)
def scope_035_semantic() -> SemanticScopeNet:
    """``scope_035_4px`` with heads for classes, occlusion and the error to be expected."""
    return SemanticScopeNet(SMALLEST_4PX)


@register(family="scope", source=SCOPE_SOURCE)
def scope_035_semantic_deep() -> SemanticScopeNet:
    """The same, its classes decoded from once more downsampled features as well."""
    return SemanticScopeNet(SMALLEST_4PX, is_deep=True)


@register(family="scope", source=SCOPE_SOURCE)
def scope_070_semantic() -> SemanticScopeNet:
    """The usual net with these heads, classes decoded as in ``scope_035_semantic_deep``."""
    return SemanticScopeNet(USUAL, is_deep=True)
