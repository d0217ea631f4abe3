"""A model of one's own is a lane like ours; one that breaks the protocol is told which part."""

import importlib.metadata
import textwrap

import numpy as np
import pytest

from flowcore import models
from flowcore.__main__ import main
from flowcore.errors import ModelError, UnknownModelError
from flowcore.io.frames import write_frame
from flowcore.lane import estimate_key
from flowcore.models import own
from flowcore.pipeline import run
from flowcore.types import FramePair, PipelineConfig

CODE = """
import torch
from torch import nn

from flowcore.types import Prediction


class Steady(nn.Module):
    stride, min_size, default_iterations = 8, 24, None

    def __init__(self):
        super().__init__()
        self.motion = nn.Parameter(torch.tensor([1.5, -2.0]))

    def forward(self, first, second, *, iterations=None, keep=frozenset()):
        return Prediction(self.motion.view(1, 2, 1, 1).expand_as(first[:, :2]))

    def memory_bytes(self, height, width):
        return 100 * height * width


def build():
    return Steady()
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(own, "_brought", [])


@pytest.fixture
def pair(rng):
    first, second = rng.integers(0, 256, (2, 45, 67, 3), np.uint8)
    return FramePair(first, second)


def written(folder, change=(), name="net.py"):
    code = CODE
    for before, after in [change] if change else []:
        assert before in code
        code = code.replace(before, after)
    (folder / name).write_text(textwrap.dedent(code))
    return f"{folder / name}:build"


def test_a_builder_in_a_file_is_a_lane(tmp_path, pair):
    name = written(tmp_path)
    with pytest.raises(UnknownModelError):
        models.describe(name)
    models.bring(name)
    flow = run(pair, PipelineConfig(name)).flow.uv
    assert flow.shape == (45, 67, 2)
    assert np.allclose(flow, (1.5, -2.0))
    card = models.describe(name)
    assert (card.family, card.available, card.is_learnt, card.num_params) == ("own", True, True, 2)
    assert card in models.catalog()


def test_code_that_changes_gives_a_new_key(tmp_path, pair):
    name = written(tmp_path)
    models.bring(name)
    before = estimate_key(pair, PipelineConfig(name))
    written(tmp_path, ("1.5", "2.5"))
    assert estimate_key(pair, PipelineConfig(name)) != before
    assert np.allclose(run(pair, PipelineConfig(name)).flow.uv, (2.5, -2.0))


def test_the_command_line_takes_a_path_and_the_environment_several(
    tmp_path, pair, monkeypatch, capsys
):
    for name, frame in (("a.png", pair.first), ("b.png", pair.second)):
        write_frame(tmp_path / name, frame)
    name = written(tmp_path)
    frames = [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    assert main(["estimate", *frames, "--model", name, "--json"]) == 0
    assert '"consistent_share"' in capsys.readouterr().out
    other = written(tmp_path, name="other.py")
    monkeypatch.setenv("FLOWCORE_MODELS", f"{other}, {written(tmp_path, name='third.py')}")
    assert {other, other.replace("other", "third")} < set(models.available())


def test_an_entry_point_gives_its_name(tmp_path, pair, monkeypatch):
    written(tmp_path, name="steady_package.py")
    monkeypatch.syspath_prepend(tmp_path)
    points = importlib.metadata.EntryPoints(
        [importlib.metadata.EntryPoint("steady", "steady_package:build", "flowcore.models")]
    )
    monkeypatch.setattr(own, "entry_points", points.select)
    own._of_packages.cache_clear()
    try:
        assert np.allclose(run(pair, PipelineConfig("steady")).flow.uv, (1.5, -2.0))
        twice = importlib.metadata.EntryPoints([*points, *points])
        monkeypatch.setattr(own, "entry_points", twice.select)
        own._of_packages.cache_clear()
        with pytest.raises(ModelError, match="Two packages give a model named steady"):
            models.catalog()
    finally:
        own._of_packages.cache_clear()


def test_a_package_cannot_take_the_name_of_one_of_ours(monkeypatch):
    double = own.OwnModel("raft_small", object, "a package", "0")
    monkeypatch.setattr("flowcore.models.registry.own_models", lambda: {"raft_small": double})
    with pytest.raises(ModelError, match="raft_small is a model of flowcore, and a package"):
        models.describe("raft_small")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("stride,", "pace,"), "stride must be a whole number of 1 or more, got None"),
        (("= 8, 24", "= 8, 0"), "min_size must be a whole number of 1 or more, got 0"),
        (("default_iterations", "steps"), "it has no default_iterations"),
        (("memory_bytes", "memory"), r"it has no memory_bytes\(height, width\)"),
        (("return Prediction(", "return ("), "it returns Tensor, not a flowcore.types.Prediction"),
        (("first[:, :2]", "first[:, :2, :-1]"), r"its flow of frames \(1, 3, 24, 32\) is "),
        (("expand_as", "reshape_as"), "on frames of 32x24 px it fails with RuntimeError"),
        ((", keep=frozenset()", ""), "it fails with TypeError.*keep"),
        (("return Steady()", "return 1 / 0"), "cannot be built: ZeroDivisionError"),
        (("import torch\n", "import torhc\n"), "cannot be built: ModuleNotFoundError"),
        (("def build", "def make"), "has no function build"),
    ],
)
def test_what_breaks_the_protocol_is_told_which_part(tmp_path, change, message):
    name = written(tmp_path, change)
    models.bring(name)
    with pytest.raises(ModelError, match=message):
        models.create(name)


@pytest.mark.parametrize("name", ["none.py:build", "net.txt:build", "net.py", "net.py:1"])
def test_what_is_no_builder_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError):
        models.bring(name)
