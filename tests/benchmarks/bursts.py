"""Every variant of the burst net under one short schedule: PSNR, edge effects, palette.

``python -m tests.benchmarks.bursts VALIDATION PHOTOS [PHOTOS ...] [--only NAME ...]
[--seeds N] [--runs FILE]``

Trains on the photos, measures on those of the folder VALIDATION. Finished runs are kept in the file
of ``--runs`` (JSON) and not repeated, so that seeds can be added later.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import torch

from flowcore.data.bursts import BurstBatch, cut_bursts
from flowcore.data.textures import load_textures
from flowcore.metrics.blocks import block_edge_ratio
from flowcore.models.burst_config import BurstConfig
from flowcore.training.burst_config import BurstTraining
from flowcore.training.bursts import BurstTrainer, train_burst

STEPS, BATCH = 300, 24
NUM_MEASURED, SIDE_MEASURED = 12, 80  # bursts; px, or a little more

CLEAN, NOISY = (0.0, 0.0), (25.0, 25.0)
STILL, FIVE, TWENTY = (0.0, 0.0), (5.0, 5.0), (20.0, 20.0)
WITHOUT = {"with_middle": False}
WIDE = {"d_model": 512, "heads": 8, "layers": 1, "token": 4}


def _run(motion, noise, *, patches=1, batch=BATCH, **net) -> BurstTraining:
    field = {"source_field": 16, "target_field": 16} | net
    return BurstTraining(
        tag="grid",
        net=BurstConfig(**field),
        steps=STEPS,
        batch=batch,
        patches=patches,
        motion=motion,
        noise=noise,
        warm_up=8,
        validate_every=10**6,
        checkpoint_every=10**6,
    )


NOTES = {
    "static, image 16": _run(STILL, CLEAN, **WITHOUT),
    "static, image 32": _run(STILL, CLEAN, patches=2, batch=6, **WITHOUT),
    "static, convolution, loss over the image": _run(
        STILL, CLEAN, patches=2, batch=6, convolution=True, **WITHOUT
    ),
    "static, 24 to 16, loss over the image": _run(
        STILL, CLEAN, patches=2, batch=6, source_field=24, **WITHOUT
    ),
    "static, 24 to 16, loss over the patch": _run(STILL, CLEAN, source_field=24, **WITHOUT),
    "static, 16 to 8, convolution": _run(STILL, CLEAN, target_field=8, convolution=True, **WITHOUT),
    "static, 16 to 16, convolution": _run(STILL, CLEAN, convolution=True, **WITHOUT),
    "20 px, clean, without the middle": _run(TWENTY, CLEAN, convolution=True, **WITHOUT),
    "20 px, noise, without the middle": _run(TWENTY, NOISY, convolution=True, **WITHOUT),
    "20 px, noise, with the middle": _run(TWENTY, NOISY, convolution=True),
    "static, palette": _run(STILL, CLEAN, palette=True, **WITHOUT),
    "5 px, d 512, clean, without the middle": _run(FIVE, CLEAN, batch=8, **WIDE, **WITHOUT),
    "5 px, d 512, noise, without the middle": _run(FIVE, NOISY, batch=8, **WIDE, **WITHOUT),
    "5 px, d 512, noise, with the middle": _run(FIVE, NOISY, batch=8, **WIDE),
}
OURS = {
    "16 to 16": _run(FIVE, NOISY),
    "16 to 8": _run(FIVE, NOISY, target_field=8),
    "24 to 16": _run(FIVE, NOISY, source_field=24),
    "16 to 16, convolution, loss over the patch": _run(FIVE, NOISY, convolution=True),
    "16 to 16, convolution, loss over the image": _run(
        FIVE, NOISY, convolution=True, patches=2, batch=6
    ),
    "16 to 16, overlap of 8": _run(FIVE, NOISY, stride=8),
    "16 to 8, overlap of 4": _run(FIVE, NOISY, target_field=8, stride=4),
    "16 to 8, static": _run(STILL, NOISY, target_field=8),
    "16 to 8, without the middle": _run(FIVE, NOISY, target_field=8, **WITHOUT),
    "16 to 8, clean, without the middle": _run(FIVE, CLEAN, target_field=8, **WITHOUT),
    "16 to 8, no positions": _run(FIVE, NOISY, target_field=8, position="none"),
    "16 to 8, learned positions": _run(FIVE, NOISY, target_field=8, position="learned"),
    "16 to 8, palette": _run(FIVE, NOISY, target_field=8, palette=True),
}
VARIANTS = NOTES | OURS


def measured_on(textures: torch.Tensor, config: BurstTraining) -> BurstBatch:
    """Bursts of the run's own kind from photos that it never saw; the same for each seed."""
    net = config.net
    return cut_bursts(
        textures,
        batch=NUM_MEASURED,
        size=net.covered(SIDE_MEASURED) + 2 * net.halo,
        num_frames=net.num_frames,
        motion=config.motion,
        noise=config.noise,
        generator=torch.Generator().manual_seed(7),
    )


