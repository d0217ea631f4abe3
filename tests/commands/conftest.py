"""A folder of pairs, and commands run in process."""

from contextlib import contextmanager

import numpy as np
import pytest

from flowcore.data.files import PairFiles
from flowcore.data.synthetic import make_pair
from flowcore.io.flow_files import write_flow
from flowcore.io.frames import write_frame


@pytest.fixture
def folder(tmp_path, rng, monkeypatch):
    """ROOT/set/one and ROOT/set/two: a texture moved by (2, 1) and by (-3, 0) px."""
    monkeypatch.setenv("FLOWCORE_WEIGHTS", str(tmp_path / "weights"))
    texture = rng.integers(0, 256, (16, 20, 3), np.uint8).repeat(5, 0).repeat(5, 1)
    for name, motion in (("one", (2, 1)), ("two", (-3, 0))):
        pair = make_pair(np.ascontiguousarray(texture), dx=motion[0], dy=motion[1])
        sequence = tmp_path / "root" / "set" / name
        sequence.mkdir(parents=True)
        write_frame(sequence / "frame1.png", pair.first)
        write_frame(sequence / "frame2.png", pair.second)
        write_flow(sequence / "flow.flo", pair.truth)
    return tmp_path


@pytest.fixture
def ctrl_c_at(monkeypatch):
    """``with ctrl_c_at(SEQUENCE):`` Ctrl-C is pressed as soon as that pair is read."""
    load = PairFiles.load

    @contextmanager
    def pressed(sequence):
        def until_then(files, **reading):
            if files.sequence == sequence:
                raise KeyboardInterrupt
            return load(files, **reading)

        with monkeypatch.context() as patch:
            patch.setattr(PairFiles, "load", until_then)
            yield

    return pressed
