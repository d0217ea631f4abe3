"""What chunking costs in accuracy.

``python -m tests.benchmarks.chunking MODEL [DATA] [--pairs N] [--max-motion PX]
[--only WORDS ...] [--table]``

EPE in px of every way of cutting, and its change against the whole frame in percent: over the
pairs under DATA (``DATA/<dataset>/<sequence>/``), and over generated pairs of 512x384 px whose
layers move by 8 to 80 px (or ``--max-motion``), there with a 95 % interval from 2,000 bootstrap
samples of the pairs.

A second table has three changes: of the mean EPE, of the mean EPE over the pixels that are seen in
both frames, and pair by pair (the geometric mean of the pairs' ratios). The first is ruled by the
few pairs on which every way fails; the last lets every pair weigh alike.

With ``--table`` the changes of plain and motion-aware grids replace the model's rows in
``assets/chunk_losses.csv``, from which the page Chunking advises.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from flowcore.chunking.losses import TABLE, measured_losses
from flowcore.data.datasets import open_dataset
from flowcore.data.scenes import SceneConfig, make_scenes
from flowcore.data.shapes import make_shapes
from flowcore.data.textures import make_textures
from flowcore.metrics.flow import mean_epe
from flowcore.ops.convert import flow_to_array, flow_to_tensor, frame_to_array
from flowcore.ops.warp import lands_inside
from flowcore.pipeline import run
from flowcore.types import ChunkGrid, FlowField, FramePair, PipelineConfig

SIZE = (384, 512)
MOTION = SceneConfig(min_motion=8, max_motion=80, max_objects=6)
SAMPLES = 2000
WAYS = {
    **{f"2x2, overlap {px}": {"chunks": ChunkGrid(2, 2, px)} for px in (0, 16, 32, 48, 64)},
    "2x2, overlap 32, motion-aware": {"chunks": ChunkGrid(2, 2, 32, motion_aware=True)},
    "2x2, overlap 32, halo 32": {"chunks": ChunkGrid(2, 2, 32, halo=32)},
    "2x2, overlap 32, halo 32, motion-aware": {
        "chunks": ChunkGrid(2, 2, 32, motion_aware=True, halo=32)
    },
    "2x2, overlap 32, winner": {"chunks": ChunkGrid(2, 2, 32, "winner")},
    "2x2, overlap 0, seams blurred by 2 px": {"chunks": ChunkGrid(2, 2, 0, seam_blur=2)},
    "2x2, overlap 0, seams blurred by 8 px": {"chunks": ChunkGrid(2, 2, 0, seam_blur=8)},
    "4x4, overlap 32": {"chunks": ChunkGrid(4, 4, 32)},
    "4x4, overlap 32, motion-aware": {"chunks": ChunkGrid(4, 4, 32, motion_aware=True)},
    "4x4, overlap 32, half of them refined": {"chunks": ChunkGrid(4, 4, 32, refine_share=0.5)},
    "resized to one of 2x2 chunks": {"scale": 0.5},
    "resized to one of 4x4 chunks": {"scale": 0.25},
}


def generated(count: int, motion: SceneConfig = MOTION) -> Iterator[FramePair]:
    """Pairs that no model was trained on: patterns of another seed, in large motion."""
    textures, shapes = make_textures(64, seed=97), make_shapes(128, seed=97)
    generator = torch.Generator().manual_seed(97)
    for _ in range(count):
        scene = make_scenes(
            textures, shapes, batch=1, size=SIZE, config=motion, generator=generator
        )
        yield FramePair(
            frame_to_array(scene.first),
            frame_to_array(scene.second),
            FlowField(flow_to_array(scene.flow)),
            occluded=scene.occluded[0].numpy(),
        )


def errors(
    pairs: Iterable[FramePair], configs: Mapping[str, PipelineConfig], threads: int | None
) -> dict[str, np.ndarray]:
    """The mean EPE of each pair by each way: over all pixels, and over those seen in both frames.

    Where a pair does not say what is hidden, the latter are those whose match is in the frame.
    """
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in configs}
    for pair in pairs:
        valid = pair.truth.valid
        hidden = pair.occluded
        if hidden is None:
            hidden = ~lands_inside(flow_to_tensor(pair.truth.uv))[0].numpy()
        seen = valid & ~hidden
        for way, config in configs.items():
            flows = run(pair, config, threads=threads).flow.uv, pair.truth.uv
            found[way].append((mean_epe(*flows, valid), mean_epe(*flows, seen)))
    return {way: np.array(rows).T for way, rows in found.items()}


def of_means(chunked: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return chunked.mean(-1) / whole.mean(-1)


def pair_by_pair(chunked: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.exp(np.log(chunked / whole).mean(-1))


def change(
    ratio: Callable[[np.ndarray, np.ndarray], np.ndarray], chunked: np.ndarray, whole: np.ndarray
) -> tuple[float, float, float]:
    """Percent by which the error grows, with the ends of its interval over the pairs."""
    draws = np.random.default_rng(0).integers(0, len(whole), (SAMPLES, len(whole)))
    ends = np.percentile(ratio(chunked[draws], whole[draws]), [2.5, 97.5])
    percent, low, high = (100 * (value - 1) for value in (ratio(chunked, whole), *ends))
    return percent, low, high


def in_words(percent: float, low: float, high: float) -> str:
    return f"{percent:+.1f} % ({low:+.1f} to {high:+.1f})"


def row(way: str, by_set: Mapping[str, Mapping[str, np.ndarray]]) -> list[str]:
    cells = [way]
    for name, found in by_set.items():
        (all_pixels, _), (whole, _) = found[way], found["whole"]
        text = f"{all_pixels.mean():.3f}"
        if way != "whole":
            grown = change(of_means, all_pixels, whole)
            text += f", {in_words(*grown) if name == 'generated' else f'{grown[0]:+.1f} %'}"
        cells.append(text)
    return cells


def write_losses(model: str, by_set: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Replace what the shipped table has of the model."""
    rows = []
    for name, found in by_set.items():
        whole = found["whole"][0]
        for way, (chunked, _) in found.items():
            grid = WAYS.get(way, {}).get("chunks")
            if grid is None or grid != ChunkGrid(
                grid.rows, grid.cols, grid.overlap, motion_aware=grid.motion_aware
            ):
                continue
            percent, low, high = change(of_means, chunked, whole)
            ends = (low, high) if name == "generated" else (np.nan, np.nan)
            rows.append(
                [
                    model,
                    f"{grid.rows}x{grid.cols}",
                    grid.overlap,
                    grid.motion_aware,
                    name,
                    len(whole),
                    *np.round([percent, *ends], 1),
                ]
            )
    table = measured_losses()
    others = table[table["model"] != model]
    pd.concat([others, pd.DataFrame(rows, columns=table.columns)]).to_csv(TABLE, index=False)


