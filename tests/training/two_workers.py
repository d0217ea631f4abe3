"""A run as ``torchrun`` starts it, twice: each process leaves the weights that it ended with."""

import sys
from pathlib import Path

import torch

from flowcore.training.config_file import load_config
from flowcore.training.loop import train


def main(config: str, folder: Path) -> None:
    trainer = train(load_config(config), folder / "run", device="cpu")
    state = {
        "weights": dict(trainer.net.named_parameters()),
        "averaged": dict(trainer.averaged.named_parameters()),
        "steps": trainer.step,
    }
    torch.save(state, folder / f"rank{trainer.workers.rank}.pt")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
