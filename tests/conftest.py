"""Fixtures shared by all tests."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from flowcore.__main__ import main
from tests.patience import patient

ROOT = Path(__file__).resolve().parent.parent


ROOM_BYTES = 2 * 10**8  # free in the temporary folder; the tests take less


def pytest_sessionstart(session):
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < ROOM_BYTES:
        pytest.exit(
            f"The temporary folder {folder} has {free / 1e6:.0f} MB free, the tests need "
            f"{ROOM_BYTES / 1e6:.0f} MB: empty it, or name another one in TMPDIR.",
            returncode=2,
        )


def pytest_collection_modifyitems(config, items):
    can_rerun = config.pluginmanager.hasplugin("rerunfailures")
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(patient(300)))
        if can_rerun and item.get_closest_marker("browser") is not None:
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(autouse=True)
def _fixed_seed():
    torch.manual_seed(0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def run(capsys):
    """A command run in process: its status, and what it wrote."""

    def call(*arguments):
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real pairs that do not ship: ``FLOWSCOPE_DATA``, else ``../shared/data``."""
    folder = Path(os.environ.get("FLOWSCOPE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real frame pairs are not on this machine (set FLOWSCOPE_DATA)")
    return folder
