"""The command that serves the app: whom it lets in."""

import subprocess
from types import SimpleNamespace

import pytest

from flowcore.commands import app


@pytest.fixture
def served(monkeypatch):
    """The words that the server was started with."""
    words = []

    def start(command, **_):
        words.extend(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", start)
    return words


def test_it_serves_this_machine_alone(served):
    assert app.main([]) == 0
    assert "--server.address=localhost" in served
    assert not any("allowedHosts" in word for word in served)  # those of the config: this machine


def test_others_are_let_in_by_name(served):
    app.main(["--address", "0.0.0.0", "--host", "flow.example.org"])
    assert "--server.address=0.0.0.0" in served
    hosts = [word.split("=")[1] for word in served if word.startswith("--server.allowedHosts")]
    assert hosts == ["localhost", "127.0.0.1", "flow.example.org"]
