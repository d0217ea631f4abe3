"""Scope: a family of small recurrent nets, one architecture from 0.35 to 10 MB.

What RAFT does at one scale (Teed and Deng, ECCV 2020) is done here from coarse to fine: refinement
steps at 1/16, where all pairs are compared, then at 1/8 and at 1/4 of the frame's size, where a
small window around the present flow is. The first two scales share one update block. No layer
looks at the frame as a whole: batch norm serves training only and is folded into the convolutions
of the weights that ship, so features of a chunk are those of the frame.
"""

import math
from collections.abc import Callable
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import fuse_conv_bn_eval

from flowcore.errors import ConfigError
from flowcore.models.base import require_frames
from flowcore.models.registry import register
from flowcore.ops.correlation import CorrelationPyramid
from flowcore.ops.grid import pixel_grid
from flowcore.ops.warp import warp
from flowcore.types import Prediction

__all__ = [
    "Scope",
    "fold_norm",
    "local_correlation",
    "plan_iterations",
    "scope_035",
    "scope_070",
    "scope_200",
    "scope_1000",
    "upsample_convex",
]

_SCALES = (16, 8, 4)  # of the refinement, in px of the frame
_NUM_LEVELS = 3  # of the all-pairs pyramid at 1/16
_PLANES = 40  # float32 values per pixel of the frame at the peak, measured
_SOURCE = "Flowscope; recurrent refinement after Teed and Deng, RAFT, ECCV 2020"


def plan_iterations(iterations: int) -> tuple[int, int, int]:
    """How many of the refinement steps run at 1/16, 1/8 and 1/4 of the frame's size.

    Examples
    --------
    >>> plan_iterations(10)
    (5, 3, 2)
    """
    fine, middle = iterations // 4, iterations // 3
    return iterations - fine - middle, middle, fine


def local_correlation(first: torch.Tensor, second: torch.Tensor, *, radius: int) -> torch.Tensor:
    """The scaled dot product of each pixel with those around it in the other map.

    Parameters
    ----------
    first, second : (B, C, H, W)
    radius : int
        Of the square window, in px.

    Returns
    -------
    (B, (2 * radius + 1) ** 2, H, W)
        Window positions row by row; higher is more alike; zero outside the map.

    Examples
    --------
    >>> ones = torch.ones(1, 4, 1, 1)
    >>> local_correlation(ones, 3 * ones, radius=1).flatten().tolist()
    [0.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0, 0.0]
    """
    H, W = first.shape[-2:]
    queries = first / math.sqrt(first.shape[1])
    ringed = F.pad(second, (radius, radius, radius, radius))
    offsets = range(2 * radius + 1)
    products = [
        (queries * ringed[..., y : y + H, x : x + W]).sum(1) for y in offsets for x in offsets
    ]
    return torch.stack(products, dim=1)


def upsample_convex(flow: torch.Tensor, mask: torch.Tensor, factor: int) -> torch.Tensor:
    """The flow on a grid ``factor`` times finer, each vector a mean of 3x3 coarse ones.

    Parameters
    ----------
    flow : (B, 2, H, W)
        In px of its own grid.
    mask : (B, 9 * factor ** 2, H, W)
        Logits of the weights (RAFT, section 3.3).
    factor : int

    Returns
    -------
    (B, 2, factor * H, factor * W)
        In px of the finer grid.
    """
    B, _, H, W = flow.shape
    weights = mask.float().view(B, 1, 9, factor * factor, H, W).softmax(dim=2)
    ringed = F.pad(factor * flow, (1, 1, 1, 1), mode="replicate")
    neighbors = F.unfold(ringed, 3).view(B, 2, 9, 1, H, W)
    fine = (weights * neighbors).sum(dim=2)  # (B, 2, factor * factor, H, W)
    return F.pixel_shuffle(fine.flatten(1, 2), factor)


def _upsample(flow: torch.Tensor, factor: int) -> torch.Tensor:
    return factor * F.interpolate(flow, scale_factor=factor, mode="bilinear", align_corners=False)


class _ConvNorm(nn.Module):
    """A 3x3 convolution and, while training, batch norm."""

    def __init__(self, channels_in: int, channels: int, *, stride: int, use_norm: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, 3, stride, padding=1)
        self.norm = nn.BatchNorm2d(channels) if use_norm else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, self.norm(self.conv(x)))


