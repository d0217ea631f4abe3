"""Pages as scripts: they open, react, refuse plainly, and never show an exception."""

import gc
import io

import numpy as np
import pytest

from flowcore.data.synthetic import make_pair
from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from pages.components.drawing import IS_DRAWN
from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


def compare(**query):
    return finished(opened("compare", **{"lanes": "2", **query}))


def press_run(app):
    return next(button for button in app.button if button.label == "Run").click().run()


def by_key(app, kind, key):
    return next(element for element in app.get(kind) if element.key == key)


def captions(app):
    return " ".join(element.value for element in app.caption)


def alerts(app):
    return [element.value for element in app.error]


def test_start_opens():
    app = opened("start")
    assert not app.exception
    assert app.title[0].value == "Flowscope"


def test_what_was_imported_is_not_searched_for_garbage_after_every_run():
    opened("start")
    assert gc.get_freeze_count() > 100_000


def test_compare_opens_on_the_colorful_sample():
    app = compare()
    assert "640 x 448 px, with truth, labels, occlusions." in captions(app)
    (table,) = app.dataframe
    assert list(table.value.index) == ["scope_070.scenes", "dis_medium"]
    assert (table.value["epe"] < 5).all()


def test_links_that_name_knobs_by_letters_read_as_before():
    app = compare(lanes="1", m1="dis_fast", c1="2x2", o1="16", b1="1.5", w1="linear")
    (title,) = app.dataframe[0].value.index
    assert title == "dis_fast, 2x2, overlap 16, linear blend, blur 1.5"


def test_what_a_link_asks_for_in_vain_is_said():
    app = compare(lanes="99", model1="raft_huge", model2="dis_fast", blur2="-5", blend2="glue",
                  threads="0", scale2="0.5", iterations1="many")  # fmt: skip
    said = {element.value.split(" = ")[0].split()[-1]: element.value for element in app.warning}
    assert set(said) >= {"lanes", "model1", "blur2", "blend2", "threads", "iterations1"}
    assert "whole number from 1 to" in said["lanes"]
    assert "no such model" in said["model1"]
    assert "0 to" in said["blur2"]
    assert "linear" in said["blend2"]
    assert list(app.dataframe[0].value.index)[1] == "dis_fast, scale 0.5"


def test_a_link_opens_its_chunks_with_all_their_settings():
    app = compare(lanes="1", model1="dis_fast", chunks1="2x2", overlap1="16", halo1="8")
    assert list(app.dataframe[0].value.index) == ["dis_fast, 2x2, overlap 16, halo 8"]


def test_a_setting_waits_for_run_and_a_new_lane_does_not():
    app = compare(lanes="1", model1="dis_fast")
    app.number_input(key="blur1").set_value(1.5).run()
    assert list(app.dataframe[0].value.index) == ["dis_fast"]
    assert any("Settings changed: press Run" in text.value for text in app.markdown)
    app = finished(press_run(app))
    assert list(app.dataframe[0].value.index) == ["dis_fast, blur 1.5"]
    app = finished(app.number_input(key="lanes").set_value(2).run())
    assert list(app.dataframe[0].value.index) == ["dis_fast, blur 1.5", "dis_medium"]


def test_same_lane_twice_gets_two_titles():
    app = compare(model1="dis_fast", model2="dis_fast")
    assert list(app.dataframe[0].value.index) == ["dis_fast", "dis_fast (2)"]


def test_uploaded_frames_need_no_truth(pair):
    app = compare(source="Two frames")
    files = [(f"{n}.png", encode_frame(f), "image/png") for n, f in
             (("b", pair.second), ("a", pair.first))]  # fmt: skip
    app = finished(app.file_uploader(key="frames").set_value(files).run())
    assert "128 x 96 px, with no truth." in captions(app)
    assert "psnr" in app.dataframe[0].value
    assert "epe" not in app.dataframe[0].value


