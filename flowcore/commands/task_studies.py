"""Many drives at once: the search for failures, and what surrogates learn."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from flowcore.commands.lane_options import config_of, where
from flowcore.commands.output import print_json
from flowcore.commands.stopping import stop_asked_for

if TYPE_CHECKING:
    from flowcore.tasks.drive import Lane

__all__ = ["failures", "lane_of", "surrogate"]

_STOPPED = 130


def lane_of(options: argparse.Namespace) -> "Lane":
    """The lane that is asked for; ``--model truth`` is the true flow."""
    return "truth" if options.model == "truth" else config_of(options)


def failures(options: argparse.Namespace) -> int:
    """Courses on which an algorithm fails, in groups."""
    from tqdm import tqdm

    from flowcore.tasks.drive import lane_name
    from flowcore.tasks.failures import failure_rates, group_failures, search_failures
    from flowcore.tasks.world_course import LAYOUTS

    lane = lane_of(options)
    with (
        stop_asked_for() as should_stop,
        tqdm(total=options.trials, unit="course", file=sys.stderr) as bar,
    ):
        trials = search_failures(
            options.algorithm,
            lane,
            num_trials=options.trials,
            layouts=options.layouts or tuple(LAYOUTS),
            seed=options.seed,
            progress=lambda trial: bar.update(),
            should_stop=should_stop,
            **where(options),
        )
    answer = {
        "algorithm": options.algorithm,
        "model": lane_name(lane),
        "stopped": len(trials) < options.trials,
        "rates": failure_rates(trials[: (options.trials + 1) // 2]),
        "groups": [group.as_json() for group in group_failures(trials)],
        "trials": [trial.as_json() for trial in trials],
    }
    if options.json:
        print_json(answer)
    else:
        _print_failures(answer)
    return _STOPPED if answer["stopped"] else 0


def _print_failures(answer: dict[str, Any]) -> None:
    print(f"{answer['model']}, {answer['algorithm']}: failed of tried, the even half")
    for name, parts in answer["rates"].items():
        shares = (f"{part} {failed}/{tried}" for part, (failed, tried) in sorted(parts.items()))
        print(f"  {name:14} {'   '.join(shares)}")
    for group in answer["groups"]:
        trials = group["trials"]
        flows = sum(trial["blame"] == "flow" for trial in trials)
        print(f"{len(trials):3} x {group['label']}; with the true flow {flows} of them arrive")
        typical = trials[0]["course"]
        words = (f"--{name.replace('_', '-')} {value}" for name, value in typical.items())
        print(f"      {' '.join(words)}")


def surrogate(options: argparse.Namespace) -> None:
    """Surrogates taught on seen layouts and judged on others."""
    from tqdm import tqdm

    from flowcore.tasks.drive import lane_name
    from flowcore.tasks.surrogate import SURROGATES, save_surrogate
    from flowcore.tasks.surrogate_study import study_surrogates
    from flowcore.tasks.surrogate_training import Lesson

    lane = lane_of(options)
    lesson = Lesson(options.epsilon, options.courses, options.epochs, seed=options.seed)
    kinds = options.kinds or tuple(SURROGATES)
    with tqdm(total=100, unit="%", file=sys.stderr) as bar:

        def show(share: float, message: str) -> None:
            bar.set_postfix_str(message)
            bar.update(int(100 * share) - bar.n)

        found = study_surrogates(
            options.algorithm,
            lane,
            lesson,
            kinds=kinds,
            num_unseen=options.unseen,
            progress=show,
            **where(options),
        )
    if options.out is not None:
        save_surrogate(options.out, found.surrogates[kinds[0]])
    if options.json:
        print_json(
            {
                "algorithm": options.algorithm,
                "model": lane_name(lane),
                "num_seen": found.num_seen,
                "scores": [score.as_json() for score in found.scores],
            }
        )
        return
    print(f"{lane_name(lane)}, {options.algorithm}: on layouts not seen")
    for score in found.scores:
        turn = "" if score.turn_r2 is None else f"   of the command {score.turn_r2:6.3f}"
        print(f"{score.name:10} R2 {score.r2:6.3f}   error {score.mean_error:.3f} m{turn}")