class _Residual(nn.Module):
    def __init__(self, channels: int, *, use_norm: bool) -> None:
        super().__init__()
        self.conv1 = _ConvNorm(channels, channels, stride=1, use_norm=use_norm)
        self.conv2 = _ConvNorm(channels, channels, stride=1, use_norm=use_norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class _Down(nn.Module):
    """A convolution that may stride, then residual blocks."""

    def __init__(
        self, channels_in: int, channels: int, *, stride: int, num_blocks: int, use_norm: bool
    ) -> None:
        super().__init__()
        self.conv = _ConvNorm(channels_in, channels, stride=stride, use_norm=use_norm)
        self.blocks = nn.Sequential(
            *(_Residual(channels, use_norm=use_norm) for _ in range(num_blocks))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, self.blocks(F.relu(self.conv(x))))


class _FeatureEncoder(nn.Module):
    """Features of a frame at 1/16, 1/8 and 1/4: nothing is computed at full resolution."""

    def __init__(
        self, widths: tuple[int, int, int], num_blocks: tuple[int, int, int], *, use_norm: bool
    ) -> None:
        super().__init__()
        wide16, wide8, wide4 = widths
        num16, num8, num4 = num_blocks
        self.quarter = nn.Sequential(
            nn.PixelUnshuffle(4),
            _Down(48, wide4, stride=1, num_blocks=num4, use_norm=use_norm),
        )
        self.eighth = _Down(wide4, wide8, stride=2, num_blocks=num8, use_norm=use_norm)
        self.sixteenth = _Down(wide8, wide16, stride=2, num_blocks=num16, use_norm=use_norm)

    def forward(self, frame: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        quarter = self.quarter(frame)  # (B, C, H/4, W/4)
        eighth = self.eighth(quarter)  # (B, C, H/8, W/8)
        return self.sixteenth(eighth), eighth, quarter


class _UpdateBlock(nn.Module):
    """One refinement step: correlation, flow and context in, new hidden state and step out."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.flow_encoder = nn.Conv2d(2, hidden // 3, 3, padding=1)
        self.motion_encoder = nn.Conv2d(hidden + hidden // 3, hidden - 2, 3, padding=1)
        self.gates = nn.Conv2d(2 * hidden, 2 * hidden, 1)
        self.candidate = nn.Conv2d(2 * hidden, hidden, 3, padding=1)
        self.flow_head = nn.Conv2d(hidden, 2, 3, padding=1)

    def forward(
        self, hidden: torch.Tensor, matches: torch.Tensor, flow: torch.Tensor, context: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden state (B, C, h, w), encoded correlation and context alike, flow (B, 2, h, w)."""
        motion = torch.cat([F.relu(matches), F.relu(self.flow_encoder(flow))], dim=1)
        motion = torch.cat([F.relu(self.motion_encoder(motion)), flow.to(motion.dtype)], dim=1)
        gates = torch.sigmoid(self.gates(torch.cat([hidden, motion], dim=1)))
        update, reset = gates.chunk(2, dim=1)
        candidate = self.candidate(torch.cat([reset * hidden, motion], dim=1))
        hidden = torch.lerp(hidden, torch.tanh(candidate + context), update)
        return hidden, self.flow_head(hidden)


class Scope(nn.Module):
    """A coarse-to-fine recurrent flow net; ``scope_070`` and its siblings hold the numbers.

    Parameters
    ----------
    widths, num_blocks : (int, int, int)
        Feature channels and residual blocks at 1/16, 1/8, 1/4.
    hidden : (int, int)
        Channels of the hidden state at 1/16 and 1/8, which share one update block, and at 1/4.
    radii : (int, int, int)
        Of the correlation window at each scale.
    use_norm : bool
        Batch norm in the encoder, for training from scratch.
    """

    stride = 16
    min_size = 64
    default_iterations = 10

    def __init__(
        self,
        *,
        widths: tuple[int, int, int],
        num_blocks: tuple[int, int, int],
        hidden: tuple[int, int],
        radii: tuple[int, int, int] = (3, 3, 2),
        use_norm: bool = False,
    ) -> None:
        super().__init__()
        self.radii = radii
        coarse, fine = hidden
        states = (coarse, coarse, fine)
        windows = [(2 * radius + 1) ** 2 for radius in radii]
        windows[0] *= _NUM_LEVELS
        self.feature_encoder = _FeatureEncoder(widths, num_blocks, use_norm=use_norm)
        self.context_encoder = nn.ModuleList(
            nn.Conv2d(wide, 2 * state, 1) for wide, state in zip(widths, states, strict=True)
        )
        self.match_encoder = nn.ModuleList(
            nn.Conv2d(window, state, 1) for window, state in zip(windows, states, strict=True)
        )
        self.handover = nn.ModuleList([nn.Conv2d(coarse, coarse, 1), nn.Conv2d(coarse, fine, 1)])
        self.coarse_update = _UpdateBlock(coarse)
        self.fine_update = _UpdateBlock(fine)
        self.mask_predictor = nn.Sequential(
            nn.Conv2d(fine, 2 * fine, 3, padding=1), nn.ReLU(), nn.Conv2d(2 * fine, 9 * 16, 1)
        )

    def forward(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        iterations: int | None = None,
        keep_iterates: bool = False,
    ) -> Prediction:
        """The flow of frames ``(B, 3, H, W)``, RGB in [0, 1]; see ``FlowModel``."""
        require_frames(self, first, second)
        iterations = self.default_iterations if iterations is None else iterations
        if iterations < 1:
            raise ConfigError(f"Iterations must be 1 or more, got {iterations}.")
        frames = 2 * torch.cat([first, second]) - 1
        pairs = [scale.chunk(2) for scale in self.feature_encoder(frames)]
        plan = plan_iterations(iterations)
        last = sum(count > 0 for count in plan) - 1
        flow = first.new_zeros(len(first), 2, first.shape[-2] // 16, first.shape[-1] // 16)
        hidden: torch.Tensor | None = None
        iterates: list[torch.Tensor] = []
        for index in range(last + 1):
            if hidden is not None:
                flow, hidden = _upsample(flow, 2), self._carry(index, hidden)
            states = self._refine(index, *pairs[index], flow, hidden, plan[index])
            flow, hidden = states[-1]
            wanted = states if keep_iterates else states[-1:] if index == last else []
            iterates += [self._full_size(index, *state) for state in wanted]
        return Prediction(iterates[-1], tuple(iterates) if keep_iterates else ())

    def _carry(self, index: int, hidden: torch.Tensor) -> torch.Tensor:
        """The hidden state of the scale before, brought to this scale's size and width."""
        carried = self.handover[index - 1](hidden)
        return F.interpolate(carried, scale_factor=2, mode="bilinear", align_corners=False)

    def _refine(
        self,
        index: int,
        first: torch.Tensor,
        second: torch.Tensor,
        flow: torch.Tensor,
        carried: torch.Tensor | None,
        iterations: int,
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Flow and hidden state after each step at one scale."""
        state, context = self.context_encoder[index](first).chunk(2, dim=1)
        hidden = torch.tanh(state if carried is None else state + carried)
        update = self.fine_update if index == 2 else self.coarse_update
        matches_at = self._matcher(index, first, second)
        states = []
        for _ in range(iterations):
            flow = flow.detach()
            matches = self.match_encoder[index](matches_at(flow))
            hidden, step = update(hidden, matches, flow, context)
            flow = flow + step.float()
            states.append((flow, hidden))
        return states

    def _matcher(
        self, index: int, first: torch.Tensor, second: torch.Tensor
    ) -> Callable[[torch.Tensor], torch.Tensor]:
        """What gives the correlation of each pixel with those around its target."""
        radius = self.radii[index]
        if index == 0:
            pyramid = CorrelationPyramid(first, second, num_levels=_NUM_LEVELS, radius=radius)
            grid = pixel_grid(*first.shape[-2:], like=first.float())
            return lambda flow: pyramid(grid + flow)

        def match(flow: torch.Tensor) -> torch.Tensor:
            moved = warp(second.float(), flow, padding="zeros").to(first.dtype)
            return local_correlation(first, moved, radius=radius)

        return match

    def _full_size(self, index: int, flow: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """The flow of one scale in px of the frame."""
        if index < 2:
            return _upsample(flow, _SCALES[index])
        return upsample_convex(flow, 0.25 * self.mask_predictor(hidden), 4)

    def memory_bytes(self, height: int, width: int) -> int:
        """An estimate of the working memory that one pair of this size takes at its peak."""
        positions = height * width // 256
        return 16 * positions**2 // 3 + 4 * _PLANES * height * width


def fold_norm(net: Scope) -> dict[str, torch.Tensor]:
    """The state of the same net without batch norm: its statistics enter the convolutions."""
    state = {name: tensor for name, tensor in net.state_dict().items() if ".norm." not in name}
    for name, module in net.named_modules():
        if isinstance(module, _ConvNorm) and isinstance(module.norm, nn.BatchNorm2d):
            fused = fuse_conv_bn_eval(module.conv.eval(), module.norm.eval())
            state[f"{name}.conv.weight"], state[f"{name}.conv.bias"] = fused.weight, fused.bias
    return {name: tensor.detach().clone() for name, tensor in state.items()}


@register(source=_SOURCE)
def scope_035(*, use_norm: bool = False) -> Scope:
    """0.35 MB in half precision."""
    return Scope(widths=(48, 48, 24), num_blocks=(0, 1, 0), hidden=(36, 24), use_norm=use_norm)


@register(source=_SOURCE)
def scope_070(*, use_norm: bool = False) -> Scope:
    """0.70 MB in half precision."""
    return Scope(widths=(64, 64, 32), num_blocks=(0, 1, 1), hidden=(48, 32), use_norm=use_norm)


@register(source=_SOURCE)
def scope_200(*, use_norm: bool = False) -> Scope:
    """2.0 MB in half precision."""
    return Scope(widths=(96, 96, 48), num_blocks=(1, 1, 1), hidden=(84, 48), use_norm=use_norm)


@register(source=_SOURCE)
def scope_1000(*, use_norm: bool = False) -> Scope:
    """10 MB in half precision."""
    return Scope(
        widths=(192, 192, 96),
        num_blocks=(2, 2, 1),
        hidden=(180, 96),
        radii=(4, 4, 3),
        use_norm=use_norm,
    )
