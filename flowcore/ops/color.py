"""Brightness and color of frames."""

import torch

__all__ = ["from_ycc", "luma", "to_ycc"]

# ITU-R BT.601, full range: rows are Y, Cb, Cr.
_YCC = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)


def luma(frame: torch.Tensor) -> torch.Tensor:
    """Brightness as the eye weighs the colors, ``(B, 1, H, W)`` of ``(B, 3, H, W)``."""
    return (frame * frame.new_tensor(_YCC[0]).view(1, 3, 1, 1)).sum(1, keepdim=True)


def to_ycc(frame: torch.Tensor) -> torch.Tensor:
    """RGB ``(B, 3, H, W)`` in [0, 1] as Y in [0, 1] and Cb, Cr in [-0.5, 0.5]."""
    return torch.einsum("dc,bchw->bdhw", frame.new_tensor(_YCC), frame)


def from_ycc(ycc: torch.Tensor) -> torch.Tensor:
    """The inverse of ``to_ycc``."""
    return torch.einsum("cd,bdhw->bchw", torch.linalg.inv(ycc.new_tensor(_YCC)), ycc)
