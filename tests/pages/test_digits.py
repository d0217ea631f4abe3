"""The page Digits as a script: nets are trained, asked and compared; bad input is a sentence."""

import base64
import struct

import numpy as np
import pytest

from flowcore.errors import InputError
from flowcore.io.frames import encode_frame
from pages.components.digit_pad import _frame_of
from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


def digits(**query):
    return sound(opened("digits", **{"digits-steps": "10", **query}))


def sound(app):
    assert not app.exception
    return app


def train(app):
    next(button for button in app.button if button.label == "Train").click().run()
    return finished(app)


def texts(app):
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.info])


def table(app, column):
    return next(frame.value for frame in app.dataframe if column in frame.value)


def upload(app, frame):
    data = [("digit.png", encode_frame(frame), "image/png")]
    return sound(app.file_uploader(key="digits-picture").set_value(data).run())


def test_before_any_training_there_are_results_and_the_formula():
    app = digits(**{"digits-task": "Top left"})
    answers = table(app, "x")
    assert answers.loc["two numbers, top left", "distance"] == 0
    results = table(app, "distance_low")
    assert {"scikit-learn's digits"} <= set(results["data"])
    assert results["seeds"].max() == 3
    assert "Press Train" in texts(app)
    assert "Can they be made exact?" in [panel.label for panel in app.expander]


@pytest.mark.slow
def test_four_nets_train_and_answer_side_by_side():
    app = train(digits())
    answers = table(app, "x")
    assert len(answers) == 6  # target, four nets, formula
    assert (answers["distance"] >= 0).all()
    assert "trained here" in set(table(app, "distance_low")["data"])
    for view in ("Gradient", "Argmax of the canvas", "Threshold"):
        sound(app.segmented_control(key="digits-view").set_value(view).run())
        assert len(app.get("plotly_chart")) >= 4


def test_a_run_can_be_cancelled_and_started_again():
    app = digits(**{"digits-steps": "2000", "digits-nets": "Pixels"})
    next(button for button in app.button if button.label == "Train").click().run()
    app.button(key="digits-cancel").click().run()
    assert "Cancelled" in texts(sound(app.run()))


@pytest.mark.slow
def test_a_net_that_names_the_digit_says_which():
    app = train(digits(**{"digits-task": "By digit, and which digit", "digits-nets": "Pixels"}))
    assert "Digit named by Pixels: " in texts(app)
    command = "python -m flowcore digits mlp --task joint --steps 10 --seed 0"
    assert command in [block.value for block in app.code]


def test_an_uploaded_digit_is_asked_about():
    frame = np.full((50, 80, 3), 255, np.uint8)
    frame[10:40, 38:43] = 0
    app = digits(**{"digits-source": "Upload", "digits-task": "Top left"})
    app = upload(app, frame)
    found = table(app, "x").loc["two numbers, top left"]
    assert (found["x"], found["y"]) == pytest.approx((38 * 0.8, (10 + 15) * 0.8), abs=1)


def test_a_blank_picture_is_a_sentence():
    app = upload(digits(**{"digits-source": "Upload"}), np.full((20, 20, 3), 200, np.uint8))
    assert "The picture is blank" in app.error[0].value


def test_files_that_are_not_idx_are_a_sentence():
    app = digits()
    files = [(name, b"nothing", "") for name in ("a.gz", "b.gz")]
    sound(app.file_uploader(key="digits-files").set_value(files).run())
    next(button for button in app.button if button.label == "Train").click().run()
    assert "expected an idx file" in sound(app).error[0].value


def test_one_file_is_not_enough():
    app = digits()
    sound(app.file_uploader(key="digits-files").set_value([("a.gz", b"x", "")]).run())
    next(button for button in app.button if button.label == "Train").click().run()
    assert "Two idx files are needed" in texts(sound(app))


def test_own_digits_are_trained_with():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 8, 8), np.uint8)
    files = [
        ("images.idx3-ubyte", b"\0\0\x08\x03" + struct.pack(">3I", *images.shape) + bytes(images)),
        ("labels.idx1-ubyte", b"\0\0\x08\x01" + struct.pack(">I", 60) + bytes([3, 7] * 30)),
    ]
    app = digits(**{"digits-nets": "Pixels", "digits-task": "3: top left, 7: center"})
    app.file_uploader(key="digits-files").set_value([(*file, "") for file in files]).run()
    app = train(app)
    assert len(table(app, "x")) == 3


def test_the_drawing_of_the_browser():
    values = bytes(range(64)) * 64
    frame = _frame_of(base64.b64encode(values).decode())
    assert frame.shape == (64, 64, 3)
    assert frame[5, 17].tolist() == [17, 17, 17]
    for bad in ("???", base64.b64encode(b"short").decode()):
        with pytest.raises(InputError, match="64x64"):
            _frame_of(bad)
