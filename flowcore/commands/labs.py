"""The labs: bursts and digits."""

import argparse
import dataclasses
import sys
from pathlib import Path

from flowcore.bursts.options import add_burst_options
from flowcore.commands.output import Commands, add_json_option, print_json, say

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """The commands and their options."""
    burst = commands.add_parser("burst", help="the middle frame of a burst")
    add_burst_options(burst)
    burst.set_defaults(command=_burst)

    digits = commands.add_parser("digits", help="train a small net to find a point of a digit")
    digits.add_argument("network", nargs="?", metavar="NET", help="without it, all are listed")
    digits.add_argument("--task", default="top_left", metavar="TASK")
    digits.add_argument("--steps", type=int, metavar="N", help="training steps (300)")
    digits.add_argument("--batch", type=int, metavar="N", help="canvases in a step (32)")
    digits.add_argument("--rate", dest="learning_rate", type=float, metavar="R", help="(0.003)")
    digits.add_argument("--seed", type=int, metavar="N")
    digits.add_argument(
        "--mnist", type=Path, metavar="FOLDER", help="MNIST's idx files instead of the own digits"
    )
    digits.set_defaults(command=_digits)
    add_json_option(burst, digits)


def _burst(options: argparse.Namespace) -> None:
    from flowcore.bursts.command import restore_burst

    answer = restore_burst(options)
    say(answer.get("notes", ()))
    if options.json:
        print_json(answer)
        return
    for found in answer["methods"]:
        scores = [
            f"{label} {found[key]:.3f}"
            for key, label in (("psnr", "PSNR, dB"), ("ssim", "SSIM"), ("edge_ratio", "edges"))
            if key in found
        ]
        print(f"{found['method']:16} {found['seconds']:8.3f} s   {'   '.join(scores)}")
    if "epe" in answer.get("flow", {}):
        print(f"flow to frame {answer['flow']['to']}: mean EPE {answer['flow']['epe']:.3f} px")


def _digits(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from flowcore.digits.canvases import load_digits
    from flowcore.digits.networks import NETWORKS
    from flowcore.digits.tasks import TASKS
    from flowcore.digits.training import LabConfig, run_lab

    if options.network is None:
        known = {
            kind: {name: entry.description for name, entry in table.items()}
            for kind, table in (("tasks", TASKS), ("nets", NETWORKS))
        }
        if options.json:
            print_json(known)
            return
        for kind, entries in known.items():
            for name, description in entries.items():
                print(f"{kind[:-1]:5} {name:20} {description}")
        return
    names = ("steps", "batch", "learning_rate", "seed")
    given = {key: value for key in names if (value := getattr(options, key)) is not None}
    config = LabConfig(options.network, options.task, **given)
    digits = load_digits(mnist=options.mnist)
    with tqdm(total=config.steps, unit="step", file=sys.stderr) as bar:
        trained, score = run_lab(config, digits, progress=lambda _: bar.update())
    result = dataclasses.asdict(config) | {
        "num_params": trained.num_params,
        "seconds": trained.seconds,
        "threshold": trained.threshold,
    }
    if options.json:
        print_json(result | dataclasses.asdict(score))
        return
    print(f"{config.network} on {config.task}: {trained.num_params:,} parameters")
    print(f"distance      {score.distance:8.3f} px   (mean of {score.num_canvases} canvases)")
    print(f"within 1 px   {score.within_1px:8.1f} %")
    for label, share in (("wrong point", score.wrong_point), ("accuracy", score.accuracy)):
        if share is not None:
            print(f"{label:13} {share:8.1f} %")
