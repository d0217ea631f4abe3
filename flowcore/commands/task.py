"""The task lab: drive through a course, attack the drive, find failures, learn a surrogate."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowcore.commands.lane_options import lane_options, where
from flowcore.commands.output import Commands, add_json_option, print_json
from flowcore.commands.stopping import stop_asked_for
from flowcore.commands.stress_options import asked_lanes
from flowcore.commands.task_studies import failures, lane_of, surrogate
from flowcore.errors import ConfigError

if TYPE_CHECKING:
    from flowcore.tasks.drive import Drive, Perturb
    from flowcore.tasks.metrics import Score
    from flowcore.tasks.perturbation import Perturbation
    from flowcore.tasks.world_course import Course

__all__ = ["add_commands"]

_STOPPED = 130
_NUMBERS = ("texture", "speed", "turn", "obstacle_size")


def add_commands(commands: Commands) -> None:
    """The command, its actions and their options."""
    task = commands.add_parser("task", help="drive by flow: run, attack, failures, surrogate")
    actions = task.add_subparsers(required=True, metavar="ACTION")

    def action(name: str, command: Any, words: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, parents=[lane_options(with_frames=False)], help=words)
        parser.add_argument(
            "--algorithm", default="map", metavar="NAME", help="balance, contact, map (default)"
        )
        parser.add_argument(
            "--seed", type=int, default=0, metavar="N", help="of all that is random"
        )
        parser.set_defaults(command=command)
        add_json_option(parser)
        return parser

    run = action("run", _run, "drive through a course")
    attack = action("attack", _attack, "drive through a course with every frame perturbed")
    for parser in (run, attack):
        parser.add_argument("--layout", default="corridor", metavar="NAME")
        parser.add_argument("--texture", type=float, metavar="C", help="contrast of walls, 0..1")
        parser.add_argument("--speed", type=float, metavar="M", help="m a frame, 0.06..0.25")
        parser.add_argument("--turn", type=float, metavar="DEG", help="of the corridor, 0..90")
        parser.add_argument(
            "--obstacle-size", type=float, metavar="M", help="radius of pillars, 0.05..0.4 m"
        )
        parser.add_argument(
            "--video", type=Path, metavar="FILE", help="the drive as .webm, .mp4 or .gif"
        )
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="the frames seen, as PNG")
    attack.add_argument(
        "--attack", default="pgd", metavar="NAME", help="pgd, fgsm, ifgsm, square, pixels, noise"
    )
    attack.add_argument("--epsilon", type=float, metavar="E", help="the budget (0.02; 1 pixel)")
    attack.add_argument(
        "--steps", type=int, metavar="N", help="gradients, or calls, a frame (5, 50)"
    )
    attack.add_argument("--every", type=int, default=1, metavar="N", help="frames, one of N")
    attack.add_argument("--made-on", metavar="MODEL", help="attack this one, drive by the other")
    attack.add_argument("--surrogate", type=Path, metavar="FILE", help="attack through this one")

    searching = action("failures", failures, "search courses for where it fails by itself")
    searching.add_argument("--trials", type=int, default=64, metavar="N", help="courses (64)")
    searching.add_argument("--layouts", nargs="+", action="extend", metavar="NAME", help="(all)")

    teaching = action("surrogate", surrogate, "teach one network algorithm and metric together")
    teaching.add_argument(
        "--kinds", nargs="+", action="extend", metavar="NAME", help="together, metric, on_flow"
    )
    teaching.add_argument("--courses", type=int, default=48, metavar="N", help="to learn from (48)")
    teaching.add_argument("--unseen", type=int, default=12, metavar="N", help="to judge by (12)")
    teaching.add_argument("--epochs", type=int, default=12, metavar="N", help="(12)")
    teaching.add_argument("--epsilon", type=float, default=0.02, metavar="E", help="(0.02)")
    teaching.add_argument("--out", type=Path, metavar="FILE", help="the first kind's weights")


def _course(options: argparse.Namespace) -> "Course":
    from flowcore.tasks.world_course import Course

    given = {name: value for name in _NUMBERS if (value := getattr(options, name)) is not None}
    return Course(options.layout, options.seed, **given)


def _run(options: argparse.Namespace) -> int:
    _require_video(options.video)
    found = _driven(options)
    _write(options, found)
    answer = _summary(found)
    if options.json:
        print_json(answer)
    else:
        print(f"{answer['model']}, {answer['algorithm']}, {found.course.label}")
        _print_score("", found.score)
    return _STOPPED if found.is_stopped else 0


def _attack(options: argparse.Namespace) -> int:
    """The same drive twice, so that what the perturbation did is told from what would have been."""
    _require_video(options.video)
    perturb = _perturb(options)
    clean, attacked = _driven(options), _driven(options, perturb)
    _write(options, attacked)
    answer = _summary(attacked) | {"attack": options.attack, "clean": _summary(clean)}
    if options.json:
        print_json(answer)
    else:
        print(f"{answer['model']}, {answer['algorithm']}, {clean.course.label}")
        _print_score("clean", clean.score)
        _print_score(options.attack, attacked.score)
    return _STOPPED if clean.is_stopped or attacked.is_stopped else 0


def _perturbation(options: argparse.Namespace) -> "Perturbation":
    """What the options ask for."""
    from flowcore.tasks.perturbation import Perturbation

    lane, made_on = lane_of(options), None
    if options.made_on is not None and not isinstance(lane, str):
        _, made_on = asked_lanes(argparse.Namespace(on=[options.made_on]), lane)
    return Perturbation.of(
        options.attack,
        options.epsilon,
        steps=options.steps,
        every=options.every,
        seed=options.seed,
        made_on=made_on,
    )


def _perturb(options: argparse.Namespace) -> "Perturb":
    """The same, ready for a drive; a surrogate or another model takes the lane's place."""
    from flowcore.tasks.surrogate import load_surrogate

    if options.surrogate is not None and options.made_on is not None:
        raise ConfigError("An attack goes through a surrogate or another model, not through both.")
    perturbation = _perturbation(options)
    surrogate = None if options.surrogate is None else load_surrogate(options.surrogate)
    return perturbation.perturb(lane_of(options), surrogate=surrogate, device=options.device)


