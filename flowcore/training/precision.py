"""In which precision and layout a run can be fast on the device at hand."""

import logging
from typing import Literal

import torch
from torch import nn
from torch.nn.utils.memory_format import convert_conv2d_weight_memory_format

__all__ = ["Precision", "settled", "usable_precision"]

_LOG = logging.getLogger(__name__)

Precision = Literal["float32", "bfloat16"]


def usable_precision(wanted: Precision, device: torch.device) -> Precision:
    """What was wanted, or float32, which is said in the log, where bfloat16 would only be imitated.

    A processor without instructions for it is up to eighty times slower than at float32.
    """
    if wanted == "bfloat16" and not _has_bfloat16(device):
        _LOG.warning("%s has no instructions for bfloat16: the run is in float32.", device)
        return "float32"
    return wanted


def settled(net: nn.Module, device: torch.device) -> nn.Module:
    """The net on its device; on a GPU laid out as its kernels are, the fastest of them found."""
    net = net.to(device)
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True  # a run sees few sizes, each of them often
        net = convert_conv2d_weight_memory_format(net, torch.channels_last)
    return net


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
