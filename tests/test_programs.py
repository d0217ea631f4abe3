"""A program that is missing is no reason to fail, except where everything should be there."""

import pytest

from tests.programs import missing


def test_a_person_without_the_program_skips_what_needs_it(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no chromium on this machine"):
        missing("chromium")


def test_in_ci_nothing_is_skipped(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no chromium on this machine"):
        missing("chromium")
