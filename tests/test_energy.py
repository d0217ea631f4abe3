"""Energy by hand: estimates, counters that wrap, carbon."""

import time

import pytest

from flowcore import energy
from flowcore.energy import GRIDS, Energy, EnergyMeter, carbon_grams, estimated


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch):
    monkeypatch.setattr(energy.torch.cuda, "is_available", lambda: False)


@pytest.fixture
def powercap(tmp_path, monkeypatch):
    """A folder of counters: two packages, a part of one, and the whole machine."""
    monkeypatch.setattr(energy, "_POWERCAP", tmp_path)
    for zone, name, count in (
        ("intel-rapl:0", "package-0", 5_000_000),
        ("intel-rapl:1", "package-1", 1_000_000),
        ("intel-rapl:0:0", "core", 4_000_000),
        ("intel-rapl:2", "psys", 9_000_000),
    ):
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "name").write_text(f"{name}\n")
        (tmp_path / zone / "max_energy_range_uj").write_text("10000000\n")
        (tmp_path / zone / "energy_uj").write_text(f"{count}\n")
    return tmp_path


def test_an_estimate_is_a_band_around_processor_time(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "_POWERCAP", tmp_path)
    seconds = iter([100.0, 102.5])
    monkeypatch.setattr(time, "process_time", lambda: next(seconds))
    with EnergyMeter() as meter:
        pass
    assert meter.energy == estimated(2.5)
    assert (meter.energy.joules, meter.energy.low, meter.energy.high) == (12.5, 5.0, 25.0)
    assert meter.energy.method.startswith("estimated")
    assert "2 to 10 W" in meter.energy.method


def test_packages_are_read_and_their_parts_are_not(powercap, monkeypatch):
    busy = iter([50.0, 54.0])
    seconds = iter([1.0, 2.0])
    monkeypatch.setattr(energy, "_busy_seconds", lambda: next(busy))
    monkeypatch.setattr(time, "process_time", lambda: next(seconds))
    with EnergyMeter() as meter:
        for zone, count in (("intel-rapl:0", 8_000_000), ("intel-rapl:1", 2_000_000)):
            (powercap / zone / "energy_uj").write_text(str(count))
        (powercap / "intel-rapl:0:0" / "energy_uj").write_text("7000000")
    assert meter.energy.joules == meter.energy.high == pytest.approx(3 + 1)
    assert meter.energy.low == pytest.approx(1.0)  # one of four busy seconds was ours
    assert meter.energy.method.startswith("measured by RAPL")


def test_a_counter_that_began_again_is_unwrapped(powercap):
    with EnergyMeter() as meter:
        (powercap / "intel-rapl:0" / "energy_uj").write_text("2000000")
    assert meter.energy.joules == pytest.approx(7.0)  # 5 J up to 10 J, then 2 J


@pytest.mark.parametrize("count", ["0", "not a number", None])
def test_counters_that_stand_at_zero_or_cannot_be_read_lead_to_an_estimate(powercap, count):
    for zone in powercap.iterdir():
        path = zone / "energy_uj"
        path.write_text(count) if count else path.unlink()
    with EnergyMeter() as meter:
        pass
    assert meter.energy.method.startswith("estimated")


def test_counters_that_stand_still_lead_to_an_estimate(powercap):
    with EnergyMeter() as meter:
        pass
    assert meter.energy.method.startswith("estimated")


def test_a_gpu_without_a_counter_is_said_to_be_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "_POWERCAP", tmp_path)
    monkeypatch.setattr(energy, "_nvml_counters", lambda: iter(()))
    monkeypatch.setattr(energy.torch.cuda, "is_available", lambda: True)
    with EnergyMeter() as meter:
        pass
    assert "the GPU is missing" in meter.energy.method


def test_a_gpu_with_a_counter_is_added(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "_POWERCAP", tmp_path)
    counts = iter([10.0, 40.0])
    counter = energy._Counter(lambda: next(counts))
    monkeypatch.setattr(energy, "_nvml_counters", lambda: iter([counter]))
    seconds = iter([0.0, 2.0])
    monkeypatch.setattr(time, "process_time", lambda: next(seconds))
    with EnergyMeter() as meter:
        pass
    assert (meter.energy.joules, meter.energy.low, meter.energy.high) == (40.0, 34.0, 50.0)
    assert meter.energy.method.startswith("GPU measured by NVML; processor estimated")


def test_a_million_frames_in_grams():
    frame = Energy(1.8, 0.9, 3.6, "estimated")  # 0.5 kWh for a million
    assert carbon_grams(frame.times(1e6), GRIDS["World"]) == pytest.approx((240, 120, 480))
    assert carbon_grams(frame.times(1e6), GRIDS["France"])[0] == pytest.approx(27.5)
