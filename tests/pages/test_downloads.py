"""What Compare offers to take away."""

import pytest

from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


def test_a_wipe_is_of_two_lanes_also_where_they_came_one_by_one():
    app = finished(opened("compare", sample="Sub-pixel", lanes="1", model1="dis_fast"))
    assert app.selectbox(key="moving-other").value == "dis_fast"
    app = finished(app.number_input(key="lanes").set_value(2).run())
    app = finished(app.selectbox(key="model2").set_value("dis_ultrafast").run())
    app = finished(app.button(key="run-lanes").click().run())

    def sides():
        return [app.selectbox(key=f"moving-{side}").value for side in ("one", "other")]

    assert sides() == ["dis_fast", "dis_ultrafast"]
    app.selectbox(key="moving-one").set_value("dis_ultrafast").run()
    assert sides() == ["dis_ultrafast", "dis_fast"]
