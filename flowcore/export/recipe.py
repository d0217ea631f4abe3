"""A lane as text that repeats it: a command, or a few lines of Python.

Both work on a folder that holds ``first.png`` and ``second.png`` (and what is known of their
motion), as ``flowcore sample NAME FOLDER`` and the ZIP of a comparison write it.
"""

import shlex
from collections.abc import Mapping

from flowcore.export.files import known_files
from flowcore.knobs import flags_of
from flowcore.types import FramePair, PipelineConfig

__all__ = ["as_command", "as_python", "sweep_as_python"]


def as_command(
    config: PipelineConfig,
    pair: FramePair | None = None,
    *,
    folder: str = "pair",
    threads: int | None = None,
    out: str | None = "flow.flo",
) -> str:
    """The command line that gives this lane's flow as a file, and its numbers on this pair.

    Examples
    --------
    >>> as_command(PipelineConfig("dis_medium"))
    'flowcore estimate pair/first.png pair/second.png --model dis_medium --out flow.flo'
    """
    words = ["flowcore", "estimate", f"{folder}/first.png", f"{folder}/second.png"]
    words += flags_of(config)
    for role, name in known_files(pair).items() if pair else ():
        words += [f"--{role}", f"{folder}/{name}"]
    if threads is not None:
        words += ["--threads", str(threads)]
    if out is not None:
        words += ["--out", out]
    return shlex.join(words)


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
from flowcore.size_points import measure, points_table
from flowcore.types import ChunkGrid, FramePair, PipelineConfig

folder = Path({folder!r})
truth = read_flow(folder / "truth.flo") if (folder / "truth.flo").exists() else None
pair = FramePair(read_frame(folder / "first.png"), read_frame(folder / "second.png"), truth)
configs = {{
{lanes}}}
points = {{title: measure(pair, config, threads={threads}) for title, config in configs.items()}}
points_table(points).to_csv("sizes.csv")
"""
