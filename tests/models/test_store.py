"""Weights on disk: found by their cards, checked, replaced while others read them."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from flowcore import models
from flowcore.errors import ConfigError, WeightsError
from flowcore.models import store, weights
from flowcore.models.raft import raft_small
from tests.models.test_weights import random_net, saved
from tests.patience import wait_until


@pytest.fixture
def bundled_folder(tmp_path, monkeypatch):
    """A folder of bundled weights of the test's own."""
    folder = tmp_path / "bundled"
    monkeypatch.setattr(store, "BUNDLED_FOLDER", folder)
    monkeypatch.setattr(weights, "BUNDLED_FOLDER", folder)
    return folder


def half_of(net):
    return {
        key: tensor.half() if tensor.is_floating_point() else tensor
        for key, tensor in net.state_dict().items()
    }


FACTS = {"num_params": 990_162, "recipe": "by hand", "data": "none", "licence": "MIT"}


def test_bundled_weights_are_found_by_their_cards(bundled_folder, weights_folder):
    net = random_net(raft_small)
    scores = {"middlebury": {"epe": 0.5}}
    store.save_weights(
        "raft_small.best", half_of(net), folder=bundled_folder, scores=scores, **FACTS
    )
    assert not weights_folder.exists()
    card = models.describe("raft_small.best")
    assert (card.available, card.recipe, card.licence) == (True, "by hand", "MIT")
    assert card.scores == scores
    path = bundled_folder / "raft_small.best.safetensors"
    assert card.num_bytes == path.stat().st_size < 2.1 * 990_162
    path.rename(bundled_folder / "raft_small.other.safetensors")
    assert "raft_small.best" not in models.available()


def test_half_precision_is_computed_in_float32(bundled_folder):
    net = random_net(raft_small)
    store.save_weights("raft_small.best", half_of(net), folder=bundled_folder, **FACTS)
    created = models.create("raft_small.best").state_dict()
    for key, tensor in net.state_dict().items():
        assert created[key].dtype == tensor.dtype
        assert torch.allclose(created[key].float(), tensor.float(), rtol=1e-3, atol=1e-6)


def test_own_training_takes_the_place_of_bundled_weights_and_imports_do_not(bundled_folder):
    mine, theirs = random_net(raft_small), raft_small()
    store.save_weights("raft_small.best", half_of(theirs), folder=bundled_folder, **FACTS)
    with pytest.raises(ConfigError, match=r"raft_small\.best names bundled weights"):
        models.import_weights(saved(theirs.state_dict()), name="raft_small.best")
    trained = store.save_weights("raft_small.best", half_of(mine), **FACTS)
    assert models.describe("raft_small.best").sha256 == trained.sha256
    assert models.available().count("raft_small.best") == 1


def test_weights_that_do_not_fit_their_name(weights_folder):
    """A card may say what it likes; the net's own shapes decide."""
    store.save_weights("raft_large.wrong", half_of(raft_small()), **FACTS)
    with pytest.raises(WeightsError, match=r"does not fit raft_large\.wrong"):
        models.create("raft_large.wrong")


def test_altered_weights_are_refused(weights_folder):
    name = models.import_weights(saved(raft_small().state_dict())).name
    (path,) = weights_folder.glob(f"{name}-*.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="was altered"):
        models.create(name)
    path.unlink()
    assert name not in models.available()
    with pytest.raises(WeightsError, match="are not here"):
        models.create(name)


@pytest.mark.parametrize(
    "card",
    ["", "[]", "{}", '{"file": 1}', "change:file:../../x.safetensors", "change:num_bytes:many"],
)
def test_broken_cards_are_passed_over(weights_folder, card):
    name = models.import_weights(saved(raft_small().state_dict())).name
    path = weights_folder / f"{name}.json"
    if card.startswith("change:"):
        _, key, value = card.split(":")
        card = json.dumps({**json.loads(path.read_text()), key: value})
    path.write_text(card)
    assert name not in models.available()
    with pytest.raises(WeightsError, match=re.escape(f"{path.name} is passed over: ")):
        models.create(name)
    assert [fault.startswith(f"{path.name} is passed over: ") for fault in models.broken_cards()]


def test_a_card_that_contradicts_its_file_says_both_numbers(weights_folder):
    card = models.import_weights(saved(raft_small().state_dict()))
    (path,) = weights_folder.glob(f"{card.name}-*.safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    (fault,) = models.broken_cards()
    assert f"{card.num_bytes:,} bytes; it has {card.num_bytes - 1:,}" in fault
    with pytest.raises(WeightsError, match=r"has [0-9,]+ bytes; it has"):
        models.create(card.name)


def test_weights_can_be_read_while_they_are_replaced(weights_folder):
    net = raft_small()
    models.import_weights(saved(net.state_dict()), name="raft_small.mine")
    reads, over = [], threading.Event()

    def read():
        while not over.is_set():
            reads.append(models.create("raft_small.mine"))

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for _ in range(6):
            num_before = len(reads)
            with torch.no_grad():
                next(net.parameters()).add_(1)
            models.import_weights(saved(net.state_dict()), name="raft_small.mine")
            wait_until(lambda: reading.done() or len(reads) > num_before, what="another read")  # noqa: B023
        over.set()
    reading.result()
    assert len(list(weights_folder.glob("*.safetensors"))) == 2  # the last, and the one before
