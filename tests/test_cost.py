"""Cost: hand counts, working memory, links, and a container's limit."""

import sys

import pytest
import torch
from torch import nn

from flowcore import cost


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


def test_peak_memory_sees_an_allocation():
    before = cost.peak_memory()
    held = torch.ones(200_000_000, dtype=torch.uint8)
    assert cost.peak_memory() >= max(before, held.nbytes)


@pytest.mark.parametrize(("limit", "room"), [("1000", 1000 - 700 + 200), ("100", 0), ("max", None)])
def test_room_within_a_container(tmp_path, limit, room):
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 200\n")
    assert cost._container_room(tmp_path) == room


def test_available_memory_is_the_smaller_one(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "_CGROUP", tmp_path)
    assert cost.available_memory() > 2**20
    (tmp_path / "memory.max").write_text("1000")
    (tmp_path / "memory.current").write_text("700")
    (tmp_path / "memory.stat").write_text("")
    assert cost.available_memory() == 300


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_working_memory_is_what_was_held_at_the_peak_and_not_what_is_left():
    with cost.MemoryMeter() as meter:
        torch.ones(100_000_000, dtype=torch.uint8)
        torch.ones(50_000_000, dtype=torch.uint8)
    assert meter.peak_bytes == pytest.approx(100e6, rel=0.2)
    with cost.MemoryMeter() as meter:
        torch.ones(20_000_000, dtype=torch.uint8)
    assert meter.peak_bytes == pytest.approx(20e6, rel=0.5)


def test_working_memory_is_unknown_where_the_system_does_not_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "_PROCESS", tmp_path / "none")
    with cost.MemoryMeter() as meter:
        pass
    assert meter.peak_bytes is None


def test_a_link_takes_eight_bits_per_byte():
    assert cost.transfer_seconds(681_600, cost.LINKS["LoRa, 5 kbit/s"]) == pytest.approx(1090.56)
    assert cost.transfer_seconds(681_600, cost.LINKS["3G, 1 Mbit/s"]) == pytest.approx(5.4528)
