"""Every reader ends every hostile file with a value or a FlowcoreError."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patient

ROOT = Path(__file__).resolve().parents[2]
SECONDS = patient(240)


@pytest.mark.parametrize("group", ["pictures", "flows", "videos"])
def test_a_sample_of_hostile_files_is_read_or_refused(group, tmp_path):
    summary = summary_of(group, 0.1, tmp_path)
    assert summary["files"] >= 10
    assert summary["refusals"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("group", "least"), [("pictures", 1400), ("flows", 1400), ("videos", 150)])
def test_hostile_files_are_read_or_refused(group, least, tmp_path):
    summary = summary_of(group, 1, tmp_path)
    assert summary["files"] >= least
    assert summary["values"] > 0
    assert summary["refusals"] > summary["files"] / 4


def summary_of(group, share, tmp_path):
    progress = tmp_path / "file_at_hand"
    settings = {"PYTHONPATH": str(ROOT), "OPENCV_LOG_LEVEL": "OFF", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-X", "faulthandler", "-m", "tests.io.fuzz"]
    try:
        child = subprocess.run(
            [*command, group, str(share), str(progress)],
            env=os.environ | settings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"no end after {SECONDS} s at {progress.read_text().strip()!r}")
    at_hand = progress.read_text().strip() if progress.exists() else "the start"
    told = child.stderr[-3000:]
    assert child.returncode == 0, f"ended with {child.returncode} at {at_hand!r}:\n{told}"
    return json.loads(child.stdout)
