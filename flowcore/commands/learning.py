"""Training, of flow nets and of burst nets."""

import argparse
import dataclasses
import shlex
import sys
from pathlib import Path

from flowcore.commands.output import Commands, add_json_option, print_json
from flowcore.commands.stopping import stop_asked_for
from flowcore.errors import ConfigError

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """The commands and their options."""
    train = commands.add_parser("train", help="train a net on scenes made on the fly")
    train.add_argument("config", type=Path, metavar="CONFIG", help="a TOML file")
    train.add_argument(
        "--out", type=Path, metavar="FOLDER", help="log and checkpoint (out/MODEL.TAG)"
    )
    train.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    train.add_argument("--init", metavar="WEIGHTS", help="begin with the weights in this file")
    train.add_argument(
        "--photos", nargs="+", action="extend", metavar="FOLDER", help="cut the scenes from these"
    )
    train.add_argument("--seed", type=int, metavar="N")
    train.add_argument("--threads", type=int, metavar="N", help="processor threads")
    train.add_argument(
        "--loaders", type=int, default=0, metavar="N", help="processes that make scenes ahead"
    )
    train.add_argument("--device", metavar="NAME", help="such as cpu or cuda")
    train.add_argument("--stop-after", type=int, metavar="N", help="stop after N steps in all")
    train.set_defaults(command=_train)
    add_json_option(train)


def _train(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from flowcore import models
    from flowcore.hardware import chosen_device, use_threads
    from flowcore.training.burst_config import is_burst_config
    from flowcore.training.config_file import load_config
    from flowcore.training.loop import Progress, train
    from flowcore.training.ship import ship

    if is_burst_config(options.config):
        return _train_burst(options)
    changes = {
        key: value
        for key in ("init", "photos", "seed")
        if (value := getattr(options, key)) is not None
    }
    config = load_config(options.config, **changes)
    name = f"{config.model}.{config.tag}"
    folder = options.out or Path("out") / name
    with (
        use_threads(options.threads),
        stop_asked_for() as should_stop,
        tqdm(total=config.steps, unit="step", file=sys.stderr) as bar,
    ):

        def show(step: Progress) -> None:
            if bar.n == 0:  # a resumed run: what was done before says nothing about its speed
                bar.initial = bar.n = bar.last_print_n = step.step - 1
            bar.set_description(step.stage, refresh=False)
            bar.set_postfix(loss=f"{step.loss:.3f}", epe=f"{step.epe:.3f}", refresh=False)
            bar.update(step.step - bar.n)

        trainer = train(
            config,
            folder,
            resume=options.resume,
            device=chosen_device(options.device),
            num_loaders=options.loaders,
            stop_after=options.stop_after,
            should_stop=should_stop,
            progress=show,
        )
        if trainer.workers.is_first:
            ship(trainer, command=_train_command(options))
    if not trainer.workers.is_first:
        return 0
    if trainer.source.num_skipped:
        print(f"{trainer.source.num_skipped} photos could not be read.", file=sys.stderr)
    card = models.describe(name)
    if options.json:
        print_json(card.as_json() | {"steps": trainer.step, "folder": str(folder)})
    else:
        print(f"{name}: {trainer.step} steps, {card.num_bytes:,} bytes; log in {folder}")
    return _status(trainer.step, config.steps, options)


def _status(step: int, steps: int, options: argparse.Namespace) -> int:
    """0 of a run that came as far as it was to; else it is said how it goes on."""
    if step >= min(steps, options.stop_after or steps):
        return 0
    print(f"flowcore: stopped after step {step} of {steps}; --resume goes on.", file=sys.stderr)
    return 130


def _train_burst(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from flowcore.hardware import use_threads
    from flowcore.training.burst_config import load_burst_config
    from flowcore.training.bursts import BurstProgress, ship_burst, train_burst

    if options.device not in (None, "cpu"):
        raise ConfigError(
            f"Burst nets are trained on the processor, got --device {options.device}."
        )
    changes = {
        key: value
        for key in ("init", "photos", "seed")
        if (value := getattr(options, key)) is not None
    }
    config = load_burst_config(options.config, **changes)
    folder = options.out or Path("out") / config.name
    with (
        use_threads(options.threads),
        stop_asked_for() as should_stop,
        tqdm(total=config.steps, unit="step", file=sys.stderr) as bar,
    ):

        def show(step: BurstProgress) -> None:
            bar.set_postfix(psnr=f"{step.psnr:.2f}", refresh=False)
            bar.update(step.step - bar.n)

        trainer = train_burst(
            config,
            folder,
            resume=options.resume,
            stop_after=options.stop_after,
            should_stop=should_stop,
            progress=show,
        )
        weights = ship_burst(trainer, command=_train_command(options))
    if options.json:
        print_json(dataclasses.asdict(weights) | {"folder": str(folder)})
    else:
        print(f"{config.name}: {trainer.step} steps, {weights.num_bytes:,} bytes; log in {folder}")
    return _status(trainer.step, config.steps, options)


def _train_command(options: argparse.Namespace) -> str:
    """What repeats a run, for its card; of a path on this machine the last two parts."""

    def shown(path: str | Path) -> str:
        parts = Path(path).parts
        return str(Path(*parts[-2:])) if Path(path).is_absolute() or ".." in parts else str(path)

    words = ["python", "-m", "flowcore", "train", shown(options.config)]
    if options.init:
        words += ["--init", shown(options.init)]
    if options.photos:
        words += ["--photos", *map(shown, options.photos)]
    if options.seed is not None:
        words += ["--seed", str(options.seed)]
    return shlex.join(words)
