"""A burst in, its middle frame out: each target patch attends to the patches of all frames.

The image is cut into target patches. Around each lies a larger source field, which is cut out of
every frame and turned into tokens of a few pixels. The tokens of the target patch ask, those of all
frames answer: the weights of the last layer average the pixels themselves, and what the layers have
gathered corrects that average. Nothing outside the source field is seen.

After the Image Transformer, whose query blocks lie in larger memory blocks (Parmar et al., ICML
2018), with relative positions as in Swin (Liu et al., ICCV 2021).
"""

import copy
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from flowcore.errors import ShapeMismatchError
from flowcore.models.burst_config import BurstConfig

__all__ = ["NUM_COLORS", "BurstNet", "PatchAnswer", "pad_burst", "stitch"]

NUM_COLORS = 512
_CONTEXT = 2  # px beyond itself that a token sees, within the source field
_MAX_WEIGHTS = 30_000_000  # attention weights held at once while nothing is learnt
_MAX_REACH = 4.0  # sigma in tokens of the head that at first looks widest


class PatchAnswer(NamedTuple):
    """What the net makes of P patches of t x t px, T x T tokens.

    Parameters
    ----------
    pixels : (P, 3, t, t)
        In [0, 1], not clipped.
    weights : (P, heads, T, T, M, S, S)
        Where each target token looked in the last layer: over M frames of S x S source tokens,
        sums to one.
    """

    pixels: torch.Tensor
    weights: torch.Tensor


