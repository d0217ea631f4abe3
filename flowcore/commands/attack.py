"""The worst small change of two frames."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowcore.commands.attack_text import print_attack
from flowcore.commands.lane_options import config_of, lane_options, where
from flowcore.commands.output import Commands, add_json_option, print_json
from flowcore.commands.pair_options import add_pair_options, asked_pair
from flowcore.commands.stopping import stop_asked_for
from flowcore.commands.stress_options import add_stress_options, asked_lanes, write_pair
from flowcore.errors import ConfigError
from flowcore.types import FlowField, FramePair, PipelineConfig

if TYPE_CHECKING:
    from flowcore.robustness.attacks.attack import Attacked
    from flowcore.robustness.attacks.spread import Spread
    from flowcore.robustness.attacks.threat import Threat

__all__ = ["add_commands"]

_STOPPED = 130


def add_commands(commands: Commands) -> None:
    """The command and its options."""
    attack = commands.add_parser(
        "attack", parents=[lane_options()], help="the worst small change of two frames"
    )
    add_pair_options(attack)
    add_stress_options(attack)
    attack.add_argument(
        "--attack",
        default="pgd",
        metavar="NAME",
        help="fgsm, ifgsm, pgd (default), pcfa, patch; by queries alone: pixels, square",
    )
    attack.add_argument("--epsilon", type=float, metavar="E", help="the budget (0.005; 1 pixel)")
    attack.add_argument("--norm", metavar="NAME", help="linf, l2, l0 (pixels), patch (px across)")
    attack.add_argument("--frames", metavar="NAME", help="first, second, both, joint")
    attack.add_argument(
        "--target", default="away", metavar="NAME", help="away, zero, negative, or a flow file"
    )
    attack.add_argument("--loss", metavar="NAME", help="epe, mse, cosine")
    attack.add_argument("--steps", type=int, metavar="N", help="gradients, or calls of the model")
    attack.add_argument("--box", metavar="NAME", help="of pcfa: tanh, clip")
    attack.add_argument(
        "--defences", nargs="+", action="extend", metavar="NAME", help="try these: blur, jpeg ..."
    )
    attack.add_argument(
        "--matrix", action="store_true", help="attack every model of --on too, measure each on all"
    )
    attack.add_argument(
        "--vulnerability", type=int, metavar="CELL", help="damage of a spot in each cell, px wide"
    )
    attack.add_argument(
        "--also",
        nargs=2,
        action="append",
        default=[],
        type=Path,
        metavar=("FIRST", "SECOND"),
        help="one change for this pair too; repeat for more",
    )
    attack.add_argument("--patch", type=Path, metavar="FILE", help="place this one, train none")
    attack.add_argument("--at", metavar="X,Y", help="the patch's middle, px (that of the frame)")
    attack.add_argument("--patch-angle", type=float, default=0.0, metavar="DEG", help="clockwise")
    attack.add_argument("--patch-scale", type=float, default=1.0, metavar="S", help="of its size")
    attack.set_defaults(command=_attack)
    add_json_option(attack)


def _attack(options: argparse.Namespace) -> int:
    config = config_of(options)
    lanes, pair = asked_lanes(options, config), asked_pair(options)
    if options.patch is not None:
        answer = _place_patch(options, pair, lanes)
        status = 0
    else:
        if options.at is not None:
            raise ConfigError("--at says where a patch lies, so --patch FILE is needed.")
        answer, status = _search(options, pair, lanes)
    if options.json:
        print_json(answer)
    else:
        print_attack(answer)
    return status


def _search(
    options: argparse.Namespace, pair: FramePair, lanes: list[PipelineConfig]
) -> tuple[dict[str, Any], int]:
    """The attack that is asked for, and what other lanes and defences make of it."""
    from tqdm import tqdm

    from flowcore.data.files import read_pair
    from flowcore.io.frames import write_frame
    from flowcore.robustness.attacks.attack import universal_attack
    from flowcore.robustness.attacks.defences import defended

    threat, config = _threat(options), lanes[0]
    pairs = [pair, *(read_pair(*paths) for paths in options.also)]
    for name in options.defences or ():
        defended(config, name)  # refused before the work, if it must be
    with (
        stop_asked_for() as should_stop,
        tqdm(total=threat.steps, unit="step", file=sys.stderr) as bar,
    ):

        def show(step: Any) -> None:
            bar.set_postfix_str(f"{step.damage:.2f} px, best {step.best_damage:.2f} px")
            bar.update(step.number - bar.n)

        found, *others = universal_attack(
            pairs, config, threat, progress=show, should_stop=should_stop, **where(options)
        )
    if options.out:
        for number, one in enumerate([found, *others]):
            write_pair(options.out, f"{number}-" if number else "", one.pair)
        if found.patch is not None:
            write_frame(options.out / "patch.png", found.patch)
    answer = _summary(pair, found)
    if others:
        answer["also"] = [
            {"saved_damage": one.saved_damage, "saved_gain": one.saved_gain} for one in others
        ]
    if not found.is_stopped:
        answer["transfer"] = _damages(pair, found.pair, lanes[1:], options)
        answer |= _on_request(options, pair, lanes, threat)
    return answer, _STOPPED if found.is_stopped else 0


def _on_request(
    options: argparse.Namespace, pair: FramePair, lanes: list[PipelineConfig], threat: "Threat"
) -> dict[str, Any]:
    """What takes further attacks, or many calls: defences, the matrix, where a spot hurts."""
    from flowcore.robustness.attacks.defences import compare_defences
    from flowcore.robustness.attacks.transfer import can_attack, transfer_matrix
    from flowcore.robustness.attacks.vulnerability import vulnerability_map

    answer: dict[str, Any] = {}
    if options.defences:
        rows = compare_defences(pair, lanes[0], threat, names=options.defences, **where(options))
        answer["defences"] = [
            {
                "name": row.name,
                "cost": row.cost,
                "epe": row.epe,
                "unknowing": row.unknowing._asdict(),
                "knowing": row.knowing._asdict(),
            }
            for row in rows
        ]
    if options.matrix:
        made_on = [lane for lane in lanes if can_attack(lane, threat)]
        also_on = [lane for lane in lanes if lane not in made_on]
        matrix = transfer_matrix(pair, made_on, threat, also_on=also_on, **where(options))
        answer["matrix"] = {
            "models": [lane.model for lane in made_on],
            "measured": [lane.model for lane in [*made_on, *also_on]],
            "damage": matrix.damage.tolist(),
        }
    if options.vulnerability:
        cell, frames = options.vulnerability, threat.frames
        found = vulnerability_map(pair, lanes[0], cell=cell, frames=frames, **where(options))
        answer["vulnerability"] = {"cell": cell, "damage": found.tolist()}
    return answer


def _threat(options: argparse.Namespace) -> "Threat":
    """What the options ask for; a target that is no word is the name of a flow file."""
    from flowcore.io.flow_files import read_flow
    from flowcore.robustness.attacks.threat import Threat

    target: Any = options.target
    if target not in ("away", "zero", "negative"):
        target = read_flow(Path(target))
    return Threat.of(
        options.attack,
        options.epsilon,
        options.norm,
        options.frames,
        target,
        options.loss,
        options.steps,
        options.seed,
        options.box,
    )


def _summary(pair: FramePair, found: "Attacked") -> dict[str, Any]:
    from flowcore.metrics.flow import mean_epe

    height, width = pair.size
    answer: dict[str, Any] = {
        "model": found.config.model,
        "height": height,
        "width": width,
        "threat": found.threat.as_json(),
        "damage": found.damage,
        "saved_damage": found.saved_damage,
        "gain": found.gain,
        "saved_gain": found.saved_gain,
        "stopped": found.is_stopped,
        "seconds": found.seconds,
        "curve": [step._asdict() for step in found.curve],
    }
    if pair.truth is not None:
        for name, flow in (("epe", found.clean), ("attacked_epe", found.saved_flow)):
            answer[name] = mean_epe(flow.uv, pair.truth.uv, pair.truth.valid)
    if found.threat.norm in ("l0", "patch"):
        answer["spread"] = _spread(pair, found.pair, found.clean, found.saved_flow)
    return answer


def _place_patch(
    options: argparse.Namespace, pair: FramePair, lanes: list[PipelineConfig]
) -> dict[str, Any]:
    """A patch that was made elsewhere, on the pair."""
    from flowcore.io.frames import read_frame
    from flowcore.pipeline import run
    from flowcore.robustness.attacks.patch import place_patch

    height, width = pair.size
    x, y = (width - 1) / 2, (height - 1) / 2
    if options.at is not None:
        try:
            x, y = map(float, options.at.split(","))
        except ValueError as error:
            message = f"A place is two numbers such as 120,80, got {options.at[:40]!r}."
            raise ConfigError(message) from error
    placed = place_patch(
        pair,
        read_frame(options.patch),
        x,
        y,
        angle=options.patch_angle,
        scale=options.patch_scale,
        frames=options.frames or "joint",
    )
    if options.out:
        write_pair(options.out, "", placed)
    clean, attacked = (run(one, lanes[0], **where(options)).flow for one in (pair, placed))
    (own,) = _damages(pair, placed, lanes[:1], options)
    return {
        "model": lanes[0].model,
        "height": height,
        "width": width,
        "saved_damage": own["damage"],
        "spread": _spread(pair, placed, clean, attacked),
        "transfer": _damages(pair, placed, lanes[1:], options),
    }


def _spread(
    pair: FramePair, attacked: FramePair, clean: FlowField, flow: FlowField
) -> dict[str, Any]:
    from flowcore.robustness.attacks.spread import changed_pixels, spread_of

    found: Spread = spread_of(clean, flow, changed_pixels(pair, attacked))
    return found._asdict() | {"rings": [ring._asdict() for ring in found.rings]}


def _damages(
    pair: FramePair, attacked: FramePair, lanes: list[PipelineConfig], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """How far each lane's flow moves, px."""
    from flowcore.pipeline import run
    from flowcore.robustness.attacks.transfer import flow_shift

    return [
        {
            "model": lane.model,
            "damage": flow_shift(
                attacked, lane, run(pair, lane, **where(options)).flow, **where(options)
            ),
        }
        for lane in lanes
    ]
