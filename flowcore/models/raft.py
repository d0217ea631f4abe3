"""RAFT: correlate all pairs of pixels once, then refine the flow step by step.

Teed and Deng, RAFT: Recurrent All-Pairs Field Transforms, ECCV 2020. ``raft_large`` and
``raft_small`` are the two nets of the paper; the names of their tensors are torchvision's, so
that public weights of either origin fit; see raft_layouts. In the comments H8 = H / 8.
"""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import nn

from flowcore.errors import ConfigError
from flowcore.models.base import require_frames
from flowcore.models.passes import Beginning, in_passes, zoomed
from flowcore.models.raft_parts import (
    BottleneckBlock,
    Encoder,
    FlowHead,
    MaskPredictor,
    MotionEncoder,
    RecurrentBlock,
    ResidualBlock,
    UpdateBlock,
    upsample_bilinear,
    upsample_convex,
)
from flowcore.models.registry import register
from flowcore.ops.correlation import (
    MAX_VOLUME_BYTES,
    CorrelationPyramid,
    volume_bytes,
)
from flowcore.ops.grid import pixel_grid
from flowcore.ops.matching import MatchingLevel, pyramid_levels
from flowcore.ops.resize import resize_flow
from flowcore.types import FeatureMap, Prediction

__all__ = ["RAFT", "raft_large", "raft_small"]

_PAPER = "Teed and Deng, RAFT, ECCV 2020"
_NUM_LEVELS = 4


