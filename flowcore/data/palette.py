"""A palette: the few colors that stand for all of a set of photos."""

import cv2
import numpy as np
import torch

__all__ = ["make_palette"]

_NUM_PIXELS = 60_000


def make_palette(textures: torch.Tensor, *, num_colors: int = 512, seed: int = 0) -> torch.Tensor:
    """The centers of k-means over pixels of the photos, ``(num_colors, 3)`` in [0, 1].

    Parameters
    ----------
    textures : (N, 3, H, W) uint8
    num_colors : int
        512, nine bits, as in Image GPT (Chen et al., ICML 2020).
    seed : int
        Of the pixels that are drawn and of the first centers.
    """
    generator = torch.Generator().manual_seed(seed)
    N, _, height, width = textures.shape
    photo, y, x = (
        torch.randint(most, (_NUM_PIXELS,), generator=generator) for most in (N, height, width)
    )
    pixels = textures[photo, :, y, x].float().numpy()
    cv2.setRNGSeed(seed)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.1)
    _, _, centers = cv2.kmeans(
        pixels, num_colors, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS
    )
    return torch.from_numpy(np.asarray(centers, np.float32) / 255)
