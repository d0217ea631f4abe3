"""Between arrays at the edges and tensors inside: the only two converters of each kind."""

import numpy as np
import torch

from flowcore.types import FloatArray, UInt8Array

__all__ = [
    "as_float",
    "flow_to_array",
    "flow_to_tensor",
    "frame_to_array",
    "frame_to_levels",
    "frame_to_tensor",
]


def frame_to_tensor(frame: UInt8Array) -> torch.Tensor:
    """A frame ``(H, W, 3) uint8`` as ``(1, 3, H, W) float32`` in [0, 1]."""
    return as_float(frame_to_levels(frame))


def frame_to_levels(frame: UInt8Array) -> torch.Tensor:
    """A frame ``(H, W, 3) uint8`` as ``(1, 3, H, W) uint8``: a quarter of the memory."""
    return torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None]


def as_float(frames: torch.Tensor) -> torch.Tensor:
    """Frames ``(B, 3, H, W)`` in [0, 1]; 8-bit ones are brought there, others left as they are."""
    return frames.contiguous().float().div_(255) if frames.dtype == torch.uint8 else frames


def frame_to_array(frame: torch.Tensor) -> UInt8Array:
    """A frame ``(1, 3, H, W)`` in [0, 1] as ``(H, W, 3) uint8``, rounded; exact inverse."""
    levels = (frame.detach().clamp(0, 1) * 255).round().to(torch.uint8)
    return np.ascontiguousarray(levels[0].permute(1, 2, 0).cpu().numpy())


def flow_to_tensor(flow: FloatArray) -> torch.Tensor:
    """A flow ``(H, W, 2)`` as ``(1, 2, H, W) float32``."""
    return torch.from_numpy(np.array(np.moveaxis(flow, 2, 0), np.float32, order="C"))[None]


def flow_to_array(flow: torch.Tensor) -> FloatArray:
    """A flow ``(1, 2, H, W)`` as ``(H, W, 2) float32``."""
    return np.ascontiguousarray(flow.detach()[0].permute(1, 2, 0).float().cpu().numpy())
