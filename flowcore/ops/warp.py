"""Moving pictures by a flow: backward (sample) and forward (splat)."""

import torch
from torch.nn import functional as F

from flowcore.ops.grid import pixel_grid

__all__ = ["lands_inside", "sample", "splat", "warp"]


def sample(image: torch.Tensor, positions: torch.Tensor, *, padding: str = "zeros") -> torch.Tensor:
    """Bilinear samples of an image at positions given in px.

    Parameters
    ----------
    image : (B, C, H, W)
    positions : (B, 2, h, w)
        Channel 0 = x, 1 = y; pixel centers at integers.
    padding : "zeros" or "border"
        What lies outside the image.

    Returns
    -------
    (B, C, h, w)

    Notes
    -----
    ``align_corners=False`` with the half-pixel shift written out: the same numbers as
    ``align_corners=True``, and no division by zero where an image is one pixel wide.
    """
    height, width = image.shape[-2:]
    x = (2 * positions[:, 0] + 1) / width - 1
    y = (2 * positions[:, 1] + 1) / height - 1
    return F.grid_sample(
        image, torch.stack([x, y], dim=-1), padding_mode=padding, align_corners=False
    )


def warp(
    image: torch.Tensor, flow: torch.Tensor, *, padding: str = "border", top: int = 0
) -> torch.Tensor:
    """The second frame as seen from the first: ``image(x + flow(x))``, backward and bilinear.

    Parameters
    ----------
    image : (B, C, H, W)
        The second frame (or anything on its grid).
    flow : (B, 2, h, W)
        Pixels, first -> second: of all rows, or of those from ``top`` on.
    padding : "border" or "zeros"
        What lies outside ``image``.

    Returns
    -------
    (B, C, h, W)

    Examples
    --------
    A flow of one pixel to the right fetches the right-hand neighbor:

    >>> row = torch.tensor([[[[0.0, 1.0, 2.0]]]])
    >>> right = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, 1, 3)
    >>> warp(row, right).flatten().tolist()
    [1.0, 2.0, 2.0]
    """
    return sample(image, pixel_grid(*flow.shape[-2:], like=flow, top=top) + flow, padding=padding)


def lands_inside(flow: torch.Tensor, *, top: int = 0, height: int | None = None) -> torch.Tensor:
    """True where ``x + flow(x)`` lies within the frame, ``(B, H, W) bool``.

    Of a flow of some rows ``top`` is the first one's number and ``height`` the frame's.
    """
    rows, width = flow.shape[-2:]
    target = pixel_grid(rows, width, like=flow, top=top) + flow
    x, y = target[:, 0], target[:, 1]
    bottom = (rows if height is None else height) - 1
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= bottom)


def splat(values: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """Values carried forward by a flow, bilinear, summed where they meet.

    Parameters
    ----------
    values : (B, C, H, W)
    flow : (B, 2, H, W)
        Pixels. What lands outside is lost.

    Returns
    -------
    (B, C, H, W)
        Splatting ones gives the number of pixels that arrive at each place: near zero means that
        nothing of the source is seen there.
    """
    B, C, H, W = values.shape
    target = pixel_grid(H, W, like=flow) + flow
    corner = target.floor()
    fraction = target - corner
    out = values.new_zeros(B, C, H * W)
    for dy in (0, 1):
        for dx in (0, 1):
            x, y = corner[:, 0] + dx, corner[:, 1] + dy
            weight = (fraction[:, 0] - (1 - dx)).abs() * (fraction[:, 1] - (1 - dy)).abs()
            weight = weight * ((x >= 0) & (x < W) & (y >= 0) & (y < H))
            index = (y.clamp(0, H - 1) * W + x.clamp(0, W - 1)).long().view(B, 1, H * W)
            carried = (values * weight[:, None]).view(B, C, H * W)
            out.scatter_add_(2, index.expand(B, C, H * W), carried)
    return out.view(B, C, H, W)
