"""The command line: ``python -m flowcore``; see ``docs/command-line.md``.

Standard output carries the result alone (one JSON document with ``--json``), standard error the
progress. A ``FlowcoreError`` is one line on standard error and exit status 2; status 1 says that a
part of the work failed, 130 that it was stopped.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from flowcore.commands import (
    attack,
    catalog,
    corrupt,
    estimate,
    evaluate,
    labs,
    learning,
    sequence,
    sweep,
    task,
)
from flowcore.errors import FlowcoreError

__all__ = ["main", "run"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int | None = options.command(options)
    except FlowcoreError as error:
        print(f"flowcore: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("flowcore: stopped.", file=sys.stderr)
        return 130
    return status or 0


def run() -> None:
    """What the installed command ``flowcore`` does."""
    # Threads of torch that wait would spin, and beside other work take its cores. Read when torch
    # is imported, which the commands do late.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    sys.exit(main())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flowcore", description=__doc__.split(";")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (
        catalog,
        estimate,
        evaluate,
        sequence,
        sweep,
        learning,
        labs,
        corrupt,
        attack,
        task,
    ):
        module.add_commands(commands)
    return parser


if __name__ == "__main__":
    run()
