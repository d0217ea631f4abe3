"""The command `sweep`: its plan, its table, what it lists, and the exit status."""

import json

import pytest

from flowcore.store import RunStore
from flowcore.sweeps.run import run_plan
from tests.sweeps import works


@pytest.fixture
def command(folder, monkeypatch):
    """A sweep of two lanes over two pairs, whose numbers are made up in the children."""
    path = folder / "two.toml"
    path.write_text(
        f'data = ["{folder / "root"}"]\nthreads = 1\n[grid]\nmodel = "dis_fast"\nscale = [1, 0.5]\n'
    )
    monkeypatch.setitem(run_plan.__kwdefaults__, "work", works.listed)
    return ["sweep", path, "--store", folder / "runs.sqlite"]


def test_a_plan_runs_nothing(command, folder, run):
    status, out, _ = run(*command, "--plan")
    assert status == 0
    assert "2 runs, 4 estimates: 0 are in the store, 4 are missing." in out
    assert "dis_fast, scale 0.5" in out
    assert not (folder / "runs.sqlite").exists()
    plan = json.loads(run(*command, "--plan", "--json")[1])
    assert (plan["sweep"], plan["estimates"], plan["missing"]) == ("two", 4, 4)
    assert plan["estimates_of_unknown_time"] == 4
    assert plan["runs"][1]["settings"] == {"model": "dis_fast", "scale": 0.5}


def test_a_sweep_and_once_more(command, folder, run):
    status, out, _ = run(*command, "--json")
    assert status == 0
    runs = json.loads(out)["runs"]
    assert [(one["status"], one["done"], one["epe"]) for one in runs] == [
        ("done", 2, 800.5), ("done", 2, 1900.5)
    ]  # fmt: skip
    assert run(*command, "--json")[1] == out
    assert "0 are missing" in run(*command, "--plan")[1]
    lines = run(*command)[1].splitlines()
    assert lines[1].split() == ["dis_fast", "2", "800.500"]


def test_a_broken_pair_is_listed(command, folder, run):
    (folder / "root/set/one/frame2.png").write_bytes(b"no picture")
    status, out, err = run(*command, "--json")
    assert status == 1
    failed = json.loads(out)["failed"]
    assert [one["sequence"] for one in failed] == ["one", "one"]
    assert f"set/one, dis_fast: {failed[0]['reason']}" in err
    (folder / "root/set/two/flow.flo").unlink()
    status, _, err = run(*command, "--json", "--store", folder / "other.sqlite")
    assert status == 2
    assert "none of 4 pairs could be measured" in err


def test_ctrl_c_keeps_what_was_done(command, folder, run, monkeypatch):
    add = RunStore.add

    def once(store, *args):
        add(store, *args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "add", once)
        status, out, err = run(*command, "--json")
    assert status == 130
    assert "what was done is kept" in err
    assert sum(one["done"] for one in json.loads(out)["runs"]) == 1
    assert run(*command, "--json")[0] == 0


def test_what_cannot_be_is_a_sentence(command, folder, run):
    status, _, err = run(*command, "--scheduler", "tcp://10.0.0.7:8786")
    assert status == 2
    assert "does not use TLS" in err
    folder.joinpath("two.toml").write_text("data = 1")
    status, _, err = run(*command)
    assert status == 2
    assert "The sweep config" in err
