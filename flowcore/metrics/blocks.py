"""What a reconstruction from blocks loses at the blocks' edges."""

import torch

from flowcore.errors import InputError, ShapeMismatchError

__all__ = ["block_edge_ratio"]


def block_edge_ratio(estimate: torch.Tensor, clean: torch.Tensor, *, block: int) -> float:
    """RMS error at the edges of blocks over that of their inner pixels; 1 where no edge is seen.

    Parameters
    ----------
    estimate, clean : (B, 3, H, W)
        In [0, 1]. Blocks of ``block`` px begin in the top left corner.
    block : int
        Side of a block, 3 px or more. Its outermost ring of pixels is the edge.

    Returns
    -------
    float
        Lower is better. Blocks at the border of the image, where context is missing anyway, do
        not count unless there are no others; nan for no block at all or no inner error.

    Raises
    ------
    ShapeMismatchError
        The images differ in size.
    InputError
        A block below 3 px has no inside.

    Examples
    --------
    An error of 2 on the ring and of 1 inside:

    >>> error = torch.full((1, 3, 4, 4), 2.0)
    >>> error[..., 1:3, 1:3] = 1.0
    >>> block_edge_ratio(error, torch.zeros(1, 3, 4, 4), block=4)
    2.0
    """
    if block < 3:
        raise InputError(f"Blocks have an inside from 3 px on, got {block}.")
    if estimate.shape != clean.shape:
        raise ShapeMismatchError(
            f"The images differ in shape: {tuple(estimate.shape)} and {tuple(clean.shape)}."
        )
    squared = (estimate - clean).double().square().mean((0, 1))  # (H, W)
    rows, cols = (_within(length, block) for length in squared.shape)
    squared = squared[rows, cols]
    is_edge = _on_ring(squared.shape[0], block)[:, None] | _on_ring(squared.shape[1], block)
    edge, inner = squared[is_edge].mean(), squared[~is_edge].mean()
    return (edge / inner).sqrt().item() if inner > 0 else float("nan")


def _within(length: int, block: int) -> slice:
    """The whole blocks along a side, without the outermost ones where there are others."""
    count = length // block
    return slice(block, (count - 1) * block) if count > 2 else slice(0, count * block)


def _on_ring(length: int, block: int) -> torch.Tensor:
    place = torch.arange(length) % block
    return (place == 0) | (place == block - 1)
