"""A server of the application for a benchmark, and its memory."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

__all__ = ["resident", "served"]

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def served(**variables: str) -> Iterator[tuple[str, psutil.Process]]:
    """The address (host:port) of a server that answers, and its process; ended at the end.

    ``variables`` are those of its environment beside what there are.
    """
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    server = subprocess.Popen(
        [*command, "--server.headless=true", "--server.fileWatcherType=none"],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"localhost:{port}"
    try:
        while not _answers(address):
            if server.poll() is not None:
                raise RuntimeError("The server did not start.")
            time.sleep(0.2)
        yield address, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/_stcore/health") as answer:
            return answer.status == 200
    except OSError:
        return False


def resident(process: psutil.Process) -> float:
    """MB of the process and all that it started."""
    family = [process, *process.children(recursive=True)]
    return sum(member.memory_info().rss for member in family) / 1e6
