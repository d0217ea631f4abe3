"""Cost: hand counts, working memory, links, and a container's limit."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from torch import nn

from flowcore import cost
from tests.patience import patient

ROOT = Path(__file__).resolve().parents[1]
only_linux_tells = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux")


def test_parameters_are_counted_without_buffers():
    assert cost.count_params(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))) == 8 + 4


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (9_994, "9.99 kB"),
        (9_996, "10.0 kB"),
        (99_960, "100 kB"),
        (999_600, "1.00 MB"),
        (2**30, "1.07 GB"),
        (5e15, "5000 TB"),
    ],
)
def test_bytes_for_people(count, text):
    assert cost.format_bytes(count) == text


@only_linux_tells
def test_peak_memory_sees_an_allocation_and_remembers_it():
    with cost.MemoryMeter():  # else what an earlier test held would be the peak
        before = cost.peak_memory()
    held = torch.ones(100_000_000, dtype=torch.uint8)
    peak = cost.peak_memory()
    assert peak - before == pytest.approx(held.nbytes, rel=0.1)
    del held
    assert cost.peak_memory() == pytest.approx(peak, rel=0.01)


def test_peak_memory_is_not_that_of_the_process_that_started_this_one(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "_PROCESS", tmp_path)
    (tmp_path / "status").write_text("VmPeak:\t900 kB\nVmHWM:\t  12 kB\nVmRSS:\t  7 kB\n")
    assert cost.peak_memory() == 12 * 1024


def test_peak_memory_is_in_bytes_where_there_is_no_status(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "_PROCESS", tmp_path / "none")
    held = psutil.Process().memory_info().rss
    assert 0.9 * held < cost.peak_memory() < psutil.virtual_memory().total


@pytest.mark.parametrize(("limit", "room"), [("1000", 1000 - 700 + 200), ("100", 0), ("max", None)])
def test_room_within_a_container(tmp_path, limit, room):
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 200\n")
    assert cost._container_room(tmp_path) == room


def test_available_memory_is_the_smaller_one(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "_CGROUP", tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=500))
    assert cost.available_memory() == 500
    (tmp_path / "memory.current").write_text("700")
    (tmp_path / "memory.stat").write_text("")
    for limit, room in ((1000, 300), (9000, 500)):
        (tmp_path / "memory.max").write_text(str(limit))
        assert cost.available_memory() == room


@only_linux_tells
def test_working_memory_is_what_was_held_at_the_peak_and_not_what_is_left():
    """In a process of its own: threads that other tests left behind hold memory, too."""
    work = """
import numpy as np
from flowcore import cost
for sizes in ((100_000_000, 50_000_000), (20_000_000,)):
    with cost.MemoryMeter() as meter:
        for size in sizes:
            np.ones(size, np.uint8)
    print(meter.peak_bytes)
"""
    told = subprocess.run(
        [sys.executable, "-c", work], check=True, text=True, stdout=subprocess.PIPE,
        timeout=patient(60), cwd=ROOT,
    ).stdout  # fmt: skip
    two, one = map(int, told.split())
    assert two == pytest.approx(100e6, rel=0.2)
    assert one == pytest.approx(20e6, rel=0.5)


def test_working_memory_is_unknown_where_the_system_does_not_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "_PROCESS", tmp_path / "none")
    with cost.MemoryMeter() as meter:
        pass
    assert meter.peak_bytes is None


def test_a_link_takes_eight_bits_per_byte():
    assert cost.transfer_seconds(681_600, cost.LINKS["LoRa, 5 kbit/s"]) == pytest.approx(1090.56)
    assert cost.transfer_seconds(681_600, cost.LINKS["3G, 1 Mbit/s"]) == pytest.approx(5.4528)
