"""The installed command ``flowscope``: the app, from any folder."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from flowcore import models
from flowcore.errors import FlowcoreError
from flowcore.places import HOME

__all__ = ["main", "run"]


def run() -> None:
    """What the installed command does."""
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the app until it is stopped; gives the exit status."""
    options = _parser().parse_args(arguments)
    paths = [*models.paths_in_environment(), *options.model]
    try:
        for path in paths:
            models.bring(path)
            models.create(path)  # what is wrong with it is said here, not on a page
    except FlowcoreError as error:
        print(f"flowscope: {error}", file=sys.stderr)
        return 2
    words = [sys.executable, "-m", "streamlit", "run", str(HOME / "app.py")]
    words += [f"--server.port={options.port}", f"--server.address={options.address}"]
    words += ["--server.headless=true"] if options.headless else []
    hosts = ["localhost", "127.0.0.1", *options.host] if options.host else []
    words += [f"--server.allowedHosts={host}" for host in hosts]
    # Streamlit reads .streamlit/config.toml where it is started, so paths must be whole.
    environment = os.environ | {"FLOWCORE_MODELS": ",".join(map(os.path.abspath, paths))}
    try:
        return subprocess.run(words, cwd=HOME, env=environment).returncode  # noqa: S603  # our own
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flowscope", description=__doc__)
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default="localhost", help="0.0.0.0 to let others in")
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name by which others reach this machine; may be given again",
    )
    parser.add_argument("--headless", action="store_true", help="open no browser")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="FILE.py:BUILD",
        help="a model of your own, for every visitor; may be given again",
    )
    return parser
