"""What attacks on flow do to whoever drives by it, what surrogates are worth, and where A fails.

``python -m tests.benchmarks.tasks RUNS.json [--only PART ...] [--algorithms NAME ...]
[--model NAME] [--iterations N] [--epsilon E] [--courses N] [--query-courses N] [--calls N]
[--teach N] [--trials N] [--hours H] [--threads N]``

Every drive is a line of RUNS.json as soon as it is done, and is not done again, so that the command
goes on where it was stopped; surrogates lie beside it. After H CPU hours, all calls together, it
stops. Courses are of layouts that no surrogate has seen. In brackets the 95 % interval of a
bootstrap over courses; differences are of the same courses. With one thread all of it takes about
two hours.

Parts, in this order: surrogate, drives, queries, failures, transfer.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from flowcore.robustness.attacks.threat import Threat
from flowcore.tasks.drive import Lane, Perturb, drive
from flowcore.tasks.examples import examples_of
from flowcore.tasks.failures import Trial, failure_rates, group_failures, search_failures
from flowcore.tasks.metrics import Score
from flowcore.tasks.perturb import by_lane, every, noise, task_threat
from flowcore.tasks.steering import ALGORITHMS
from flowcore.tasks.surrogate import SURROGATES, Surrogate, load_surrogate, save_surrogate
from flowcore.tasks.surrogate_scores import guesses_of
from flowcore.tasks.surrogate_study import study_surrogates
from flowcore.tasks.surrogate_training import Lesson, by_surrogate
from flowcore.tasks.world_course import RANGES, UNSEEN_LAYOUTS, Course, draw_courses
from flowcore.types import PipelineConfig
from tests.benchmarks.kept_runs import Row, Runs, print_table
from tests.benchmarks.tasks_tables import metric_tables

COURSE_SEED = 2024
HARDNESS = 0.5
EVERY = 5  # frames, of attacks by queries
SURROGATE_STEPS, WHITE_STEPS = 5, 3
KIND = "together"
KEPT = (KIND, "on_flow")
COLUMNS = ("r2", "turn r2", "error", "slope", "bias", "within 50", "within 80", "within 95")

Ways: TypeAlias = dict[str, tuple[Lane, Callable[[], Perturb]]]


def clean(sight):
    return sight.second


def row_of(score: Score) -> Row:
    return {
        "least": score.least_clearance,
        "ahead": score.mean_ahead,
        "error": score.steering_error,
        "progress": score.progress,
        "failed": float(score.has_failed),
    }


def surrogate_file(options: argparse.Namespace, algorithm: str, kind: str = KIND) -> Path:
    name = algorithm if kind == KIND else f"{algorithm}.{kind}"
    return options.runs.with_suffix(f".{name}.safetensors")


def surrogate(runs: Runs, lane: PipelineConfig, options: argparse.Namespace) -> None:
    """Taught on seen layouts, judged on others; two are kept to attack through."""
    for algorithm in options.algorithms:
        runs.get(
            lambda algorithm=algorithm: study(algorithm, lane, options), "surrogate", algorithm
        )
    rows = []
    for algorithm in options.algorithms:
        row = runs.found.get(f"surrogate/{algorithm}", {})
        for name in (*SURROGATES, "constant", "mean_flow"):
            values = [row.get(f"{name} {column}") for column in COLUMNS]
            cells = ("" if value is None else f"{value:.3f}" for value in values)
            rows.append([algorithm, name, *cells] if row else [algorithm, name, "undecided"])
    print_table(
        "Surrogates on layouts not seen: R2 of the clearance ahead, of the command; error, m; the "
        "line of the truth over the guess; truths within claimed intervals, %",
        ["A", "surrogate", *COLUMNS],
        rows,
    )
    for algorithm in options.algorithms:
        for key, value in runs.found.get(f"surrogate/{algorithm}", {}).items():
            if "doubt" in key:
                print(f"{algorithm}: sure and wrong by {value:+.3f} m: {key}")


def study(algorithm: str, lane: PipelineConfig, options: argparse.Namespace) -> Row:
    """The scores of all kinds and rivals; the frames on which each is sure and most wrong."""
    lesson = Lesson(options.epsilon, num_courses=options.teach)
    num_unseen = max(3, options.teach // 4)
    found = study_surrogates(
        algorithm, lane, lesson, num_unseen=num_unseen, threads=options.threads
    )
    for kind in KEPT:
        save_surrogate(surrogate_file(options, algorithm, kind), found.surrogates[kind])
    row: dict[str, float | None] = {"num_seen": found.num_seen}
    for score in found.scores:
        values = [score.r2, score.turn_r2, score.mean_error]
        if score.calibration is not None:
            slope, intercept, coverage = score.calibration
            values += [slope, intercept, *coverage.values()]
        named = zip(COLUMNS, values, strict=False)
        row |= {f"{score.name} {column}": value for column, value in named}
        for number, doubt in enumerate(score.doubts[:3]):
            place = f"frame {doubt.number} of {doubt.course}"
            row[f"{score.name} doubt {number}: {place}"] = doubt.guess - doubt.truth
    return row


def drives(runs: Runs, lane: PipelineConfig, options: argparse.Namespace) -> None:
    """Every perturbation at one epsilon."""

    def ways(algorithm: str) -> Ways:
        return {
            "true flow": ("truth", lambda: clean),
            "clean": (lane, lambda: clean),
            "noise": (lane, lambda: noise(options.epsilon)),
            "surrogate": (
                lane,
                lambda: by_surrogate(
                    taught(options, algorithm, lane),
                    task_threat("pgd", options.epsilon, steps=SURROGATE_STEPS),
                ),
            ),
            "net and surrogate": (
                lane,
                lambda: by_surrogate(
                    taught(options, algorithm, lane, "on_flow"), white_box(options), config=lane
                ),
            ),
            "white box": (lane, lambda: by_lane(lane, white_box(options))),
        }

    compare(runs, "drives", ways, options.courses, lane, options)


def queries(runs: Runs, lane: PipelineConfig, options: argparse.Namespace) -> None:
    """By calls alone, on a part of the frames of a part of the courses."""
    calls = task_threat("square", options.epsilon, steps=options.calls)
    ways: Ways = {
        "clean": (lane, lambda: clean),
        f"queries, every {EVERY}th": (lane, lambda: every(EVERY, by_lane(lane, calls))),
        f"white box, every {EVERY}th": (
            lane, lambda: every(EVERY, by_lane(lane, white_box(options)))
        ),
    }  # fmt: skip
    compare(runs, "queries", lambda algorithm: ways, options.query_courses, lane, options)


def transfer(runs: Runs, lane: PipelineConfig, options: argparse.Namespace) -> None:
    """Made on another net."""
    other = PipelineConfig(options.other, iterations=lane.iterations)
    ways: Ways = {
        "clean": (lane, lambda: clean),
        f"made on {options.other}": (lane, lambda: by_lane(other, white_box(options))),
    }
    compare(runs, "transfer", lambda algorithm: ways, options.query_courses, lane, options)


def compare(
    runs: Runs,
    part: str,
    ways_of: Callable[[str], Ways],
    count: int,
    lane: PipelineConfig,
    options: argparse.Namespace,
) -> None:
    """Every algorithm through the same courses, perturbed in every way."""
    courses = draw_courses(count, UNSEEN_LAYOUTS, seed=COURSE_SEED, hardness=HARDNESS)
    ways: Ways = {}
    for algorithm in options.algorithms:
        ways = ways_of(algorithm)
        for number, course in enumerate(courses):
            for name, (way, perturb) in ways.items():

                def run_one(course=course, algorithm=algorithm, way=way, perturb=perturb) -> Row:
                    found = drive(
                        course, algorithm, way, perturb=perturb(), threads=options.threads
                    )
                    guess = guesses_of(taught(options, algorithm, lane), examples_of([found]))
                    return row_of(found.score) | {"believed": guess.ahead.mean().item()}

                runs.get(run_one, part, algorithm, name, number)
    metric_tables(runs, part, list(ways), options.algorithms, options.epsilon)


def white_box(options: argparse.Namespace) -> Threat:
    return task_threat("pgd", options.epsilon, steps=WHITE_STEPS)


def taught(
    options: argparse.Namespace, algorithm: str, lane: PipelineConfig, kind: str = KIND
) -> Surrogate:
    """A surrogate that is kept; taught once more where its file is gone, which gives the same."""
    file = surrogate_file(options, algorithm, kind)
    if not file.exists():
        study(algorithm, lane, options)
    return load_surrogate(file)


def failures(runs: Runs, lane: PipelineConfig, options: argparse.Namespace) -> None:
    """Where an algorithm fails without attack, and whether the flow is to blame."""
    for algorithm in options.algorithms:

        def search(algorithm=algorithm) -> Row:
            trials = search_failures(
                algorithm, lane, num_trials=options.trials, threads=options.threads
            )
            return {"trials": [trial.as_json() for trial in trials]}

        runs.get(search, "failures", algorithm, options.trials)
        row = runs.found.get(f"failures/{algorithm}/{options.trials}")
        if row is None:
            print(f"\nFailures of {algorithm}: undecided")
            continue
        trials = [trial_from(document) for document in row["trials"]]
        print(f"\nFailures of {algorithm}, failed / tried of the even half")
        for name, parts in failure_rates(trials[: (len(trials) + 1) // 2]).items():
            shares = (f"{part} {failed}/{tried}" for part, (failed, tried) in sorted(parts.items()))
            print(f"  {name:14} {'   '.join(shares)}")
        print_table(
            f"Groups of failures of {algorithm}",
            ["courses", "what they share", "the flow's fault", *RANGES, "the typical one"],
            [
                [
                    str(len(group.trials)),
                    group.label,
                    str(sum(trial.blame == "flow" for trial in group.trials)),
                    *(f"{mean:.2f}" for mean in group.means.values()),
                    str(group.trials[0].course),
                ]
                for group in group_failures(trials)
            ],
        )


def trial_from(document: dict) -> Trial:
    true = document["true_score"]
    score = Score(**document["score"])
    return Trial(Course(**document["course"]), score, None if true is None else Score(**true))


PARTS = {part.__name__: part for part in (surrogate, drives, queries, failures, transfer)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=list(ALGORITHMS))
    parser.add_argument("--model", default="scope_035.scenes")
    parser.add_argument("--other", default="scope_070.scenes", help="that transfer is made on")
    parser.add_argument("--iterations", type=int, default=3)
    parser.add_argument("--epsilon", type=float, default=0.02)
    parser.add_argument("--courses", type=int, default=51)
    parser.add_argument("--query-courses", type=int, default=10)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--teach", type=int, default=48, help="courses that surrogates learn from")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--hours", type=float, default=2.5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    runs = Runs(options.runs, 3600 * options.hours)
    lane = PipelineConfig(options.model, iterations=options.iterations)
    for part in options.only:
        PARTS[part](runs, lane, options)


if __name__ == "__main__":
    main()
