"""Official weights by download, from a server of this machine that behaves well or badly."""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from flowcore import models
from flowcore.errors import ConfigError, WeightsError
from flowcore.models import download
from flowcore.models.download import PublishedFile, download_weights, downloads_from
from flowcore.models.raft import raft_small
from tests.models.mirror import Mirror
from tests.models.test_weights import saved

NAME = "raft_small.c_t_v2"


@pytest.fixture(scope="module")
def content():
    torch.manual_seed(3)
    return saved(raft_small().state_dict())


@pytest.fixture
def server(content, monkeypatch):
    with Mirror(content) as running:
        digits = hashlib.sha256(content).hexdigest()[:8]
        file = PublishedFile(
            file=f"raft_small_C_T_V2-{digits}.pth",
            mib=len(content) / 2**20,
            trained_on="some pairs",
            recipe="by somebody",
            scores="none",
            licence="MIT",
        )
        monkeypatch.setattr(download, "published_files", lambda: {NAME: file})
        monkeypatch.setenv("FLOWSCOPE_DOWNLOADS", running.address)
        yield running


@pytest.mark.parametrize("manner", ["well", "redirect"])
def test_what_is_fetched_is_a_model_with_its_card(server, content, manner, weights_folder):
    server.manner = manner
    card = download_weights(NAME)
    assert card == models.describe(NAME)
    assert (card.available, card.licence, card.data) == (True, "MIT", "some pairs")
    assert card.recipe.startswith("by somebody; imported from")
    assert hashlib.sha256(content).hexdigest() in card.recipe
    assert isinstance(models.create(NAME), nn.Module)
    assert len(list(weights_folder.iterdir())) == 2  # the file and its card, no drafts


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        ("altered", r"not raft_small_C_T_V2-\w{8}\.pth, by its sha256"),
        ("cut off", "cut off on its way, or altered"),
        ("nothing here", r"127\.0\.0\.1 has no raft_small_C_T_V2-\w{8}\.pth \(HTTP 404"),
        ("without end", r"sends more than the 3\.\d+ MiB"),
        ("silent", r"sent nothing of raft_small_\S+ for 0\.3 s\. Fetch http://"),
    ],
)
def test_what_goes_wrong_is_a_sentence_and_leaves_nothing(
    server, manner, words, weights_folder, monkeypatch
):
    if manner == "silent":
        monkeypatch.setattr(download, "SILENCE_SECONDS", 0.3)
    server.manner = manner
    with pytest.raises(WeightsError, match=words):
        download_weights(NAME)
    assert list(weights_folder.iterdir()) == []
    assert NAME not in models.available()


def test_without_a_network_it_says_what_to_fetch_and_where_to_put_it(server, monkeypatch):
    server.close()
    with pytest.raises(WeightsError, match="Connection refused") as refused:
        download_weights(NAME)
    assert f"{server.address}/raft_small_C_T_V2-" in str(refused.value)
    assert f"flowcore weights import FILE --name {NAME}" in str(refused.value)


def test_progress_is_that_of_the_growing_file(server, monkeypatch):
    monkeypatch.setattr(download, "WATCH_SECONDS", 0.01)
    server.manner = "slow"
    told = []

    def progress(share, words):
        told.append((share, words))
        if 0.3 < share < 0.7:  # the half that the server sends before it waits
            server.go_on.set()

    download_weights(NAME, progress=progress)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert any(0.3 < share < 0.7 for share in shares)
    assert " MB of raft_small_C_T_V2-" in told[-1][1]


def test_two_at_once(server, weights_folder):
    with ThreadPoolExecutor(2) as pool:
        cards = list(pool.map(download_weights, [NAME, NAME]))
    assert cards[0] == cards[1] == models.describe(NAME)
    assert len(list(weights_folder.iterdir())) == 2


def test_drafts_of_a_process_that_was_killed_are_removed(server, weights_folder):
    left = weights_folder / "flowscope-999999999-abc"
    left.mkdir(parents=True)
    (left / "half.pth.partial").write_bytes(b"half")
    os.utime(left, (0, 0))
    download_weights(NAME)
    assert not left.exists()


def test_off_fetches_nothing(server, monkeypatch):
    monkeypatch.setenv("FLOWSCOPE_DOWNLOADS", "off")
    assert downloads_from() is None
    with pytest.raises(ConfigError, match="switched off"):
        download_weights(NAME)
    assert server.num_requests == 0


@pytest.mark.parametrize("chosen", ["of", "ftp://here", "file:///etc/", "/tmp"])
def test_neither_on_nor_off_nor_an_address(chosen, monkeypatch):
    monkeypatch.setenv("FLOWSCOPE_DOWNLOADS", chosen)
    with pytest.raises(ConfigError, match="FLOWSCOPE_DOWNLOADS is on, off, or"):
        downloads_from()


def test_a_name_that_is_not_published(server):
    with pytest.raises(ConfigError, match=f"there are {NAME}"):
        download_weights("raft_small.things")


def test_names_and_hashes_of_the_eight_files(monkeypatch):
    monkeypatch.delenv("FLOWSCOPE_DOWNLOADS", raising=False)
    files = download.published_files()
    assert len(files) == 8
    for name, file in files.items():
        assert file.file.lower() == f"{name.replace('.', '_')}-{file.hash_prefix}.pth"
        assert len(bytes.fromhex(file.hash_prefix)) == 4
        assert store_accepts(name)
    assert downloads_from() == "https://download.pytorch.org/models/"


def store_accepts(name):
    return models.store.NAME_PATTERN.fullmatch(name) is not None


def test_the_commands(server, run):
    status, out, _ = run("weights", "list", "--json")
    assert status == 0
    assert [(row["name"], row["available"]) for row in json.loads(out)] == [(NAME, False)]
    status, out, _ = run("weights", "download", NAME, "--json")
    assert (status, json.loads(out)["name"]) == (0, NAME)
    status, out, err = run("weights", "list")
    assert (status, f"From {server.address}/.\n") == (0, err)
    assert out.startswith(f"{NAME:26} here")
    server.manner = "nothing here"
    status, out, err = run("weights", "download", NAME)
    assert (status, out) == (2, "")
    assert "HTTP 404" in err
