"""A sweep of two lanes over two pairs that are textures in motion."""

import numpy as np
import pytest

from flowcore.data.synthetic import make_pair
from flowcore.io.flow_files import write_flow
from flowcore.io.frames import write_frame
from flowcore.store import RunStore
from flowcore.sweeps.config import SweepConfig, lanes_of, open_datasets
from flowcore.sweeps.plan import make_plan


@pytest.fixture
def root(tmp_path, rng):
    """ROOT/set/one and ROOT/set/two."""
    texture = np.ascontiguousarray(
        rng.integers(0, 256, (8, 10, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    )
    for name, dx in (("one", 2), ("two", -3)):
        folder = tmp_path / "root" / "set" / name
        folder.mkdir(parents=True)
        pair = make_pair(texture, dx=dx)
        write_frame(folder / "frame1.png", pair.first)
        write_frame(folder / "frame2.png", pair.second)
        write_flow(folder / "flow.flo", pair.truth)
    return tmp_path / "root"


@pytest.fixture
def config(root):
    grid = {"model": ["dis_fast", "dis_ultrafast"]}
    return SweepConfig(name="two", data=(str(root),), threads=1, grid=grid)


@pytest.fixture
def planned(config):
    """The plan of the sweep, made anew."""

    def plan(store, **grid):
        return make_plan(config, open_datasets(config), lanes_of({**config.grid, **grid}), store)

    return plan


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path / "runs.sqlite") as store:
        yield store
