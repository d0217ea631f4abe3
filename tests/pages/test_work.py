"""Whose visits keep a job alive: runs of a page's script that came to their end."""

from unittest.mock import Mock

import pytest
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import RerunException

from flowcore.jobs.job import Visit
from pages.components import work


@pytest.fixture
def here(monkeypatch):
    """The visitors whose pages are open; ``a`` is the one whose script runs."""
    visitors = {"a", "b"}
    monkeypatch.setattr(work, "_begun", {})
    monkeypatch.setattr(work, "_ended", {})
    monkeypatch.setattr(work, "_visitor", lambda: "a")
    monkeypatch.setattr(work, "_is_here", visitors.__contains__)
    return visitors


def seen():
    """One run of the script, in which something is looked at."""
    with work.visit():
        return work.current_visit()


def test_what_the_last_run_saw_is_waited_for(here):
    first = seen()
    assert first == Visit("a", 1)
    assert work._goes_on(first)
    second = seen()
    assert not work._goes_on(first)
    assert work._goes_on(second)


def test_while_a_run_lasts_that_of_before_counts(here):
    first = seen()
    with work.visit():
        assert work._goes_on(first)


def test_a_run_that_is_cut_short_lets_nothing_go(here):
    first = seen()
    with pytest.raises(RerunException), work.visit():
        raise RerunException(None)
    assert work._goes_on(first)


def test_a_run_that_fails_has_ended(here):
    first = seen()
    with pytest.raises(ZeroDivisionError), work.visit():
        raise ZeroDivisionError
    assert not work._goes_on(first)


def test_a_closed_page_waits_for_nothing(here):
    first = seen()
    here.remove("a")
    assert not work._goes_on(first)


def test_visitors_that_are_gone_are_forgotten(here):
    work._begun["b"] = work._ended["b"] = 3
    seen()
    assert "b" in work._begun
    here.remove("b")
    seen()
    assert set(work._begun) == set(work._ended) == {"a"}


def test_a_server_may_end_while_it_is_asked(monkeypatch):
    monkeypatch.setattr(work.runtime, "exists", lambda: True)  # as a moment ago
    monkeypatch.setattr(Runtime, "_instance", None)
    assert work._is_here("a")


@pytest.mark.parametrize("here", [True, False])
def test_a_server_knows_whose_page_is_open(monkeypatch, here):
    monkeypatch.setattr(Runtime, "_instance", Mock(is_active_session=lambda visitor: here))
    assert work._is_here("a") == here