def test_uploaded_truth_of_another_size_is_refused_in_its_place(pair):
    app = compare(source="Two frames")
    files = [("a.png", encode_frame(pair.first), ""), ("b.png", encode_frame(pair.second), "")]
    other = make_pair(np.zeros((8, 8, 3), np.uint8)).truth
    files.append(("t.flo", encode_flow(other, "flo"), ""))
    app.file_uploader(key="frames").set_value(files).run()
    assert any("8x8" in text for text in alerts(finished(app)))
    assert "128 x 96 px, with no truth." in captions(app)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_garbage_is_a_sentence_and_the_last_pair_stays(pair, data):
    app = compare(source="Two frames")
    files = [("a.png", encode_frame(pair.first), ""), ("b.png", data, "")]
    app = finished(app.file_uploader(key="frames").set_value(files).run())
    assert any(text.startswith("The second frame") for text in alerts(app))
    assert "640 x 448 px" in captions(app)
    assert len(app.dataframe[0].value) == 2


def test_garbage_as_video_flow_or_weights_is_a_sentence():
    app = compare(source="Video")
    app.file_uploader(key="video").set_value(("v.mp4", b"\0\0\0\x18ftypmp42" + b"x" * 99, "")).run()
    assert alerts(finished(app))
    app = compare(model1="external flow file")
    assert any("Drop the flow file" in text for text in alerts(app))
    app.file_uploader(key="flow1").set_value(("x.flo", b"PIEH" + b"\xff" * 8, ""))
    app = finished(press_run(app))
    assert alerts(app)
    app.file_uploader(key="weights").set_value(("w.pth", b"cos\nsystem\n", "")).run()
    app.button(key="weights-import").click().run()
    assert any("checkpoint" in text for text in alerts(finished(app)))


def test_an_external_flow_is_a_lane(pair):
    app = compare(model1="external flow file", source="Two frames")
    files = [("a.png", encode_frame(pair.first), ""), ("b.png", encode_frame(pair.second), "")]
    app.file_uploader(key="frames").set_value(files).run()
    app.file_uploader(key="flow1").set_value(("x.npy", npy(pair.truth.uv), ""))
    app = finished(press_run(app))
    assert "external" in app.dataframe[0].value.index


def test_an_image_is_set_in_motion():
    app = compare(source="One image", dx="5", noise="10", lanes="1", model1="dis_fast")
    assert "600 x 400 px, with truth, labels, occlusions." in captions(app)
    app = finished(app.toggle(key="occluder").set_value(True).run())
    app = finished(by_key(app, "segmented_control", "metrics").set_value("Classes").run())
    assert "epe_class_2" in app.dataframe[0].value


def test_why_one_is_better_is_said_and_its_pixels_are_shown():
    app = compare(
        source="One image", dx="7", occluder="true", model1="dis_fast", model2="farneback"
    )
    app = finished(app.toggle(key="occluder").set_value(True).run())
    sentence = next(text.value for text in app.markdown if "mean end-point error" in text.value)
    assert "closer to the truth on" in sentence
    pills = by_key(app, "button_group", "why-lit")
    assert any(option.endswith("occluded pixels") for option in pills.options)


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def lane_titles(app):
    return list(finished(app).dataframe[0].value.index)


def test_lanes_are_duplicated_moved_named_and_hidden():
    app = compare(model1="dis_fast", model2="dis_ultrafast")
    app.button(key="Duplicate-1").click().run()
    assert lane_titles(app) == ["dis_fast", "dis_fast (2)", "dis_ultrafast"]
    app.button(key="Move right-2").click().run()
    assert lane_titles(app) == ["dis_fast", "dis_ultrafast", "dis_fast (3)"]
    app.text_input(key="name1").set_value("![o](u)<b>rs")
    app.toggle(key="shown2").set_value(False)
    press_run(app)
    assert lane_titles(app) == ["oubrs", "dis_fast"]


def test_charts_wait_until_the_viewer_is_drawn():
    app = finished(opened("compare"))
    assert app.get("plotly_chart")
    del app.session_state[IS_DRAWN]
    assert not app.run().get("plotly_chart")
    assert app.dataframe


def test_lanes_that_a_preset_adds_are_in_the_address():
    app = compare(lanes="2", model1="dis_fast", model2="dis_medium")
    app = finished(by_key(app, "menu_button", "preset").click("Blur sweep").run())
    assert list(app.dataframe[0].value.index)[2:] == ["dis_fast, blur 2", "dis_fast, blur 4"]
    assert app.query_params["model4"] == "dis_fast"
    assert app.query_params["blur4"] == "4.0"
