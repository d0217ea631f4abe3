"""What a run takes, and the chunks that keep it within a budget."""

import pytest

from flowcore import budget
from flowcore.errors import ConfigError
from flowcore.types import ChunkGrid, PipelineConfig


class Thirsty:
    """A model that takes 1000 bytes per pixel."""

    stride, min_size, default_iterations = 8, 32, None

    def memory_bytes(self, height, width):
        return 1000 * height * width


def needed(chunks, *, size=(800, 800), at_once=1):
    return budget.memory_needed(
        Thirsty(), size, PipelineConfig("any", chunks=chunks), at_once=at_once
    )


def test_memory_is_checked_before_anything_is_allocated(monkeypatch):
    monkeypatch.setattr(budget, "available_memory", lambda *_: 160_000_000)
    budget.require_memory(Thirsty(), (200, 200), PipelineConfig("small"))
    with pytest.raises(ConfigError, match=r"needs about 1\.\d+ GB for 1000x1000 px.*Chunks of 3x5"):
        budget.require_memory(Thirsty(), (1000, 1000), PipelineConfig("large"))
    with pytest.raises(ConfigError, match="Choose a smaller scale or a smaller model"):
        budget.require_memory(Thirsty(), (9000, 9000), PipelineConfig("huge"))


def test_memory_by_hand():
    frames = 64 * 800 * 800
    assert needed(None) == frames + 1000 * 800 * 800
    assert needed(ChunkGrid(2, 2, 0)) == frames + 1000 * 400 * 400
    assert needed(ChunkGrid(2, 2, 0), at_once=3) == frames + 3 * 1000 * 400 * 400
    assert needed(ChunkGrid(2, 2, 0, halo=40)) == frames + 1000 * 480 * 480
    assert needed(ChunkGrid(2, 2, 0, motion_aware=True)) == frames + 1000 * 600 * 600
    assert needed(ChunkGrid(overlap=0, chunk_size=(400, 800))) == frames + 1000 * 400 * 800


def grid_of(chunks, size=(600, 800)):
    return budget.grid_for(Thirsty(), size, PipelineConfig("any", chunks=chunks))


def test_a_budget_gives_the_fewest_chunks_that_keep_to_it():
    assert grid_of(None) is None
    grid = grid_of(ChunkGrid(overlap=0, blend="linear", max_bytes=160_000_000))
    assert (grid.rows, grid.cols, grid.blend, grid.max_bytes) == (2, 2, "linear", None)
    assert needed(grid, size=(600, 800)) <= 160_000_000
    assert grid_of(ChunkGrid(max_bytes=10**9)) == ChunkGrid()


def test_a_budget_that_nothing_fits_names_the_least():
    with pytest.raises(ConfigError, match=r"within 1\.00 MB; the least is 3\d\.\d MB") as caught:
        grid_of(ChunkGrid(max_bytes=1_000_000))
    least = float(str(caught.value).split("the least is ")[1].split()[0]) * 1e6
    assert grid_of(ChunkGrid(max_bytes=int(least * 1.01))).rows > 1


def test_a_chunk_below_what_the_model_takes_names_the_finest_grid():
    with pytest.raises(ConfigError, match=r"20x30 chunks .* less than the 32 px .* at most 19x25"):
        grid_of(ChunkGrid(20, 30, 0))
    assert grid_of(ChunkGrid(19, 25, 0)).rows == 19
    assert grid_of(ChunkGrid(20, 30, 0, halo=8)).rows == 20


def test_a_chunk_size_gives_the_fewest_chunks():
    grid = grid_of(ChunkGrid(overlap=20, chunk_size=(310, 420)))
    assert (grid.rows, grid.cols, grid.chunk_size) == (2, 2, None)
    with pytest.raises(ConfigError, match="use chunks of 33 px or more"):
        grid_of(ChunkGrid(overlap=32, chunk_size=(32, 300)))


def test_as_many_at_once_as_the_budget_allows():
    config = PipelineConfig("any", chunks=ChunkGrid(overlap=0, max_bytes=160_000_000))
    assert budget.chunks_at_once(Thirsty(), (600, 800), config, 8) == 1
    loose = PipelineConfig("any", chunks=ChunkGrid(2, 2, 0))
    assert budget.chunks_at_once(Thirsty(), (600, 800), loose, 3) == 3
    assert budget.chunks_at_once(Thirsty(), (600, 800), loose, 8) == 4
    assert budget.chunks_at_once(Thirsty(), (600, 800), PipelineConfig("any"), 8) == 1
