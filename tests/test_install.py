"""What pip installs works from any folder: the library, its weights, both commands and the app."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from flowcore.__main__ import main
from tests.patience import patient

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds what the wheel holds, and nothing of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, timeout=patient(120),
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def call(installed, folder, code):
    environment = {**os.environ, "PYTHONPATH": str(installed), "FLOWCORE_WEIGHTS": str(folder)}
    return subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=folder, env=environment, check=True,
        capture_output=True, text=True, timeout=patient(120),
    ).stdout  # fmt: skip


def test_the_wheel_states_what_it_needs_and_gives(installed):
    (about,) = installed.glob("*.dist-info")
    needed = (about / "METADATA").read_text()
    assert "Requires-Dist: torch==" in needed
    assert "Requires-Dist: opencv-python-headless==" in needed
    commands = (about / "entry_points.txt").read_text()
    assert "flowcore = flowcore.__main__:run" in commands
    assert "flowscope = flowcore.commands.app:run" in commands
    assert {path.name for path in installed.iterdir()} == {"flowcore", about.name}


def test_a_flow_from_an_empty_folder(installed, tmp_path):
    main(["sample", "subpixel", str(tmp_path / "pair")])
    out = call(installed, tmp_path, """
import sys
from flowcore.__main__ import run
import flowcore
assert "site" in flowcore.__file__, flowcore.__file__
sys.argv = ["flowcore", "estimate", "pair/first.png", "pair/second.png",
            "--truth", "pair/truth.flo", "--iterations", "3", "--json"]
run()
""")  # fmt: skip
    assert json.loads(out)["metrics"]["epe"] < 1


def test_the_app_and_its_assets_are_found(installed, tmp_path):
    out = call(installed, tmp_path, """
from flowcore import models, published
from flowcore.chunking import losses
from flowcore.places import ASSETS, HOME
from flowcore.viz.viewer_page import viewer_script
assert viewer_script() and (HOME / "pages" / "navigation.py").is_file()
assert (HOME / ".streamlit" / "config.toml").is_file()
print(*models.available())
""")  # fmt: skip
    assert "scope_070.scenes" in out.split()