def print_table(head: list[str], rows: Iterable[list[str]]) -> None:
    for cells in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(cells) + " |")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--pairs", type=int, default=64, help="generated ones")
    parser.add_argument("--max-motion", type=float, default=MOTION.max_motion, help="of these, px")
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--table", action="store_true", help="write the shipped table")
    parser.add_argument("--only", nargs="+", default=[], help="words of the ways' names")
    options = parser.parse_args()
    configs = {
        way: PipelineConfig(options.model, iterations=options.iterations, **settings)
        for way, settings in {"whole": {}, **WAYS}.items()
        if way == "whole" or not options.only or any(word in way for word in options.only)
    }
    sets: dict[str, list[FramePair]] = {}
    for files in open_dataset(options.data).pairs if options.data else ():
        sets.setdefault(files.dataset, []).append(files.load())
    by_set = {name: errors(pairs, configs, options.threads) for name, pairs in sets.items()}
    made = generated(options.pairs, replace(MOTION, max_motion=options.max_motion))
    by_set["generated"] = errors(tqdm(made, total=options.pairs), configs, options.threads)
    if options.table:
        write_losses(options.model, by_set)
    counts = [f"{name} ({found['whole'].shape[1]})" for name, found in by_set.items()]
    print_table(["way", *counts], (row(way, by_set) for way in configs))
    print_table(
        ["pairs", "way", "mean EPE", "mean EPE, seen in both frames", "pair by pair"],
        (
            [
                name,
                way,
                in_words(*change(of_means, chunked, found["whole"][0])),
                in_words(*change(of_means, seen, found["whole"][1])),
                in_words(*change(pair_by_pair, chunked, found["whole"][0])),
            ]
            for name, found in by_set.items()
            for way, (chunked, seen) in found.items()
            if way != "whole"
        ),
    )


if __name__ == "__main__":
    main()
