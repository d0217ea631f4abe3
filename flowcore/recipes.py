"""A lane as text that repeats it: a command, or a few lines of Python.

Both work on a folder that holds ``first.png`` and ``second.png`` (and ``truth.flo``), as
``python -m flowcore sample NAME FOLDER`` and the ZIP of a comparison write it.
"""

import shlex

from flowcore.types import ChunkGrid, PipelineConfig

__all__ = ["as_command", "as_python"]


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


def _chunk_words(grid: ChunkGrid) -> list[str]:
    words = ["--chunks", f"{grid.rows}x{grid.cols}", "--overlap", str(grid.overlap)]
    words += ["--blend", grid.blend]
    return [*words, "--motion-aware"] if grid.motion_aware else words
