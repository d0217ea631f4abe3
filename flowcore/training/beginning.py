"""How the networks of FlowNet begin, so that they learn within thousands of steps, not millions.

From common random weights they long predict no motion at all: what they look for, a difference in
time beside one in space, is small beside the brightness that their first layer sees. Measured over
the first 600 steps on small motion: with these weights the error has begun to fall after 300 steps,
without them it had not moved.
"""

import torch
from torch import nn

from flowcore.models.flownet_net import FlowNet2
from flowcore.models.flownet_parts import SLOPE, Decoder, FlowNetC, Fusion

__all__ = ["begin"]

_QUIET = -1.0  # offset before the features that are correlated: few are active, so few agree


@torch.no_grad()
def begin(net: FlowNet2) -> None:
    """Set the first weights of all networks, in place; their norms must be there already.

    Kernels are drawn after He et al. (ICCV 2015) for the slope of the leaky ReLU, and flow heads
    begin small. Half of a first layer's kernels take the difference of the two frames that the
    network compares, the other half differences within them.
    """
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(layer.weight, SLOPE)
            if layer.bias is not None:
                layer.bias.zero_()
    heads = [head for part in net.modules() if isinstance(part, Decoder) for head in part.heads]
    for head in heads:
        head.weight.mul_(0.1)
    for network in net.networks.values():
        if isinstance(network, FlowNetC):
            norm = network.conv3.norm
            if isinstance(norm, nn.BatchNorm2d):
                norm.bias.fill_(_QUIET)
        elif not isinstance(network, Fusion):
            first = next(layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
            _see_differences(first.weight)


def _see_differences(kernels: torch.Tensor) -> None:
    """Of the first frame and the second, or of the first and the warped second where there is one.

    Takes (out, 6 or more, k, k).
    """
    half, other = len(kernels) // 2, 6 if kernels.shape[1] == 12 else 3
    kernels[:half, other : other + 3] = -kernels[:half, :3]
    kernels[half:] -= kernels[half:].mean((2, 3), keepdim=True)
