"""Convolutions with a batch norm that exists in training alone.

A norm over statistics of the image would make a chunk's features differ from the whole frame's.
So the nets trained here normalize with batch statistics while they learn, and before they ship the
norm is folded into the convolution before it: the file holds convolutions and nothing else.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = ["NormedConv", "fold_norm", "freeze_norm", "insert_norm"]


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
