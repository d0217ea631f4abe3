"""The mean of several weights, and its card."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from flowcore import models
from flowcore.__main__ import main
from flowcore.errors import WeightsError
from flowcore.models.store import save_weights
from flowcore.training.average import average_weights


@pytest.fixture
def files(tmp_path):
    """Three of the smallest net, of constant weights 1, 2 and 6."""
    shapes = models.build_untrained("scope_035").state_dict()
    made = []
    for value, steps in ((1, 1000), (2, 2000), (6, 3200)):
        folder = tmp_path / str(steps)
        save_weights(
            "scope_035.run",
            {key: torch.full_like(tensor, value).half() for key, tensor in shapes.items()},
            folder=folder,
            num_params=7,
            recipe=f"to {steps}",
            data="photos",
            licence="free",
            scores={"sintel": {"epe": 0.1}},
            training={"steps": steps, "command": f"train {steps}", "hours": 0.5},
        )
        made.append(folder / "scope_035.run.safetensors")
    return made


def test_each_counts_alike_and_the_card_tells(files, weights_folder, capsys):
    assert main(["weights", "average", "scope_035.mean", *map(str, files), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "scope_035.mean"
    mean = load_file(weights_folder / "scope_035.mean.safetensors")
    assert all((tensor == 3).all() for tensor in mean.values())
    assert all(tensor.dtype == torch.float16 for tensor in mean.values())
    card = json.loads((weights_folder / "scope_035.mean.json").read_text())
    assert card["recipe"] == "to 3200; the mean of the weights after 1,000, 2,000 and 3,200 steps"
    assert (card["data"], card["licence"], card["num_params"]) == ("photos", "free", 7)
    assert card["scores"] == {}
    assert card["training"]["hours"] == 0.5
    assert card["training"]["command"] == (
        "train 3200; then python -m flowcore weights average scope_035.mean "
        + " ".join(map(str, files))
    )
    models.create("scope_035.mean")


def test_what_cannot_be_averaged_is_refused(files, weights_folder, tmp_path, capsys):
    alone = tmp_path / "alone" / files[0].name
    alone.parent.mkdir()
    shutil.copy(files[0], alone)
    refused = {
        ("scope_035.mean", files[0]): "two or more files of weights, got 1",
        ("mean", *files): "architecture.tag, got 'mean'",
        ("scope_070.mean", *files): "does not hold weights of scope_070",
        ("scope_035.mean", alone, files[1]): "scope_035.run.json: No such file",
        ("scope_035.mean", files[0], tmp_path / "none.safetensors"): "cannot be read",
    }
    for (name, *chosen), reason in refused.items():
        assert main(["weights", "average", name, *map(str, chosen)]) == 2
        assert reason in capsys.readouterr().err
    assert not list(weights_folder.glob("*"))


def test_a_file_that_is_not_what_its_card_says_is_refused(files, tmp_path):
    shorter = files[0].read_bytes()[:-2]
    files[1].write_bytes(shorter)
    with pytest.raises(WeightsError):
        average_weights("scope_035.mean", files, command="", folder=tmp_path / "out")
