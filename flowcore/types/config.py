"""What is done: one lane, and how it cuts."""

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from flowcore.errors import ConfigError

__all__ = ["MAX_PASSES", "Blend", "ChunkGrid", "PipelineConfig", "Precision"]

MAX_PASSES = 3

Blend = Literal["none", "linear", "hann", "gaussian", "winner"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class ChunkGrid:
    """How an image is cut into chunks and the flows are stitched.

    The number of chunks is given as ``rows`` and ``cols``, or follows for each frame from the
    largest ``chunk_size``, or from the most memory that the work may take.

    Parameters
    ----------
    rows, cols : int
        Number of chunks down and across.
    overlap : int or float
        What two neighbors share, to be blended: px, or below 1 a share of the chunk's side.
    blend : str
        How neighbors are weighted where they overlap: "none" takes the later chunk, as a plain
        loop would; "linear" and "hann" are ramps, "gaussian" falls off from the chunks' centers;
        "winner" cuts in the middle, so that no two motions are averaged.
    motion_aware : bool
        Let a quick pass over the whole frame at low resolution say where each chunk moves, and
        crop the second frame there, so that matches stay inside.
    halo : int
        Px of context around a chunk that are computed and cropped away.
    chunk_size : (height, width), optional
        The largest chunk in px, without halo.
    max_bytes : int, optional
        The most working memory; the fewest chunks that keep to it are used.
    seam_blur : float
        Sigma in px of a Gaussian blur of the stitched flow near the seams; 0 = none.
    refine_share : float
        Propose and refine: below 1 only this share of the chunks, those in which the quick pass
        is most doubtful, are computed at full resolution; the rest keep the quick pass's flow.
    """

    rows: int = 1
    cols: int = 1
    overlap: int | float = 32
    blend: Blend = "hann"
    motion_aware: bool = False
    halo: int = field(default=0, kw_only=True)
    chunk_size: tuple[int, int] | None = field(default=None, kw_only=True)
    max_bytes: int | None = field(default=None, kw_only=True)
    seam_blur: float = field(default=0.0, kw_only=True)
    refine_share: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        if self.rows < 1 or self.cols < 1:
            raise ConfigError(
                f"Chunks must be at least 1x1 (rows x cols), got {self.rows}x{self.cols}."
            )
        if isinstance(self.overlap, float) and not 0 <= self.overlap < 1:
            raise ConfigError(f"Overlap must be a share of 0..1 of a chunk, got {self.overlap}.")
        if self.overlap < 0 or self.halo < 0:
            raise ConfigError(
                f"Overlap and halo must be 0 px or more, got {self.overlap} and {self.halo}."
            )
        if self.blend not in get_args(Blend):
            raise ConfigError(f"Unknown blend {self.blend!r}; choose from {get_args(Blend)}.")
        if self.chunk_size is not None and min(self.chunk_size) < 1:
            raise ConfigError(f"Chunks must be at least 1x1 px, got {self.chunk_size}.")
        if self.max_bytes is not None and self.max_bytes < 1:
            raise ConfigError(f"Memory must be at least one byte, got {self.max_bytes}.")
        ways = [self.rows * self.cols > 1, self.chunk_size is not None, self.max_bytes is not None]
        if sum(ways) > 1:
            raise ConfigError("Give rows and columns, or a chunk size, or memory; not two of them.")
        if not (math.isfinite(self.seam_blur) and 0 <= self.seam_blur <= 100):
            raise ConfigError(f"Blur of the seams must lie in 0..100 px, got {self.seam_blur}.")
        if not 0 <= self.refine_share <= 1:
            raise ConfigError(f"The share to refine must lie in 0..1, got {self.refine_share}.")


@dataclass(frozen=True)
class PipelineConfig:
    """One lane: a model and what is done around it. Hashable, so it serves as a cache key.

    Parameters
    ----------
    model : str
        A name of ``models.available()``.
    scale : float
        Both frames are resized by this factor before the model; the flow is brought back.
    blur_sigma : float
        Gaussian blur of both frames, in px of the original size; 0 = none.
    chunks : ChunkGrid, optional
        Chunked inference; whole frame if left out.
    iterations : int, optional
        Refinement steps of a recurrent model, in each pass; its own default if left out.
    precision : "float32" or "bfloat16"
        Arithmetic of learnt models.
    passes : int, optional
        How often a recurrent model goes over the pair, each time on frames twice as large as before
        and begun from the flow so far; its own default if left out.
    """

    model: str
    scale: float = 1.0
    blur_sigma: float = 0.0
    chunks: ChunkGrid | None = None
    iterations: int | None = None
    precision: Precision = "float32"
    passes: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and 0.01 <= self.scale <= 8):
            raise ConfigError(f"Scale must lie in 0.01..8, got {self.scale}.")
        if not (math.isfinite(self.blur_sigma) and 0 <= self.blur_sigma <= 100):
            raise ConfigError(f"Blur sigma must lie in 0..100 px, got {self.blur_sigma}.")
        if self.iterations is not None and not 1 <= self.iterations <= 200:
            raise ConfigError(f"Iterations must lie in 1..200, got {self.iterations}.")
        if self.passes is not None and not 1 <= self.passes <= MAX_PASSES:
            raise ConfigError(f"Passes must lie in 1..{MAX_PASSES}, got {self.passes}.")
        if self.precision not in get_args(Precision):
            raise ConfigError(
                f"Unknown precision {self.precision!r}; choose from {get_args(Precision)}."
            )

    @property
    def asked(self) -> dict[str, int | None]:
        """What is asked of the model beside its flow; passes only where they are said.

        Models that go over a pair only once do not take them.
        """
        asked = {"iterations": self.iterations}
        return asked if self.passes is None else {**asked, "passes": self.passes}
