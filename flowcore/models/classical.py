"""Methods that learn nothing, from OpenCV and scikit-image. They take their time and no weights.

The settings are those with which the published comparison of docs/results.md was made.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import torch

from flowcore.errors import ConfigError
from flowcore.models.base import require_frames
from flowcore.models.registry import register
from flowcore.types import FloatArray, Prediction, UInt8Array

__all__ = [
    "ClassicalModel",
    "dis_fast",
    "dis_medium",
    "dis_ultrafast",
    "farneback",
    "gray_levels",
    "gray_values",
    "ilk",
    "tvl1",
]

_Matcher: TypeAlias = Callable[[npt.NDArray[Any], npt.NDArray[Any]], npt.NDArray[Any]]
_Frame: TypeAlias = FloatArray | UInt8Array
_NEW: Any = None  # lets OpenCV allocate its output


@dataclass(frozen=True)
class ClassicalModel:
    """A method on gray frames, made to look like any other model.

    Parameters
    ----------
    match : callable
        From two gray frames (H, W) to a flow (H, W, 2), channel 0 = u, 1 = v.
    gray : callable
        From a frame (H, W, 3), 8 bit or float32 in [0, 1], to what ``match`` takes.
    min_size : int
        Both sides must be at least this many px.
    bytes_per_pixel : int
        Working memory, measured.
    """

    match: _Matcher
    gray: Callable[[_Frame], npt.NDArray[Any]]
    min_size: int
    bytes_per_pixel: int
    stride: int = 1
    default_iterations: None = None
    takes_levels: bool = True  # 8-bit frames need not be brought to [0, 1], which costs time
    maps: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        iterations: int | None = None,
        keep: frozenset[str] = frozenset(),
    ) -> Prediction:
        """The flow of frames ``(B, 3, H, W)``, one pair after the other; no gradient."""
        require_frames(self, first, second)
        if iterations is not None:
            raise ConfigError("A classical method does not refine in steps: leave out iterations.")
        flows = [
            self.match(*map(self._gray_array, pair)) for pair in zip(first, second, strict=True)
        ]
        # A single flow is not copied: that would take a tenth of the quickest method's time.
        batch = flows[0][None] if len(flows) == 1 else np.stack(flows)
        flow = torch.from_numpy(batch.astype(np.float32, copy=False))
        return Prediction(flow.permute(0, 3, 1, 2).to(first.device))

    def memory_bytes(self, height: int, width: int) -> int:
        """The working memory of one pair."""
        return self.bytes_per_pixel * height * width

    def _gray_array(self, frame: torch.Tensor) -> npt.NDArray[Any]:
        levels = frame if frame.dtype == torch.uint8 else frame.detach().float()
        return self.gray(np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy()))


def gray_levels(frame: _Frame) -> UInt8Array:
    """OpenCV's gray of a frame, 8 bit; of one in [0, 1] exact if it was 8 bit."""
    is_8_bit = frame.dtype == np.uint8
    levels = frame if is_8_bit else cv2.convertScaleAbs(np.maximum(frame, 0), alpha=255)  # rounds
    return np.asarray(cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY))


def gray_values(frame: _Frame) -> FloatArray:
    """OpenCV's gray of a frame, float32 in [0, 1]."""
    if frame.dtype == np.uint8:
        frame = frame.astype(np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.float32)


def _dis(preset: int) -> ClassicalModel:
    """Kroeger et al., ECCV 2016, with one of OpenCV's presets."""

    def match(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[Any]:
        method = cv2.DISOpticalFlow.create(preset)
        if _coarsest_dis_scale(*first.shape) < method.getFinestScale():
            method.setFinestScale(0)
        return np.asarray(method.calc(first, second, _NEW))

    return ClassicalModel(match, gray_levels, min_size=12, bytes_per_pixel=80)


def _coarsest_dis_scale(height: int, width: int) -> int:
    """The pyramid level at which OpenCV starts, patches being 8 px.

    Where this is finer than the preset's finest level OpenCV chooses both anew from the width
    alone, and for wide frames reads outside of its memory; so that choice is taken from it.
    """
    by_motion = int(math.log2(max(height, width) / 32) + 0.5)
    by_patch = int(math.log2(max(1, min(height, width) // 8)))
    return min(by_motion, by_patch)


@register(
    family="classical",
    source="Kroeger et al., Fast Optical Flow using DIS, ECCV 2016",
    licence="Apache-2.0",
)
def dis_ultrafast() -> ClassicalModel:
    """Dense inverse search, the quickest preset."""
    return _dis(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)


@register(
    family="classical",
    source="Kroeger et al., Fast Optical Flow using DIS, ECCV 2016",
    licence="Apache-2.0",
)
def dis_fast() -> ClassicalModel:
    """Dense inverse search, the middle preset."""
    return _dis(cv2.DISOPTICAL_FLOW_PRESET_FAST)


@register(
    family="classical",
    source="Kroeger et al., Fast Optical Flow using DIS, ECCV 2016",
    licence="Apache-2.0",
)
def dis_medium() -> ClassicalModel:
    """Dense inverse search, the most careful preset."""
    return _dis(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)


@register(
    family="classical",
    source="Farneback, Two-Frame Motion Estimation, SCIA 2003",
    licence="Apache-2.0",
)
def farneback() -> ClassicalModel:
    """Polynomial expansion: 3 levels, 15 px windows, 7 px neighborhoods."""

    def match(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[Any]:
        flow = cv2.calcOpticalFlowFarneback(
            first,
            second,
            _NEW,
            pyr_scale=0.5,
            levels=3,
            winsize=15,
            iterations=3,
            poly_n=7,
            poly_sigma=1.5,
            flags=0,
        )
        return np.asarray(flow)

    return ClassicalModel(match, gray_levels, min_size=1, bytes_per_pixel=110)


@register(
    family="classical",
    source="Zach, Pock and Bischof, A Duality Based TV-L1, DAGM 2007",
    licence="BSD-3-Clause",
)
def tvl1() -> ClassicalModel:
    """Total variation with an L1 data term, scikit-image's settings."""

    def match(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[Any]:
        from skimage.registration import optical_flow_tvl1  # slow to import

        return _uv(optical_flow_tvl1(first, second))  # type: ignore[no-untyped-call]

    return ClassicalModel(match, gray_values, min_size=2, bytes_per_pixel=160)


@register(
    family="classical",
    source="Le Besnerais and Champagnat, Dense Optical Flow, ICIP 2005",
    licence="BSD-3-Clause",
)
def ilk() -> ClassicalModel:
    """Iterative Lucas-Kanade, scikit-image's settings."""

    def match(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[Any]:
        from skimage.registration import optical_flow_ilk  # slow to import

        return _uv(optical_flow_ilk(first, second))  # type: ignore[no-untyped-call]

    return ClassicalModel(match, gray_values, min_size=2, bytes_per_pixel=170)


def _uv(row_col: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """scikit-image's flow (2, H, W), rows first, as (H, W, 2), u first."""
    return np.stack([row_col[1], row_col[0]], axis=-1)
