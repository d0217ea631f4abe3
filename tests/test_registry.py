"""Every model that ships: builds, is what its card says, takes any size, sees a known motion."""

import hashlib

import cv2
import numpy as np
import pytest
import torch

from flowcore import models
from flowcore.cost import count_params
from flowcore.errors import ShapeMismatchError, UnknownModelError
from flowcore.models import registry
from flowcore.models.store import BUNDLED_FOLDER
from flowcore.ops.pad import pad, padding_to_stride


@pytest.fixture(autouse=True)
def weights_folder(tmp_path, monkeypatch):
    """No imported weights: what is tested here is what ships."""
    monkeypatch.setenv("FLOWCORE_WEIGHTS", str(tmp_path))
    return tmp_path


def names_that_ship():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOWCORE_WEIGHTS", str(BUNDLED_FOLDER / "none"))
        return models.available()


every_model = pytest.mark.parametrize("name", names_that_ship())
every_grown_model = pytest.mark.parametrize(
    "name", [n for n in names_that_ship() if not models.describe(n).training.get("is_early")]
)


def padded_pair(model, height, width, u=2, v=1):
    """A smooth random texture and itself moved by (u, v) px, padded as the model needs it."""
    noise = np.random.default_rng(0).random((height + 8, width + 8, 3)).astype(np.float32)
    wide = cv2.GaussianBlur(noise, (0, 0), 1.5)
    frames = torch.from_numpy((wide - wide.min()) / np.ptp(wide)).permute(2, 0, 1)[None]
    padding = padding_to_stride(height, width, stride=model.stride, min_size=model.min_size)
    first = frames[..., 4 : 4 + height, 4 : 4 + width]
    second = frames[..., 4 - v : 4 - v + height, 4 - u : 4 - u + width]
    return pad(first, padding), pad(second, padding)


def test_classical_methods_ship():
    expected = {"dis_ultrafast", "dis_fast", "dis_medium", "farneback", "tvl1", "ilk"}
    assert expected <= set(names_that_ship())


@every_model
def test_card(name):
    card, model = models.describe(name), models.create(name)
    assert card.name == name
    assert card.available
    assert card.source
    assert card.licence
    assert card.default_iterations == model.default_iterations
    assert list(card.as_json()) == [
        "name",
        "family",
        "available",
        "num_params",
        "num_bytes",
        "licence",
        "source",
        "scores",
    ]
    assert card.is_learnt == isinstance(model, torch.nn.Module)
    if isinstance(model, torch.nn.Module):
        assert not model.training
        assert count_params(model) == card.num_params
        content = (BUNDLED_FOLDER / f"{name}.safetensors").read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (card.num_bytes, card.sha256)


@every_model
@pytest.mark.parametrize("size", [(1, 1), (40, 37), (5, 130), (97, 64)])
def test_any_size_once_padded(name, size):
    model = models.create(name)
    first, second = padded_pair(model, *size)
    with torch.inference_mode():
        flow = model(first, second).flow
    assert flow.shape == (1, 2, *first.shape[-2:])
    assert flow.dtype == torch.float32
    assert flow.isfinite().all()


@every_model
def test_each_axis_is_checked_alone(name):
    model = models.create(name)
    good = 4 * model.stride * -(-model.min_size // model.stride)
    wrong = [model.min_size - model.stride] + ([good + 1] if model.stride > 1 else [])
    refused = [side for side in wrong if side > 0]
    assert refused or name == "farneback"  # which takes anything
    for bad in refused:
        for size in ((good, bad), (bad, good)):
            frame = torch.rand(1, 3, *size)
            with pytest.raises(ShapeMismatchError, match=f"{size[1]}x{size[0]}"):
                model(frame, frame)


def test_early_weights_say_so():
    """Their card warns, and they are few: models of ours that may be compared are none of them."""
    early = set(names_that_ship()) - set(every_grown_model.args[1])
    assert early == {"flownet2_small.scenes"}
    assert models.describe("flownet2_small.scenes").training["failures"].startswith("early weights")


@every_grown_model
def test_known_motion_again_and_again(name):
    model = models.create(name)
    pair = padded_pair(model, 128, 160)
    with torch.inference_mode():
        flow, again = model(*pair).flow, model(*pair).flow
    assert torch.equal(flow, again)
    inner = flow[0, :, 16:-16, 16:-16].flatten(1)
    assert inner.median(1).values.tolist() == pytest.approx([2, 1], abs=0.2)


@every_model
def test_memory_grows_with_the_frame(name):
    model = models.create(name)
    assert 0 < model.memory_bytes(128, 128) < model.memory_bytes(128, 256)


def test_catalog_has_every_architecture():
    cards = {card.name: card for card in models.catalog()}
    assert list(cards) == sorted(cards)
    small = cards["raft_small"]
    assert (small.available, small.num_params, small.num_bytes) == (False, 990_162, None)
    assert (small.family, small.default_iterations, small.is_learnt) == ("raft", 20, True)
    assert cards["dis_medium"].num_params == 0
    assert models.describe("raft_small") == small


@pytest.mark.parametrize(
    "name", ["", "raft_medium", "dis_medium.things", "../raft_small", "a" * 999]
)
def test_unknown_names(name):
    with pytest.raises(UnknownModelError, match="flowcore models` lists them all"):
        models.create(name)


def test_close_names_are_suggested():
    with pytest.raises(UnknownModelError, match="Did you mean dis_medium"):
        models.describe("dis_medum")


def test_untrained_nets():
    net = models.build_untrained("raft_small")
    assert count_params(net) == 990_162
    with pytest.raises(UnknownModelError, match="nothing to train"):
        models.build_untrained("farneback")


@pytest.fixture
def empty_registry(monkeypatch):
    monkeypatch.setattr(registry, "_ARCHITECTURES", {})
    registry._outline.cache_clear()
    yield
    registry._outline.cache_clear()


@pytest.mark.usefixtures("empty_registry")
def test_names_are_given_once():
    def net():
        return torch.nn.Linear(2, 3)

    assert models.register(family="test", source="A paper", licence="MIT")(net) is net
    card = models.describe("net")
    assert (card.source, card.licence, card.num_params) == ("A paper", "MIT", 9)
    with pytest.raises(ValueError, match="The model net is registered twice"):
        models.register(family="test")(net)


def test_the_smallest_net_is_none_of_a_study():
    """Nets that were trained to be compared with others have fewer bytes."""
    assert models.smallest() == "scope_035.scenes"
    studied = [models.describe(name).num_bytes for name in models.of_study("semantic loss")]
    assert max(studied) < models.describe(models.smallest()).num_bytes
