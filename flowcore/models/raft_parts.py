"""The parts of RAFT: encoders, motion encoder, recurrent block, upsampling.

Teed and Deng, RAFT, ECCV 2020. In the comments H8 = H / 8, W8 = W / 8.
"""

from collections.abc import Callable
from typing import TypeAlias, cast

import torch
from torch import nn
from torch.nn import functional as F

__all__ = [
    "BottleneckBlock",
    "ContextTerms",
    "ConvGru",
    "Encoder",
    "FlowHead",
    "MaskPredictor",
    "MotionEncoder",
    "RecurrentBlock",
    "ResidualBlock",
    "UpdateBlock",
    "upsample_bilinear",
    "upsample_convex",
]

ContextTerms: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""What a context adds within a recurrent unit: to its two gates, and to its candidate."""

Norm = Callable[[int], nn.Module] | None


def _conv(
    in_size: int,
    out_size: int,
    kernel: int,
    *,
    stride: int = 1,
    norm: Norm = None,
    is_linear: bool = False,
) -> nn.Sequential:
    """A convolution that keeps the size (but for its stride), a norm, a ReLU."""
    layers: list[nn.Module] = [nn.Conv2d(in_size, out_size, kernel, stride, padding=kernel // 2)]
    if norm is not None:
        layers.append(norm(out_size))
    if not is_linear:
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def _shortcut(in_size: int, out_size: int, *, norm: Norm, stride: int) -> nn.Module:
    if stride == 1:
        return nn.Identity()
    return _conv(in_size, out_size, 1, stride=stride, norm=norm, is_linear=True)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, in_size: int, out_size: int, *, norm: Norm, stride: int) -> None:
        super().__init__()
        self.convnormrelu1 = _conv(in_size, out_size, 3, stride=stride, norm=norm)
        self.convnormrelu2 = _conv(out_size, out_size, 3, norm=norm)
        self.downsample = _shortcut(in_size, out_size, norm=norm, stride=stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features ``(B, out_size, H/stride, W/stride)`` of ``(B, in_size, H, W)``."""
        return F.relu(self.downsample(x) + self.convnormrelu2(self.convnormrelu1(x)))


