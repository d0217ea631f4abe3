"""Fixtures for the models."""

import pytest


@pytest.fixture(autouse=True)
def weights_folder(tmp_path, monkeypatch):
    """A user's weights folder of the test's own."""
    folder = tmp_path / "weights"
    monkeypatch.setenv("FLOWCORE_WEIGHTS", str(folder))
    return folder
