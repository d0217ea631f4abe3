"""A lane as text that repeats it: a command, or a few lines of Python.

Both work on a folder that holds ``first.png`` and ``second.png`` (and ``truth.flo``), as
``python -m flowcore sample NAME FOLDER`` and the ZIP of a comparison write it.
"""

import shlex
from collections.abc import Mapping

from flowcore.types import ChunkGrid, PipelineConfig

__all__ = ["as_command", "as_python", "sweep_as_python"]


def as_command(config: PipelineConfig, *, folder: str = "pair", threads: int | None = None) -> str:
    """The command line that gives this lane's flow.

    Examples
    --------
    >>> as_command(PipelineConfig("dis_medium", chunks=ChunkGrid(2, 2)))
    'python -m flowcore estimate pair/first.png pair/second.png --model dis_medium --chunks 2x2 --overlap 32 --blend hann --out flow.flo'
    """  # noqa: E501  the command is one line
    words = ["python", "-m", "flowcore", "estimate", f"{folder}/first.png", f"{folder}/second.png"]
    words += ["--model", config.model]
    if config.scale != 1:
        words += ["--scale", repr(config.scale)]
    if config.blur_sigma:
        words += ["--blur", repr(config.blur_sigma)]
    if config.chunks is not None:
        words += _chunk_words(config.chunks)
    if config.iterations is not None:
        words += ["--iterations", str(config.iterations)]
    if threads is not None:
        words += ["--threads", str(threads)]
    return shlex.join([*words, "--out", "flow.flo"])


def as_python(config: PipelineConfig, *, folder: str = "pair", threads: int | None = None) -> str:
    """The Python lines that give this lane's flow."""
    return f"""\
from flowcore.io.flow_files import write_flow
from flowcore.io.frames import read_frame
from flowcore.pipeline import run
from flowcore.types import ChunkGrid, FramePair, PipelineConfig

pair = FramePair(read_frame("{folder}/first.png"), read_frame("{folder}/second.png"))
config = {config!r}
estimate = run(pair, config, threads={threads})
write_flow("flow.flo", estimate.flow)
"""


def sweep_as_python(
    configs: Mapping[str, PipelineConfig], *, folder: str = "pair", threads: int | None = None
) -> str:
    """The Python lines that measure cost and quality of these lanes, by their titles."""
    lanes = "".join(f"    {title!r}: {config!r},\n" for title, config in configs.items())
    return f"""\
from pathlib import Path

from flowcore.io.flow_files import read_flow
from flowcore.io.frames import read_frame
from flowcore.sweep import measure, points_table
from flowcore.types import ChunkGrid, FramePair, PipelineConfig

folder = Path({folder!r})
truth = read_flow(folder / "truth.flo") if (folder / "truth.flo").exists() else None
pair = FramePair(read_frame(folder / "first.png"), read_frame(folder / "second.png"), truth)
configs = {{
{lanes}}}
points = {{title: measure(pair, config, threads={threads}) for title, config in configs.items()}}
points_table(points).to_csv("sizes.csv")
"""


def _chunk_words(grid: ChunkGrid) -> list[str]:
    """What differs from the defaults, beside the overlap and the blend."""
    if grid.chunk_size is not None:
        words = ["--chunk-size", "x".join(map(str, grid.chunk_size))]
    elif grid.max_bytes is not None:
        words = ["--memory", f"{grid.max_bytes / 1e6!r}"]
    else:
        words = ["--chunks", f"{grid.rows}x{grid.cols}"]
    is_share = isinstance(grid.overlap, float)
    words += ["--overlap", f"{100 * grid.overlap:.12g}%" if is_share else str(grid.overlap)]
    words += ["--blend", grid.blend]
    if grid.motion_aware:
        words.append("--motion-aware")
    if grid.halo:
        words += ["--halo", str(grid.halo)]
    if grid.seam_blur:
        words += ["--seam-blur", repr(grid.seam_blur)]
    if grid.refine_share < 1:
        words += ["--refine-share", repr(grid.refine_share)]
    return words
