"""Cost: hand counts, and a container's limit."""

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
