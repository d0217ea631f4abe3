"""Points of cost and quality: a front by hand, two methods on a small pair, published numbers."""

import math

import numpy as np
import pytest

from flowcore import size_points
from flowcore.data.synthetic import make_pair
from flowcore.energy import Energy
from flowcore.errors import InputError
from flowcore.export.files import write_pair
from flowcore.export.recipe import sweep_as_python
from flowcore.lane import run_lane
from flowcore.operations import Operations
from flowcore.pipeline import run
from flowcore.published import published_models
from flowcore.size_points import SizePoint, axis, measure, pareto_front, points_table
from flowcore.types import ChunkGrid, FramePair, PipelineConfig


@pytest.fixture(scope="module")
def pair():
    texture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    return make_pair(np.ascontiguousarray(texture.repeat(8, 0).repeat(8, 1)), dx=3, dy=1)


def front(points, **options):
    return pareto_front(points, lambda point: point[0], lambda point: point[1], **options)


def test_the_front_by_hand():
    a, b, c, d, e = (1, 5), (2, 3), (3, 4), (4, 3), (5, 1)
    assert front([e, d, c, b, a]) == [a, b, e]  # c is worse than b, d no better and dearer
    assert front([a, b, c, d, e], higher_is_better=True) == [a]
    assert front([(1, 1), (2, 3), (3, 2)], higher_is_better=True) == [(1, 1), (2, 3)]


def test_equal_points_share_the_front_and_unknown_ones_have_no_part():
    assert front([(1, 2), (1, 2), (1, 3)]) == [(1, 2), (1, 2)]
    assert front([(0, 9), (None, 1), (1, None), (2, math.nan)]) == [(0, 9)]
    assert front([]) == []


def test_a_classical_method_costs_no_bytes_and_its_operations_are_unknown(pair):
    point = measure(pair, PipelineConfig("dis_fast"), threads=1)
    assert (point.num_bytes, point.num_params, point.operations.macs) == (0, 0, None)
    assert 1 <= point.num_runs <= 5
    assert point.threads == 1
    assert 0 < point.energy.low < point.energy.joules < point.energy.high
    assert point.value("gmacs") is None
    assert point.value("megabytes") == 0
    assert point.value("no such number") is None


def test_quality_is_that_of_a_comparison(pair):
    bare = FramePair(pair.first, pair.second)
    for frames in (pair, bare):
        config = PipelineConfig("dis_fast", chunks=ChunkGrid(1, 2, overlap=16))
        metrics = run_lane(frames, config, threads=1).metrics
        point = measure(frames, config, threads=1)
        assert point.metrics["psnr"] == metrics["psnr"]
        assert point.metrics.get("epe") == metrics.get("epe")


def test_no_work_is_done_twice_where_occlusions_are_known(pair, monkeypatch):
    sizes, messages = [], []

    def counted(frames, config, **options):
        sizes.append(frames.size)
        return run(frames, config, **options)

    monkeypatch.setattr(size_points, "run", counted)
    monkeypatch.setattr(size_points, "_ENOUGH_SECONDS", 1e-9)
    measure(pair, PipelineConfig("dis_fast"), progress=lambda share, text: messages.append(text))
    assert len(sizes) == 2  # the warm-up and the estimate
    assert messages[-1] == "counting and measuring"


def test_a_quick_method_is_timed_up_to_five_times(pair, monkeypatch):
    monkeypatch.setattr(size_points, "_ENOUGH_SECONDS", 1e9)
    assert measure(pair, PipelineConfig("dis_ultrafast"), threads=1).num_runs == 5


def point_of(num_bytes, seconds, **known):
    return SizePoint(
        "net", PipelineConfig("net"), num_bytes, num_bytes // 4, Operations(2_500_000_000),
        seconds, 1, 2, 64_000_000, Energy(3.0, 1.0, 6.0, "estimated"), known,
    )  # fmt: skip


def test_the_table_has_every_number_in_its_unit():
    table = points_table({"small": point_of(681_600, 0.5), "large": point_of(10_000_000, 2.0)})
    assert list(table.index) == ["small", "large"]
    row = table.loc["small"]
    assert (row.megabytes, row.num_params, row.gmacs, row.peak_mb) == (0.6816, 170_400, 2.5, 64)
    assert (row.energy_low_j, row.energy_j, row.energy_high_j) == (1, 3, 6)
    assert table["seconds"].dtype == float


def test_axes_say_unit_and_direction():
    assert axis("gmacs")[1:4] == ("Operations", "GMAC", "lower")
    assert axis("psnr").direction == "higher"
    with pytest.raises(InputError, match="Unknown metric"):
        axis("beauty")


def test_the_copied_python_repeats_the_measurement(pair, tmp_path, monkeypatch):
    write_pair(tmp_path / "pair", pair)
    monkeypatch.chdir(tmp_path)
    config = PipelineConfig("dis_fast", chunks=ChunkGrid(1, 2, 16))
    exec(sweep_as_python({"dis_fast, 1x2": config}, threads=1), {})
    text = (tmp_path / "sizes.csv").read_text()
    assert text.startswith("model,num_params,megabytes")
    assert '"dis_fast, 1x2",0,0.0' in text


def test_published_models_are_sorted_and_complete():
    table = published_models()
    assert table["num_params"].is_monotonic_increasing
    assert table.index.is_unique
    assert table.loc["RAFT", "megabytes"] == pytest.approx(21.030144)
    assert table.loc["RAFT", "epe_sintel_clean"] == 1.43
    assert table[["epe_sintel_clean", "protocol", "source"]].notna().all(axis=None)
    assert list(table.index[~table["is_verified"]]) == ["NanoFlowNet"]
