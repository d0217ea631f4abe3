"""How lanes bear corruptions."""

import argparse
import sys

from flowcore.commands.lane_options import config_of, lane_options, where
from flowcore.commands.output import Commands, add_json_option, print_json
from flowcore.commands.pair_options import add_pair_options, asked_pair
from flowcore.commands.stress_options import add_stress_options, asked_lanes, write_pair

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """The command and its options."""
    corrupt = commands.add_parser(
        "corrupt", parents=[lane_options()], help="how a lane bears noise, blur, weather ..."
    )
    add_pair_options(corrupt)
    add_stress_options(corrupt)
    corrupt.add_argument(
        "--kind", nargs="+", action="extend", metavar="NAME", help="corruptions (all)"
    )
    corrupt.add_argument(
        "--severity", nargs="+", action="extend", type=int, metavar="N", help="1..5 (all)"
    )
    corrupt.add_argument(
        "--mode", default="same", metavar="NAME", help="same in both frames, independent, moving"
    )
    corrupt.set_defaults(command=_corrupt)
    add_json_option(corrupt)


def _corrupt(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from flowcore.robustness.corruptions.kinds import CORRUPTIONS, SEVERITIES, corrupt, mode_of
    from flowcore.robustness.corruptions.sweep import corruption_sweep, rank_lanes

    lanes, pair = asked_lanes(options, config_of(options)), asked_pair(options)
    kinds, severities = options.kind or list(CORRUPTIONS), options.severity or list(SEVERITIES)
    found = {}
    with tqdm(total=len(lanes), unit="lane", file=sys.stderr) as bar:
        for lane in lanes:
            bar.set_description(lane.model)
            found[lane.model] = corruption_sweep(
                pair,
                lane,
                kinds=kinds,
                severities=severities,
                mode=options.mode,
                seed=options.seed,
                progress=lambda share, what: bar.set_postfix_str(what),
                **where(options),
            )
            bar.update()
    if options.out:
        for kind in kinds:
            for severity in severities:
                mode = mode_of(kind, options.mode)
                made = corrupt(pair, kind, severity, mode=mode, seed=options.seed)
                write_pair(options.out, f"{kind}-{severity}-", made)
    ranking = rank_lanes(found)
    if options.json:
        print_json(
            {
                "height": pair.size[0],
                "width": pair.size[1],
                "mode": options.mode,
                "seed": options.seed,
                "lanes": [
                    {"model": model, "points": [point._asdict() for point in points]}
                    for model, points in found.items()
                ],
                "ranking": [rank._asdict() for rank in ranking],
            }
        )
        return
    for model, points in found.items():
        print(model)
        for point in points:
            name = f"{point.kind} {point.severity}" if point.kind else "as it is"
            print(f"  {name:20} {_error(point.epe)} shift {point.shift:8.3f} px")
    for rank in ranking if len(ranking) > 1 else ():
        accuracy = "" if rank.accuracy_rank is None else f", accurate {rank.accuracy_rank}"
        print(f"{rank.lane:24} robust {rank.robustness_rank}{accuracy}")


def _error(epe: float | None) -> str:
    return "" if epe is None else f"EPE {epe:8.3f} px  "
