"""A link from one page to another, in a session in which other things were chosen before."""

import pytest

from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


def led(app, page, **query):
    """The page to which a link with that query leads from where the session is."""
    app.query_params.clear()
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page(f"{page}.py").run()


def test_a_link_says_all_there_is_to_say(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWSCOPE_STORE", str(tmp_path / "runs.sqlite"))
    app = finished(opened("compare", lanes="1", model1="dis_ultrafast", scale1="0.5"))
    assert app.number_input(key="scale1").value == 0.5
    app = led(app, "history")
    app = finished(led(app, "compare", lanes="2", model1="dis_fast", model2="dis_ultrafast"))
    assert app.number_input(key="lanes").value == 2
    assert app.selectbox(key="model1").value == "dis_fast"
    assert app.number_input(key="scale1").value == 1.0
    assert list(app.dataframe[0].value.index) == ["dis_fast", "dis_ultrafast"]


def test_without_a_link_everything_is_as_it_was_left():
    app = finished(opened("compare", lanes="1", model1="dis_ultrafast", scale1="0.5"))
    app = finished(led(led(app, "history"), "compare"))
    assert app.number_input(key="lanes").value == 1
    assert app.number_input(key="scale1").value == 0.5
