"""Convolutions with a batch norm that exists in training alone.

A norm over statistics of the image would make a chunk's features differ from the whole frame's.
So the nets trained here normalize with batch statistics while they learn, and before they ship the
norm is folded into the convolution before it: the file holds convolutions and nothing else.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = ["CellConv", "NormedConv", "fold_norm", "freeze_norm", "insert_norm"]


class NormedConv(nn.Module):
    """A convolution that keeps the size (but for its stride), then a norm while training."""

    def __init__(self, in_size: int, out_size: int, kernel: int = 3, *, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_size, out_size, kernel, stride, padding=kernel // 2)
        self.norm: nn.Module = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features ``(B, out_size, H / stride, W / stride)`` of ``(B, in_size, H, W)``."""
        normed: torch.Tensor = self.norm(self.conv(x))
        return normed


class CellConv(NormedConv):
    """A 3x3 convolution over cells of some pixels a side, whose pixels are its channels.

    Its weights are those of a convolution after ``pixel_unshuffle``, done as one convolution of the
    pixels: that needs no copy of them, and few channels are what libraries are quick with.
    """

    def __init__(self, in_size: int, out_size: int, *, cell: int) -> None:
        super().__init__(in_size * cell**2, out_size)
        self.cell = cell

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features ``(B, out_size, H / cell, W / cell)`` of ``(B, in_size, H, W)``."""
        kernel = F.pixel_shuffle(self.conv.weight, self.cell)
        values = F.conv2d(x, kernel, self.conv.bias, stride=self.cell, padding=self.cell)
        normed: torch.Tensor = self.norm(values)
        return normed


def insert_norm(net: nn.Module) -> None:
    """Give every ``NormedConv`` of a net its batch norm, in place, as training begins."""
    for block in _blocks(net):
        block.norm = nn.BatchNorm2d(block.conv.out_channels).to(block.conv.weight.device)


def freeze_norm(net: nn.Module) -> None:
    """Keep the running statistics of every batch norm as they are from now on."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


@torch.no_grad()
def fold_norm(net: nn.Module) -> None:
    """Fold every norm into its convolution, in place; what the net computes stays the same."""
    for block in _blocks(net):
        norm = block.norm
        if not isinstance(norm, nn.BatchNorm2d):
            continue
        if norm.running_mean is None or norm.running_var is None or block.conv.bias is None:
            raise ValueError("Only a norm with running statistics can be folded.")
        block.conv.weight, block.conv.bias = fuse_conv_bn_weights(
            block.conv.weight,
            block.conv.bias,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )
        block.norm = nn.Identity()


def _blocks(net: nn.Module) -> Iterator[NormedConv]:
    return (module for module in net.modules() if isinstance(module, NormedConv))
