"""In which precision a run can be fast on the device at hand."""

import logging
from typing import Literal

import torch

__all__ = ["Precision", "usable_precision"]

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


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