class RAFT(nn.Module):
    """The net of the paper, put together from its parts.

    Parameters
    ----------
    feature_encoder, context_encoder : Encoder
        The first gives what is correlated, the second hidden state and context in one.
    update_block : UpdateBlock
    mask_predictor : MaskPredictor, optional
        For convex upsampling; bilinear without it.
    hidden_size : int
        Channels of the hidden state.
    radius : int
        Of the correlation window, in px of each level.
    bytes_per_pixel : int
        Peak working memory per px of a frame beside the correlation volumes, measured.
    max_volume_bytes : int, optional
        Correlation volumes are stored up to this size, None for always; beyond it, and where no
        gradient is asked for, correlation is computed as it is looked up.
    """

    stride = 8
    min_size = 64  # the coarsest of the four levels has one pixel then
    default_iterations = 20
    default_passes = 1
    maps: Mapping[str, str] = MappingProxyType(
        {"hidden_8": "hidden state after the last step, in -1..1, on cells 8 px wide"}
    )

    def __init__(
        self,
        *,
        feature_encoder: Encoder,
        context_encoder: Encoder,
        update_block: UpdateBlock,
        mask_predictor: MaskPredictor | None,
        hidden_size: int,
        radius: int,
        bytes_per_pixel: int,
        max_volume_bytes: int | None = MAX_VOLUME_BYTES,
    ) -> None:
        super().__init__()
        self.feature_encoder = feature_encoder
        self.context_encoder = context_encoder
        self.update_block = update_block
        self.mask_predictor = mask_predictor
        self.hidden_size = hidden_size
        self.radius = radius
        self.bytes_per_pixel = bytes_per_pixel
        self.max_volume_bytes = max_volume_bytes

    def forward(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        iterations: int | None = None,
        passes: int | None = None,
        keep: frozenset[str] = frozenset(),
    ) -> Prediction:
        """The flow of frames ``(B, 3, H, W)``, RGB in [0, 1]."""
        require_frames(self, first, second)
        iterations = self.default_iterations if iterations is None else iterations
        if iterations < 1:
            raise ConfigError(f"Iterations must be 1 or more, got {iterations}.")

        def once(first: torch.Tensor, second: torch.Tensor, begun: Beginning) -> Prediction:
            return self._refined(first, second, begun.flow, iterations, keep)

        return in_passes(once, first, second, self.default_passes if passes is None else passes)

    def _refined(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        initial: torch.Tensor | None,
        iterations: int,
        keep: frozenset[str],
    ) -> Prediction:
        """The flow of one pass, begun from a flow (B, 2, h, w) of any size."""
        first, second = 2 * first - 1, 2 * second - 1
        correlation = self._correlate(first, second)
        hidden, context = self._context(first)  # (B, hidden_size, H8, W8), (B, ..., H8, W8)
        context_terms = self.update_block.recurrent_block.context_terms(context)

        B, _, height, width = hidden.shape
        grid = pixel_grid(height, width, like=first)
        flow = first.new_zeros(B, 2, height, width)
        if initial is not None:
            flow = resize_flow(initial, (height, width))
        iterates = []
        for step in range(1, iterations + 1):
            flow = flow.detach()  # gradients do not run through where was looked, section 3.3
            hidden, change = self.update_block(
                hidden, context_terms, correlation(grid + flow), flow
            )
            flow = flow + change.float()
            if "iterates" in keep or step == iterations:
                iterates.append(self._upsample(flow, hidden))
        maps = {name: FeatureMap(hidden, 8, self.maps[name]) for name in keep & self.maps.keys()}
        return Prediction(iterates[-1], tuple(iterates) if "iterates" in keep else (), maps)

    def matching(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        iterations: int | None = None,
        passes: int | None = None,
    ) -> tuple[MatchingLevel, ...]:
        """What every lookup of the last pass compares, of frames ``(1, 3, H, W)``.

        Iterations change nothing.
        """
        require_frames(self, first, second)
        number = (self.default_passes if passes is None else passes) - 1
        frames = zoomed(torch.cat([first, second]), number)
        source, target = self.feature_encoder(2 * frames - 1).chunk(2)
        stride = self.stride >> number
        return pyramid_levels(source, target, num_levels=_NUM_LEVELS, stride=stride)

    def memory_bytes(self, height: int, width: int) -> int:
        """The working memory of one pair."""
        volumes = volume_bytes(height // 8, width // 8, num_levels=_NUM_LEVELS)
        is_stored = self.max_volume_bytes is None or volumes <= self.max_volume_bytes
        return self.bytes_per_pixel * height * width + (volumes if is_stored else 0)

    def _correlate(self, first: torch.Tensor, second: torch.Tensor) -> CorrelationPyramid:
        features = self.feature_encoder(torch.cat([first, second]))
        max_bytes = None if features.requires_grad else self.max_volume_bytes
        return CorrelationPyramid(
            *features.chunk(2),
            num_levels=_NUM_LEVELS,
            radius=self.radius,
            max_bytes=max_bytes,
        )

    def _context(self, first: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        both = self.context_encoder(first)
        hidden, context = both.split([self.hidden_size, both.shape[1] - self.hidden_size], 1)
        return hidden.tanh(), context.relu()

    def _upsample(self, flow: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        if self.mask_predictor is None:
            return upsample_bilinear(flow)
        return upsample_convex(flow, self.mask_predictor(hidden))


@register(family="raft", source=_PAPER)
def raft_large(*, max_volume_bytes: int | None = MAX_VOLUME_BYTES) -> RAFT:
    """The net of the paper, 5,257,536 parameters."""
    sizes = (64, 96, 128)
    return RAFT(
        feature_encoder=Encoder(
            block=ResidualBlock, sizes=sizes, out_size=256, norm=nn.InstanceNorm2d
        ),
        context_encoder=Encoder(
            block=ResidualBlock, sizes=sizes, out_size=128 + 128, norm=nn.BatchNorm2d
        ),
        update_block=UpdateBlock(
            motion_encoder=MotionEncoder(
                _NUM_LEVELS * 9 * 9,
                correlation_sizes=(256, 192),
                flow_sizes=(128, 64),
                out_size=128,
            ),
            recurrent_block=RecurrentBlock(128, 128, 128, kernels=((1, 5), (5, 1))),
            flow_head=FlowHead(128, 256),
        ),
        mask_predictor=MaskPredictor(128, 256),
        hidden_size=128,
        radius=4,
        bytes_per_pixel=1000,
        max_volume_bytes=max_volume_bytes,
    )


@register(family="raft", source=_PAPER)
def raft_small(*, max_volume_bytes: int | None = MAX_VOLUME_BYTES) -> RAFT:
    """The paper's smaller net, 990,162 parameters."""
    sizes = (32, 64, 96)
    return RAFT(
        feature_encoder=Encoder(
            block=BottleneckBlock, sizes=sizes, out_size=128, norm=nn.InstanceNorm2d
        ),
        context_encoder=Encoder(block=BottleneckBlock, sizes=sizes, out_size=96 + 64, norm=None),
        update_block=UpdateBlock(
            motion_encoder=MotionEncoder(
                _NUM_LEVELS * 7 * 7, correlation_sizes=(96,), flow_sizes=(64, 32), out_size=82
            ),
            recurrent_block=RecurrentBlock(96, 64, 82, kernels=((3, 3),)),
            flow_head=FlowHead(96, 128),
        ),
        mask_predictor=None,
        hidden_size=96,
        radius=3,
        bytes_per_pixel=500,
        max_volume_bytes=max_volume_bytes,
    )