@torch.inference_mode()
def figures_of(trainer: BurstTrainer, textures: torch.Tensor) -> dict[str, float]:
    """PSNR in dB (mean of the bursts'), edge error over inner error, and of the palette alone."""
    config, net = trainer.config, trainer.net.eval()
    frames, clean = measured_on(textures, config)
    halo = config.net.halo
    inner = clean[..., halo : clean.shape[-2] - halo, halo : clean.shape[-1] - halo]
    found = torch.cat([net.inside(burst[None]) for burst in frames]).clamp(0, 1)
    figures = {
        "psnr": mean_psnr(found, inner),
        "edge_ratio": block_edge_ratio(found, inner, block=config.net.step),
        "epochs": trainer.step * config.batch / len(trainer.textures),
        "seconds": trainer.seconds,
    }
    if config.net.palette:
        figures["palette_psnr"] = mean_psnr(net.quantize(inner[:, None])[:, 0], inner)
    return figures


def mean_psnr(found: torch.Tensor, clean: torch.Tensor) -> float:
    errors = (found - clean).square().mean((1, 2, 3)).clamp(min=1e-10)
    return (-10 * errors.log10()).mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("validation")
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--only", nargs="+", default=[], help="words of the variants' names")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=Path, help="JSON file that keeps finished runs")
    options = parser.parse_args()
    runs = json.loads(options.runs.read_text()) if options.runs and options.runs.is_file() else {}
    validation = load_textures([options.validation]).textures
    for seed in range(options.seeds):
        for name, config in VARIANTS.items():
            key = f"{name}#{seed}"
            if key in runs or (options.only and not any(word in name for word in options.only)):
                continue
            config = BurstTraining(**vars(config) | {"seed": seed, "photos": tuple(options.photos)})
            with tempfile.TemporaryDirectory() as folder:
                trainer = train_burst(config, Path(folder))
            runs[key] = figures_of(trainer, validation)
            print(key, runs[key], file=sys.stderr, flush=True)
            if options.runs:
                options.runs.write_text(json.dumps(runs, indent=1))
    for name in VARIANTS:
        mine = [figures for key, figures in runs.items() if key.rpartition("#")[0] == name]
        if mine:
            print(f"| {name} | {' | '.join(_cells(mine))} |")


def _cells(runs: list[dict[str, float]]) -> list[str]:
    """PSNR and edge ratio over the seeds: the mean, and half of what lies between them."""

    def cell(key: str, digits: int) -> str:
        values = [run[key] for run in runs if key in run]
        if not values:
            return ""
        text = f"{statistics.mean(values):.{digits}f}"
        spread = (max(values) - min(values)) / 2
        return f"{text} ± {spread:.{digits}f}" if len(values) > 1 else text

    return [
        cell("psnr", 2),
        cell("edge_ratio", 3),
        cell("palette_psnr", 2),
        f"{runs[0]['epochs']:.1f}",
        str(len(runs)),
    ]


if __name__ == "__main__":
    main()
