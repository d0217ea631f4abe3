"""A file made on demand outlives the pages that others run before the browser has fetched it."""

from pathlib import PurePosixPath

import pytest
from streamlit.runtime import Runtime
from streamlit.testing.v1 import AppTest


@pytest.fixture
def button():
    """The button on a page that was run, and the server's runtime."""

    def page():
        import streamlit as st
        from streamlit.runtime import get_instance

        from pages.components.takeaway import takeaway

        takeaway("Table (CSV)", lambda: "é,1", "table.csv")
        st.session_state["runtime"] = get_instance()

    app = AppTest.from_function(page).run()
    assert not app.exception
    return app.get("download_button")[0].proto, app.session_state["runtime"]


@pytest.mark.parametrize("here", [True, False])
def test_others_that_run_do_not_take_it_away(button, monkeypatch, here):
    """Only where the visitor has left is it forgotten, as nobody would ever be."""
    proto, runtime = button
    monkeypatch.setattr(Runtime, "_instance", runtime)
    runtime.is_active_session.return_value = here
    files = runtime.media_file_mgr
    stored = PurePosixPath(files.execute_deferred(proto.deferred_file_id)).name
    assert files.read_file(stored).content == "é,1".encode()
    assert files.read_file(stored).filename == "table.csv"
    for _ in range(3):
        files.remove_orphaned_files()
    assert (files.read_file(stored) is not None) == here