class BurstNet(nn.Module):
    """Tokens, layers of attention from the target patch to all frames, and back to pixels."""

    palette: torch.Tensor

    def __init__(self, config: BurstConfig) -> None:
        super().__init__()
        self.config = config
        d, p = config.d_model, config.token
        self.embed = nn.Sequential(
            nn.Conv2d(3, d, p + 2 * _CONTEXT, stride=p, padding=_CONTEXT),
            nn.GELU(),
            nn.Conv2d(d, d, 1),
        )
        self.places = _Places(config)
        self.layers = nn.ModuleList(_Layer(d, config.heads) for _ in range(config.layers))
        self.head_scores = nn.Parameter(torch.zeros(config.heads))
        self.correct = _silent(nn.LayerNorm(d), nn.Linear(d, 3 * p * p))
        if config.convolution:
            self.finish = _silent(
                nn.Conv2d(3, 16, 3, padding=1), nn.GELU(), nn.Conv2d(16, 3, 3, padding=1)
            )
        if config.palette:
            self.register_buffer("palette", torch.zeros(NUM_COLORS, 3))

    @property
    def head_shares(self) -> torch.Tensor:
        """How much each head counts in the average of the pixels, ``(heads,)``; sums to one."""
        return self.head_scores.softmax(0)

    def with_config(self, config: BurstConfig) -> "BurstNet":
        """The same net, its weights shared, with target patches laid out otherwise."""
        other = copy.copy(self)
        other.config = config
        return other

    def forward(self, burst: torch.Tensor) -> torch.Tensor:
        """The middle frame ``(B, 3, H, W)`` of a burst ``(B, N, 3, H, W)``, RGB in [0, 1].

        Any size: the border is repeated outwards. The result is not clipped.
        """
        height, width = burst.shape[-2:]
        return self.inside(pad_burst(burst, self.config))[..., :height, :width]

    def inside(self, burst: torch.Tensor) -> torch.Tensor:
        """The middle frame ``(B, 3, H, W)`` of a burst that has the halo around it already.

        Raises
        ------
        ShapeMismatchError
            Another number of frames, or sides that the target patches do not fill.
        """
        patches = torch.cat([answer.pixels for answer in self.answers(burst)])
        return self.joined(patches, *burst.shape[-2:])

    def joined(self, patches: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """The answers' pixels as images; height and width are those of the burst with its halo."""
        halo = self.config.halo
        grid = self.config.rows_and_cols(height - 2 * halo, width - 2 * halo)
        image = stitch(patches, grid, self.config.step)
        return image + self.finish(image) if self.config.convolution else image

    def answers(self, burst: torch.Tensor) -> Iterator[PatchAnswer]:
        """The answers for all patches of ``inside``, a limited number at a time."""
        _require_burst(burst, self.config)
        fields = _source_fields(burst, self.config)
        at_once = len(fields)
        if not torch.is_grad_enabled():
            at_once = max(1, _MAX_WEIGHTS // self.config.num_weights)
        return (self.answer(part) for part in torch.split(fields, at_once))

    def answer(self, fields: torch.Tensor) -> PatchAnswer:
        """What becomes of source fields ``(P, M, 3, s, s)`` of the M frames that are inputs."""
        c, (P, M) = self.config, fields.shape[:2]
        T, S, near = c.target_tokens, c.source_tokens, c.halo // c.token
        if c.palette:
            fields = self.quantize(fields)
        tokens = self.embed(fields.flatten(0, 1)).view(P, M, -1, S, S)
        middle = tokens[:, [M // 2] if c.with_middle else [M // 2 - 1, M // 2]].mean(1)
        query = middle[:, :, near : near + T, near : near + T].flatten(2).mT  # (P, TT, d)
        source = _as_sequence(tokens)  # (P, MSS, d)
        query, source, bias = self.places(query, source)
        for layer in self.layers:
            query, weights = layer(query, source, bias)  # weights: (P, heads, TT, MSS)
        blocks = F.pixel_unshuffle(fields.flatten(0, 1), c.token).view(P, M, -1, S, S)
        average = torch.einsum("h,phqs->pqs", self.head_shares, weights) @ _as_sequence(blocks)
        found = (average + self.correct(query)).mT.reshape(P, -1, T, T)
        looked = weights.view(P, c.heads, T, T, M, S, S)
        return PatchAnswer(F.pixel_shuffle(found, c.token), looked)

    def quantize(self, fields: torch.Tensor) -> torch.Tensor:
        """The same with each pixel replaced by the nearest color of the palette.

        An index and its color say the same, so that the colors are embedded like any other.
        """
        pixels = fields.movedim(2, -1)
        nearest = torch.cdist(pixels.reshape(1, -1, 3), self.palette[None]).argmin(-1)
        return self.palette[nearest[0]].view(pixels.shape).movedim(-1, 2)


class _Layer(nn.Module):
    """Attention from target tokens to source tokens, then a net on each target token."""

    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.attend = nn.MultiheadAttention(d_model, heads, batch_first=True)
        self.think = nn.Sequential(
            nn.LayerNorm(d_model),
            nn.Linear(d_model, 2 * d_model),
            nn.GELU(),
            nn.Linear(2 * d_model, d_model),
        )

    def forward(
        self, query: torch.Tensor, source: torch.Tensor, bias: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if bias is not None:  # (heads, TT, MSS) for all patches
            bias = bias.expand(len(query), -1, -1, -1).flatten(0, 1)
        answer, weights = self.attend(
            self.norm(query), source, source, attn_mask=bias, average_attn_weights=False
        )
        query = query + answer
        return query + self.think(query), weights


class _Places(nn.Module):
    """How tokens know where they are; see ``BurstConfig.position``."""

    offsets: torch.Tensor

    def __init__(self, config: BurstConfig) -> None:
        super().__init__()
        self.kind = config.position
        M, T, S = len(config.inputs), config.target_tokens, config.source_tokens
        if self.kind == "learned":
            self.source = nn.Parameter(0.02 * torch.randn(M * S * S, config.d_model))
            self.query = nn.Parameter(0.02 * torch.randn(T * T, config.d_model))
        if self.kind == "relative":
            near = config.halo // config.token
            reach = T + near - 1  # the largest offset, in tokens
            self.bias = nn.Parameter(_near_first(config.heads, reach)[:, None].repeat(1, M, 1, 1))
            offsets = torch.arange(S) - (torch.arange(T) + near)[:, None] + reach  # (T, S)
            self.register_buffer("offsets", offsets, persistent=False)

    def forward(
        self, query: torch.Tensor, source: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        if self.kind == "learned":
            return query + self.query, source + self.source, None
        if self.kind == "none":
            return query, source, None
        rows, cols = self.offsets[:, None, :, None], self.offsets[None, :, None, :]
        bias = self.bias[:, :, rows, cols]  # (heads, M, T, T, S, S)
        return query, source, bias.movedim(1, 3).flatten(3).flatten(1, 2)


def pad_burst(burst: torch.Tensor, config: BurstConfig) -> torch.Tensor:
    """The burst with its border repeated: the halo, and what fills the last target patches."""
    before = config.halo
    bottom, right = (before + config.covered(length) - length for length in burst.shape[-2:])
    padded = F.pad(burst.flatten(0, 1), (before, right, before, bottom), mode="replicate")
    return padded.view(*burst.shape[:3], *padded.shape[-2:])


def stitch(patches: torch.Tensor, rows_and_cols: tuple[int, int], step: int) -> torch.Tensor:
    """Patches ``(B rows cols, C, t, t)``, one every ``step`` px, as images ``(B, C, H, W)``.

    Where they overlap they are averaged, each counting less towards its edge.
    """
    rows, cols = rows_and_cols
    side = patches.shape[-1]
    size = ((rows - 1) * step + side, (cols - 1) * step + side)
    weight = _blend_window(side, step).to(patches)
    weighted = (patches * weight).reshape(-1, rows * cols, patches[0].numel())  # (B, L, Ctt)
    total = weight.flatten()[None, :, None].expand(1, -1, rows * cols)
    summed = F.fold(weighted.mT, size, side, stride=step)
    return summed / F.fold(total, size, side, stride=step)


def _blend_window(side: int, step: int) -> torch.Tensor:
    """Weights (side, side) of a patch: one where it is alone, falling linearly in the overlap."""
    overlap = side - step
    to_edge = torch.minimum(torch.arange(side), torch.arange(side).flip(0)) + 0.5
    ramp = (to_edge / max(overlap, 0.5)).clamp(max=1)
    return ramp[:, None] * ramp


def _source_fields(burst: torch.Tensor, config: BurstConfig) -> torch.Tensor:
    """The source fields of all patches, of the frames that are inputs: (B L, M, 3, s, s)."""
    frames = burst[:, list(config.inputs)]
    side, step = config.source_field, config.step
    fields = frames.unfold(3, side, step).unfold(4, side, step)  # (B, M, 3, rows, cols, s, s)
    return fields.movedim((3, 4), (1, 2)).flatten(0, 2)


def _as_sequence(grids: torch.Tensor) -> torch.Tensor:
    """Grids (P, M, C, S, S) as sequences (P, MSS, C)."""
    return grids.movedim(2, -1).flatten(1, 3)


def _near_first(heads: int, reach: int) -> torch.Tensor:
    """Biases (heads, R, R) of offsets: each head begins by looking around, the first one closely.

    Without this, short runs spend their steps on learning that pixels have a place.
    """
    offset = torch.arange(-reach, reach + 1.0)
    squared = offset[:, None].square() + offset.square()
    sigma = (0.5 * 2.0 ** torch.arange(heads)).clamp(max=_MAX_REACH)
    return (-squared / (2 * sigma.square())[:, None, None]).clamp(min=-6)


def _silent(*parts: nn.Module) -> nn.Sequential:
    """The parts in a row, the last of them zero: at first it corrects nothing."""
    for parameter in parts[-1].parameters():
        nn.init.zeros_(parameter)
    return nn.Sequential(*parts)


def _require_burst(burst: torch.Tensor, config: BurstConfig) -> None:
    if burst.ndim != 5 or burst.shape[1] != config.num_frames or burst.shape[2] != 3:
        raise ShapeMismatchError(
            f"The net takes bursts (B, {config.num_frames}, 3, H, W), got {tuple(burst.shape)}."
        )
    for length in burst.shape[-2:]:
        inner = length - 2 * config.halo
        if inner < 1 or config.covered(inner) != inner:
            raise ShapeMismatchError(
                f"Target patches of {config.target_field} px every {config.step} px do not fill "
                f"{inner} px, what a side of {length} px leaves within the halo."
            )
