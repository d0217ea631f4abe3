"""One burst, one method: the middle frame, what it is worth, and where the net looked."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from flowcore.bursts.baselines import aligned_mean, mean_frame, median_frame, non_local_means
from flowcore.errors import ConfigError, InputError
from flowcore.metrics.blocks import block_edge_ratio
from flowcore.metrics.image import psnr, ssim
from flowcore.models.burst import BurstNet, PatchAnswer, pad_burst, stitch
from flowcore.models.burst_attention import entropy, expected_displacement
from flowcore.models.burst_store import burst_cards, load_burst_net
from flowcore.ops.convert import frame_to_array, frame_to_tensor
from flowcore.types import Burst, FloatArray, FlowField, UInt8Array

__all__ = [
    "BASELINES",
    "Gaze",
    "Restoration",
    "attend",
    "attention_of_patch",
    "burst_methods",
    "restore",
    "scores_of",
]

BASELINES: Mapping[str, Callable[[Burst], UInt8Array]] = {
    "noisy": lambda burst: burst.frames[burst.reference],
    "mean": mean_frame,
    "median": median_frame,
    "nlm_multi": non_local_means,
    "aligned_mean": aligned_mean,
}
EDGE_BLOCK = 8  # px, for methods that know no blocks


@dataclass(frozen=True, eq=False)
class Gaze:
    """Where the net looked, for every token of the middle frame.

    Parameters
    ----------
    displacement : (heads + 1, M, h, w, 2) float32
        Expected offset in px, right and down, on the grid of tokens; the last entry is over the
        heads, as they count for the pixels.
    entropy : (heads, h, w) float32
        Bits.
    frames : tuple of int
        The M frames that were seen.
    token : int
        Px of a token.
    """

    displacement: FloatArray
    entropy: FloatArray
    frames: tuple[int, ...]
    token: int

    def flow(self, frame: int, size: tuple[int, int], *, head: int = -1) -> FlowField:
        """The flow from the middle frame to another one that the attention implies, in px.

        Raises
        ------
        InputError
            The frame is not among those that the net sees.
        """
        if frame not in self.frames:
            raise InputError(f"The net sees the frames {self.frames}, not number {frame}.")
        coarse = self.displacement[head, self.frames.index(frame)]
        fine = coarse.repeat(self.token, 0).repeat(self.token, 1)
        return FlowField(np.ascontiguousarray(fine[: size[0], : size[1]]))


@dataclass(frozen=True, eq=False)
class Restoration:
    """The middle frame by one method.

    Parameters
    ----------
    method : str
    frame : (H, W, 3) uint8
    seconds : float
        Net loaded, without metrics.
    scores : mapping
        ``psnr`` in dB, ``ssim``, and ``edge_ratio`` where the clean frame is known.
    gaze : Gaze, optional
        Of a net.
    """

    method: str
    frame: UInt8Array
    seconds: float
    scores: Mapping[str, float]
    gaze: Gaze | None = None


def burst_methods() -> list[str]:
    """All names that ``restore`` accepts: nets first, then baselines."""
    return [*burst_cards(), *BASELINES]


def restore(
    burst: Burst, method: str, *, stride: int | None = None, keep_gaze: bool = False
) -> Restoration:
    """The middle frame of a burst.

    Parameters
    ----------
    burst : Burst
    method : str
        One of ``burst_methods()``.
    stride : int, optional
        Px from one target patch to the next, for nets; as trained if left out.
    keep_gaze : bool
        Whether to keep where a net looked.

    Raises
    ------
    ModelError
        No such method, or its weights cannot be had.
    ConfigError
        The burst has another number of frames than the net, or the stride does not fit it.
    """
    if method in BASELINES:
        if stride is not None:
            raise ConfigError(f"A stride is of burst nets, {method} has none.")
        started = time.perf_counter()
        frame = BASELINES[method](burst)
        return Restoration(
            method, frame, time.perf_counter() - started, scores_of(burst, frame, EDGE_BLOCK)
        )
    net = load_burst_net(method)
    if net.config.num_frames != len(burst.frames):
        raise ConfigError(
            f"{method} takes {net.config.num_frames} frames, the burst has {len(burst.frames)}."
        )
    config = net.config if stride is None else replace(net.config, stride=stride)
    started = time.perf_counter()
    frame = frame_to_array(_reconstruct(net.with_config(config), burst))
    seconds = time.perf_counter() - started
    block = max(3, config.step)
    gaze = attend(net, burst) if keep_gaze else None
    return Restoration(method, frame, seconds, scores_of(burst, frame, block), gaze)


@torch.inference_mode()
def attend(net: BurstNet, burst: Burst) -> Gaze:
    """Where the net looks on the whole burst, its patches laid side by side."""
    config = replace(net.config, stride=None)
    net = net.with_config(config)
    padded = pad_burst(_as_tensor(burst), config)
    parts = [_gaze_of(answer, net) for answer in net.answers(padded)]
    height, width = burst.size
    grid = config.rows_and_cols(height, width)
    channels = stitch(torch.cat(parts), grid, config.target_tokens)[0]
    offsets, bits = channels[: -config.heads], channels[-config.heads :]
    h, w = math.ceil(height / config.token), math.ceil(width / config.token)
    displacement = offsets.reshape(config.heads + 1, len(config.inputs), 2, *offsets.shape[1:])
    return Gaze(
        displacement.movedim(2, -1)[:, :, :h, :w].contiguous().numpy(),
        bits[:, :h, :w].contiguous().numpy(),
        config.inputs,
        config.token,
    )


@torch.inference_mode()
def attention_of_patch(net: BurstNet, burst: Burst, row: int, col: int) -> PatchAnswer:
    """The answer for one target patch of those laid side by side, counted from the top left.

    Raises
    ------
    InputError
        There is no such patch.
    """
    config = replace(net.config, stride=None)
    rows, cols = config.rows_and_cols(*burst.size)
    if not (0 <= row < rows and 0 <= col < cols):
        raise InputError(
            f"There are {rows}x{cols} patches (rows x cols), got row {row}, col {col}."
        )
    padded = pad_burst(_as_tensor(burst), config)
    top, left, side = row * config.step, col * config.step, config.source_field
    field = padded[..., top : top + side, left : left + side]
    return net.answer(field[:, list(config.inputs)])


def scores_of(burst: Burst, frame: UInt8Array, block: int) -> dict[str, float]:
    """PSNR, SSIM and edge ratio against the clean middle frame; empty where it is not known."""
    if burst.clean is None:
        return {}
    edges = block_edge_ratio(frame_to_tensor(frame), frame_to_tensor(burst.clean), block=block)
    return {
        "psnr": psnr(frame, burst.clean, peak=255),
        "ssim": ssim(frame, burst.clean),
        "edge_ratio": edges,
    }


@torch.inference_mode()
def _reconstruct(net: BurstNet, burst: Burst) -> torch.Tensor:
    frame: torch.Tensor = net(_as_tensor(burst))
    return frame


def _gaze_of(answer: PatchAnswer, net: BurstNet) -> torch.Tensor:
    """Displacements by head and over the heads, then entropies: (P, channels, T, T)."""
    weights, shares = answer.weights, net.head_shares
    together = torch.einsum("h,phyxmrc->pyxmrc", shares, weights)[:, None]
    every = torch.cat([weights, together], 1)
    offsets = expected_displacement(every, net.config)  # (P, heads + 1, T, T, M, 2)
    offsets = offsets.movedim((2, 3), (4, 5)).flatten(1, 3)
    return torch.cat([offsets, entropy(weights)], 1)


def _as_tensor(burst: Burst) -> torch.Tensor:
    """The frames as ``(1, N, 3, H, W) float32`` in [0, 1]."""
    return torch.cat([frame_to_tensor(frame) for frame in burst.frames])[None]
