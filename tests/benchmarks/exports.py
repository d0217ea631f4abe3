"""How large the files are that leave Compare: ``python -m tests.benchmarks.exports DATA``.

DATA is laid out as ``DATA/<dataset>/<sequence>/``; the first pair of each data set, four lanes.
FlyingChairs is left out.
"""

import sys
from pathlib import Path

from flowcore.data.datasets import open_dataset
from flowcore.export.animation import flip_gif, wipe_gif, wipe_mp4
from flowcore.export.figure.build import FigureFormat, FigureSpec, build_figure
from flowcore.export.figure.grid import grid_panels
from flowcore.export.report import html_report
from flowcore.lane import Lane, run_lane
from flowcore.types import FramePair, PipelineConfig

MODELS = ("scope_070.scenes", "dis_medium", "farneback", "dis_fast")
PRINTS: tuple[tuple[str, FigureFormat, int], ...] = (
    ("PDF", "pdf", 300),
    ("SVG", "svg", 300),
    ("PNG, 300 dpi", "png", 300),
    ("PNG, 600 dpi", "png", 600),
)


def sizes(pair: FramePair, lanes: dict[str, Lane]) -> dict[str, int]:
    """Bytes of each file by its name on the page."""
    one, other = list(lanes.items())[:2]
    spec = FigureSpec(*grid_panels(pair, lanes), metric="epe", scale_bar=None)
    return {
        "report": len(html_report(pair, lanes).encode()),
        **{
            label: len(build_figure(pair, lanes, spec, kind, dpi=dpi))
            for label, kind, dpi in PRINTS
        },
        "flip, GIF": len(flip_gif(pair, *one)),
        "wipe, GIF": len(wipe_gif(pair, one, other)),
        "wipe, MP4": len(wipe_mp4(pair, one, other)),
    }


def main(root: Path) -> None:
    first = {files.dataset: files for files in reversed(open_dataset(root).pairs)}
    for dataset, files in sorted(first.items()):
        if dataset != "flyingchairs":
            pair = files.load()
            lanes = {name: run_lane(pair, PipelineConfig(name)) for name in MODELS}
            found = sizes(pair, lanes)
            height, width = pair.size
            row = ", ".join(f"{name} {size / 1e6:.2f}" for name, size in found.items())
            print(f"{pair.name}, {width}x{height}, MB: {row}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
