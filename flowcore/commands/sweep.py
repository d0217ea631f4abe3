"""Grids of settings over data sets."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flowcore.commands.lane_options import parsed
from flowcore.commands.output import Commands, add_json_option, print_json
from flowcore.errors import ConfigError, FlowcoreError

if TYPE_CHECKING:
    from flowcore.commands.sweep_text import Row
    from flowcore.data.datasets import Dataset
    from flowcore.store import RunStore
    from flowcore.sweeps.config import SweepConfig, SweepLane
    from flowcore.sweeps.plan import Plan, PlannedRun

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """The command and its options."""
    sweep = commands.add_parser("sweep", help="a grid of settings over data sets")
    sweep.add_argument("config", type=Path, metavar="CONFIG", help="a TOML file")
    sweep.add_argument(
        "--store", type=Path, metavar="FILE", help="where the runs are kept (the app's own)"
    )
    sweep.add_argument("--plan", action="store_true", help="say what it comes to, and run nothing")
    sweep.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        default=os.environ.get("FLOWSCOPE_SCHEDULER"),
        help="of dask, such as tls://host:8786; FLOWSCOPE_SCHEDULER; within this process if left "
        "out",
    )
    sweep.add_argument(
        "--plain-tcp", action="store_true", help="allow a scheduler elsewhere without TLS"
    )
    sweep.add_argument(
        "--workers",
        type=parsed(_count),
        default=1,
        metavar="N",
        help="estimates at once in this process (1)",
    )
    sweep.set_defaults(command=_sweep)
    add_json_option(sweep)


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 256):
        raise ConfigError(f"Expected a number from 1 to 256, got {text[:40]!r}.")
    return int(text)


def _sweep(options: argparse.Namespace) -> int:
    from flowcore.store import RunStore, default_path
    from flowcore.sweeps.config import lanes_of, load_sweep, open_datasets

    config = load_sweep(options.config)
    lanes, datasets = lanes_of(config.grid), open_datasets(config)
    path = options.store or default_path()
    if options.store is None:
        path.parent.mkdir(parents=True, exist_ok=True)
    with RunStore(None if options.plan and not path.exists() else path) as store:
        plan = _planned(config, datasets, lanes, store)
        if options.plan:
            from flowcore.commands.sweep_text import plan_document, plan_lines

            if options.json:
                print_json(plan_document(plan))
            else:
                print(*plan_lines(plan), sep="\n")
            return 0
        return _run(plan, store, options)


def _planned(
    config: "SweepConfig", datasets: "list[Dataset]", lanes: "list[SweepLane]", store: "RunStore"
) -> "Plan":
    from tqdm import tqdm

    from flowcore.sweeps.plan import make_plan

    total = 0 if store.is_empty else sum(len(dataset.pairs) for dataset in datasets)
    with tqdm(total=total, unit="pair", desc="reading", file=sys.stderr, disable=not total) as bar:
        return make_plan(config, datasets, lanes, store, progress=lambda _: bar.update())


def _run(plan: "Plan", store: "RunStore", options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from flowcore.commands.sweep_text import table_document, table_lines
    from flowcore.scores import Failure
    from flowcore.sweeps.run import run_plan

    numbers: list[int] = []
    failed: list[tuple[PlannedRun, Failure]] = []
    stopped: BaseException | None = None
    have = plan.num_pairs - plan.num_missing
    with tqdm(total=plan.num_pairs, initial=have, unit="pair", file=sys.stderr) as bar:
        try:
            for run, outcome in run_plan(
                plan,
                store,
                scheduler=options.scheduler,
                workers=options.workers,
                is_plain=options.plain_tcp,
                begun=numbers.extend,
            ):
                bar.update()
                if isinstance(outcome, Failure):
                    failed.append((run, outcome))
                    name = f"{outcome.dataset}/{outcome.sequence}, {run.lane.title}"
                    bar.write(f"{name}: {outcome.reason}", file=sys.stderr)
        except (KeyboardInterrupt, FlowcoreError) as error:
            stopped = error
    rows = _rows(plan, store, numbers)
    if options.json:
        print_json(table_document(plan, rows, failed))
    else:
        print(*table_lines(rows), sep="\n")
    return _status(rows, len(failed), stopped)


def _rows(plan: "Plan", store: "RunStore", numbers: list[int]) -> "list[Row]":
    from flowcore.commands.sweep_text import Row

    records, counts = {record.id: record for record in store.runs()}, store.counts()
    return [
        Row(run, records[number], *counts.get(number, (0, 0)))
        for run, number in zip(plan.runs, numbers, strict=False)
    ]


def _status(rows: "list[Row]", num_failed: int, stopped: BaseException | None) -> int:
    """The exit status; what was done is printed by now."""
    if isinstance(stopped, KeyboardInterrupt):
        print("flowcore: stopped; what was done is kept.", file=sys.stderr)
        return 130
    if stopped is not None:
        raise stopped
    if num_failed and not any(row.num_done > row.num_failed for row in rows):
        print(f"flowcore: none of {num_failed} pairs could be measured", file=sys.stderr)
        return 2
    return 1 if num_failed else 0