def _driven(options: argparse.Namespace, perturb: "Perturb | None" = None) -> "Drive":
    from tqdm import tqdm

    from flowcore.tasks.drive import drive, most_frames

    course = _course(options)
    more: dict[str, Any] = {} if perturb is None else {"perturb": perturb}
    with (
        stop_asked_for() as should_stop,
        tqdm(total=most_frames(course), unit="frame", file=sys.stderr) as bar,
    ):

        def show(step: Any) -> None:
            bar.set_postfix_str(f"clearance {step.moment.clearance:.2f} m")
            bar.update()

        return drive(
            course,
            options.algorithm,
            lane_of(options),
            progress=show,
            should_stop=should_stop,
            **more,
            **where(options),
        )


def _require_video(path: Path | None) -> None:
    """Before the work: the name says how it is written."""
    from flowcore.tasks.film import FILMS

    if path is not None and path.suffix.lower()[1:] not in FILMS:
        raise ConfigError(f"A video is .webm, .mp4 or .gif, got {path.name}.")


def _write(options: argparse.Namespace, found: "Drive") -> None:
    from flowcore.io.atomic import write_bytes
    from flowcore.io.frames import write_frame
    from flowcore.tasks.film import FILMS

    if options.video is not None:
        write_bytes(options.video, FILMS[options.video.suffix.lower()[1:]](found))
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate([found.start, *(step.seen for step in found.steps)]):
            write_frame(options.out / f"frame{number:03}.png", frame)


def _summary(found: "Drive") -> dict[str, Any]:
    from flowcore.tasks.drive import lane_name

    return {
        "course": found.course.as_json(),
        "algorithm": found.algorithm,
        "model": lane_name(found.lane),
        "score": found.score.as_json(),
        "stopped": found.is_stopped,
        "seconds": found.seconds,
        "frames": [
            one._asdict() | {"pose": one.pose._asdict(), "steering_error": one.steering_error}
            for one in found.moments
        ],
    }


def _print_score(name: str, score: "Score") -> None:
    print(
        f"{name:8} {score.outcome:9} least clearance {score.least_clearance:6.3f} m"
        f"   ahead {score.mean_ahead:6.3f} m   steering error {score.steering_error:5.2f} deg"
        f"   progress {100 * score.progress:3.0f} %   {score.num_frames} frames"
    )