class BottleneckBlock(nn.Module):
    """A 3x3 convolution on a quarter of the channels, beside a shortcut."""

    def __init__(self, in_size: int, out_size: int, *, norm: Norm, stride: int) -> None:
        super().__init__()
        self.convnormrelu1 = _conv(in_size, out_size // 4, 1, norm=norm)
        self.convnormrelu2 = _conv(out_size // 4, out_size // 4, 3, stride=stride, norm=norm)
        self.convnormrelu3 = _conv(out_size // 4, out_size, 1, norm=norm)
        self.downsample = _shortcut(in_size, out_size, norm=norm, stride=stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features ``(B, out_size, H/stride, W/stride)`` of ``(B, in_size, H, W)``."""
        y = self.convnormrelu3(self.convnormrelu2(self.convnormrelu1(x)))
        return F.relu(self.downsample(x) + y)


class Encoder(nn.Module):
    """Frames to features of an eighth of the size."""

    def __init__(
        self,
        *,
        block: type[ResidualBlock] | type[BottleneckBlock],
        sizes: tuple[int, int, int],
        out_size: int,
        norm: Norm,
    ) -> None:
        super().__init__()
        a, b, c = sizes
        self.convnormrelu = _conv(3, a, 7, stride=2, norm=norm)
        self.layer1 = nn.Sequential(
            block(a, a, norm=norm, stride=1), block(a, a, norm=norm, stride=1)
        )
        self.layer2 = nn.Sequential(
            block(a, b, norm=norm, stride=2), block(b, b, norm=norm, stride=1)
        )
        self.layer3 = nn.Sequential(
            block(b, c, norm=norm, stride=2), block(c, c, norm=norm, stride=1)
        )
        self.conv = nn.Conv2d(c, out_size, 1)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Features ``(B, out_size, H8, W8)`` of frames ``(B, 3, H, W)`` in [-1, 1]."""
        x = self.layer1(self.convnormrelu(frames))  # (B, a, H/2, W/2)
        features: torch.Tensor = self.conv(self.layer3(self.layer2(x)))
        return features  # (B, out_size, H8, W8)


class MotionEncoder(nn.Module):
    """Correlation and flow to one map of what moves."""

    def __init__(
        self,
        in_size: int,
        *,
        correlation_sizes: tuple[int, ...],
        flow_sizes: tuple[int, int],
        out_size: int,
    ) -> None:
        super().__init__()
        self.convcorr1 = _conv(in_size, correlation_sizes[0], 1)
        self.convcorr2 = (
            _conv(*correlation_sizes, 3) if len(correlation_sizes) == 2 else nn.Identity()
        )
        self.convflow1 = _conv(2, flow_sizes[0], 7)
        self.convflow2 = _conv(*flow_sizes, 3)
        self.conv = _conv(correlation_sizes[-1] + flow_sizes[-1], out_size - 2, 3)

    def forward(self, correlation: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
        """Motion features ``(B, out_size, H8, W8)``, the flow itself among them."""
        seen = self.convcorr2(self.convcorr1(correlation))
        moved = self.convflow2(self.convflow1(flow))
        return torch.cat([self.conv(torch.cat([seen, moved], 1)), flow], 1)


class ConvGru(nn.Module):
    """A gated recurrent unit whose products are convolutions over (hidden, context, motion)."""

    def __init__(
        self, hidden_size: int, context_size: int, motion_size: int, *, kernel: tuple[int, int]
    ) -> None:
        super().__init__()
        self.sizes = [hidden_size, context_size, motion_size]
        self.padding = (kernel[0] // 2, kernel[1] // 2)
        self.convz = nn.Conv2d(sum(self.sizes), hidden_size, kernel, padding=self.padding)
        self.convr = nn.Conv2d(sum(self.sizes), hidden_size, kernel, padding=self.padding)
        self.convq = nn.Conv2d(sum(self.sizes), hidden_size, kernel, padding=self.padding)

    def context_terms(self, context: torch.Tensor) -> ContextTerms:
        """What the context adds to both gates, and to the candidate: the same in every step."""
        terms = []
        for convs in ((self.convz, self.convr), (self.convq,)):
            kernels = torch.cat([self._kernels(conv)[1] for conv in convs])
            biases = torch.cat([cast(torch.Tensor, conv.bias) for conv in convs])
            terms.append(F.conv2d(context, kernels, biases, padding=self.padding))
        return terms[0], terms[1]

    def forward(
        self, hidden: torch.Tensor, motion: torch.Tensor, context_terms: ContextTerms
    ) -> torch.Tensor:
        """The next hidden state ``(B, hidden_size, H8, W8)``."""
        of_gates, of_candidate = context_terms
        both = torch.cat([hidden, motion], 1)
        gates = (self._convolve(both, self.convz, self.convr) + of_gates).sigmoid()
        update, reset = gates.chunk(2, 1)
        both = torch.cat([reset * hidden, motion], 1)
        candidate = (self._convolve(both, self.convq) + of_candidate).tanh()
        return torch.lerp(hidden.to(candidate.dtype), candidate, update)

    def _convolve(self, both: torch.Tensor, *convs: nn.Conv2d) -> torch.Tensor:
        """Hidden state and motion by the kernels of several convolutions in one go."""
        kernels = torch.cat([torch.cat(self._kernels(conv)[::2], 1) for conv in convs])
        return F.conv2d(both, kernels, padding=self.padding)

    def _kernels(self, conv: nn.Conv2d) -> tuple[torch.Tensor, ...]:
        """A convolution's weights for hidden state, context and motion."""
        return torch.split(conv.weight, self.sizes, 1)


class RecurrentBlock(nn.Module):
    """One unit, or two for the two directions of a separable kernel."""

    def __init__(
        self,
        hidden_size: int,
        context_size: int,
        motion_size: int,
        *,
        kernels: tuple[tuple[int, int], ...],
    ) -> None:
        super().__init__()
        for number, kernel in enumerate(kernels, start=1):
            unit = ConvGru(hidden_size, context_size, motion_size, kernel=kernel)
            self.add_module(f"convgru{number}", unit)

    def context_terms(self, context: torch.Tensor) -> list[ContextTerms]:
        """What the context adds to each unit."""
        return [unit.context_terms(context) for unit in self._units()]

    def forward(
        self, hidden: torch.Tensor, motion: torch.Tensor, context_terms: list[ContextTerms]
    ) -> torch.Tensor:
        """The next hidden state ``(B, hidden_size, H8, W8)``."""
        for unit, terms in zip(self._units(), context_terms, strict=True):
            hidden = unit(hidden, motion, terms)
        return hidden

    def _units(self) -> list[ConvGru]:
        return [unit for unit in self.children() if isinstance(unit, ConvGru)]


class FlowHead(nn.Module):
    """Hidden state to a change of flow."""

    def __init__(self, in_size: int, hidden_size: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_size, hidden_size, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden_size, 2, 3, padding=1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """The change ``(B, 2, H8, W8)`` in px of the coarse grid."""
        change: torch.Tensor = self.conv2(F.relu(self.conv1(hidden)))
        return change


class UpdateBlock(nn.Module):
    """One step: what correlation says of the present flow, to a better one."""

    def __init__(
        self,
        *,
        motion_encoder: MotionEncoder,
        recurrent_block: RecurrentBlock,
        flow_head: FlowHead,
    ) -> None:
        super().__init__()
        self.motion_encoder = motion_encoder
        self.recurrent_block = recurrent_block
        self.flow_head = flow_head

    def forward(
        self,
        hidden: torch.Tensor,
        context_terms: list[ContextTerms],
        correlation: torch.Tensor,
        flow: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The next hidden state, and the change of flow ``(B, 2, H8, W8)``."""
        motion = self.motion_encoder(correlation, flow)
        hidden = self.recurrent_block(hidden, motion, context_terms)
        return hidden, self.flow_head(hidden)


class MaskPredictor(nn.Module):
    """Hidden state to the weights of convex upsampling."""

    def __init__(self, in_size: int, hidden_size: int) -> None:
        super().__init__()
        self.convrelu = _conv(in_size, hidden_size, 3)
        self.conv = nn.Conv2d(hidden_size, 9 * 64, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits ``(B, 9 * 64, H8, W8)``."""
        mask: torch.Tensor = self.conv(self.convrelu(hidden))
        return 0.25 * mask  # the published weights were trained so, to balance gradients


def upsample_bilinear(flow: torch.Tensor) -> torch.Tensor:
    """A flow ``(B, 2, H8, W8)`` on a grid eight times as fine, corners on corners."""
    return 8 * F.interpolate(flow, scale_factor=8, mode="bilinear", align_corners=True)


def upsample_convex(flow: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """A flow ``(B, 2, H8, W8)`` on a grid eight times as fine, section 3.3.

    Every fine pixel is a convex combination of the 3x3 coarse vectors around it; ``mask``,
    (B, 9 * 64, H8, W8), holds the logits.
    """
    B, _, h, w = flow.shape
    weights = mask.float().view(B, 1, 9, 8, 8, h, w).softmax(2)
    vectors = F.unfold(8 * flow, 3, padding=1).view(B, 2, 9, 1, 1, h, w)
    fine = (weights * vectors).sum(2)  # (B, 2, 8, 8, H8, W8)
    return fine.permute(0, 1, 4, 2, 5, 3).reshape(B, 2, 8 * h, 8 * w)
