"""The probe of Compare as a script: type a pixel, read every lane; absurd pixels do no harm."""

import pytest

from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


def compare(**query):
    return finished(opened("compare", **{"sample": "Sub-pixel", "lanes": "2", **query}))


def numbers(app):
    return next((frame.value for frame in app.dataframe if "best_u" in frame.value), None)


def hints(app):
    return [element.value for element in app.caption if "Click a pixel" in element.value]


def test_a_typed_pixel_is_read_in_every_lane():
    app = compare(model1="scope_070.scenes", model2="dis_fast")
    assert numbers(app) is None
    assert hints(app)
    app.number_input(key="px").set_value(200).run()
    app = finished(app.number_input(key="py").set_value(150).run())
    assert not hints(app)
    table = numbers(app)
    assert list(table.index) == ["scope_070.scenes", "dis_fast"]
    assert (table["epe"] < 1).all()
    assert table["cell"].tolist() == [16, 1]
    for level, cell in (("7", 4), ("8", 2)):
        app.segmented_control(key="probe-level").set_value(level).run()
        assert numbers(app)["cell"].tolist() == [cell, 1]
    app = finished(app.segmented_control(key="probe-level").set_value("all").run())
    assert numbers(app)["cell"].tolist() == [16, 1]
    app = finished(app.button(key="probe-clear").click().run())
    assert numbers(app) is None


def test_a_link_holds_the_pixel():
    app = compare(lanes="1", model1="dis_fast", px="7", py="0")
    assert len(numbers(app)) == 1


@pytest.mark.parametrize("pixel", [("-1", "5"), ("99999", "5"), ("x", "5"), ("", "")])
def test_absurd_pixels_in_the_address_do_no_harm(pixel):
    app = compare(lanes="1", model1="dis_fast", px=pixel[0], py=pixel[1])
    assert not app.exception
    assert numbers(app) is None or len(numbers(app)) == 1


def test_a_smaller_pair_lets_the_pixel_go():
    app = compare(lanes="1", model1="dis_fast", sample="Coffee break", px="630", py="440")
    assert numbers(app) is not None
    app = finished(app.selectbox(key="sample").set_value("subpixel").run())
    assert numbers(app) is None
    assert hints(app)


def test_maps_channels_and_attribution_open_on_demand():
    app = compare(lanes="2", model1="scope_035.scenes", iterations1="2", model2="dis_fast",
                  px="200", py="150", inside="true")  # fmt: skip
    app = finished(app.toggle(key="channels").set_value(True).run())
    app.number_input(key="channel-32").set_value(31).run()
    app = finished(app.toggle(key="attribution").set_value(True).run())
    assert any("Press Attribute" in element.value for element in app.caption)
    app = finished(app.button(key="attribution-run").click().run())
    table = next(f.value for f in app.dataframe if "on even frames, px" in f.value)
    assert list(table.index) == ["trained weights", "shuffled weights"]
    assert any("rank correlation" in element.value for element in app.caption)


def test_lanes_without_features_say_so():
    app = compare(lanes="1", model1="dis_fast", px="200", py="150", inside="true")
    for key in ("channels", "attribution"):
        app = finished(app.toggle(key=key).set_value(True).run())
    words = " ".join(element.value for element in app.info)
    for start in (
        "No lane here compares",
        "No lane here has an encoder",
        "No lane here has a grad",
    ):
        assert start in words
