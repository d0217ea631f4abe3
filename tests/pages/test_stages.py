"""The stage scrubber of Compare as a script: on demand, stage by stage, in words where none is."""

import pytest

from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


def compare(**query):
    return finished(opened("compare", **{"sample": "Sub-pixel", "lanes": "2", **query}))


def lines(app):
    return [element.value for element in app.markdown if "of the vectors" in element.value]


def stages(app):
    return next(slider for slider in app.slider if slider.label == "Stage")


def test_nothing_is_computed_until_it_is_asked_for():
    app = compare(model1="scope_035.scenes", model2="dis_fast")
    assert not lines(app)
    app = finished(app.toggle(key="stages").set_value(True).run())
    (line,) = lines(app)
    assert line.startswith("**scope_035.scenes**: iteration 1 of 12, moved vectors by ")
    assert "EPE" in line


def test_the_slider_leads_to_the_final_flow():
    app = compare(
        model1="scope_035.scenes", model2="scope_035.scenes", iterations2="4", stages="true"
    )
    assert ["1 of 12," in lines(app)[0], "1 of 4," in lines(app)[1]] == [True, True]
    stages(app).set_value(12).run()
    first, second = lines(app)
    assert "iteration 12 of 12" in first
    assert "iteration 4 of 4" in second
    assert first.endswith("100 % of the vectors have stopped")
    error = float(first.split("EPE ")[1].split(" px")[0])
    assert error == pytest.approx(app.dataframe[0].value["epe"].iloc[0], abs=6e-4)


def test_an_absurd_stage_in_the_address_does_no_harm():
    app = compare(lanes="1", model1="scope_035.scenes", iterations1="3", stages="true", stage="99")
    assert len(lines(app)) == 1
    app = compare(lanes="1", model1="scope_035.scenes", iterations1="1", stages="true", stage="2")
    assert "iteration 1 of 1" in lines(app)[0]


def test_lanes_without_stages_say_so():
    app = compare(model1="dis_fast", model2="farneback", stages="true")
    assert not lines(app)
    assert any("No lane here works in stages" in element.value for element in app.info)
