"""The page Semantics as a script: label maps, errors by class, what flows carry, occlusion."""

import dataclasses

import numpy as np
import pytest

from flowcore.data.samples import load
from flowcore.data.synthetic import make_pair
from pages.components import label_source
from tests.pages.waiting import finished, opened

NET = "scope_070_semantic.heads"
LABEL_FILES = {"Labels of the first frame (PNG)", "Labels of the second frame (PNG)"}

pytestmark = pytest.mark.usefixtures("server_queues")


def semantics(pair=None, **query):
    app = opened("semantics", **{"models": ["dis_ultrafast", "dis_fast"]} | query)
    if pair is not None:  # as one that was dropped before
        app.session_state["last_pair"] = pair
        app.run()
    return finished(app)


@pytest.fixture(scope="module")
def small():
    """A texture of 128x96 px with a disc before it, the labels of both frames known."""
    texture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    texture = np.ascontiguousarray(texture.repeat(8, 0).repeat(8, 1))
    return make_pair(texture, dx=3, dy=1, occluder=(-4, 2))


def captions_of(app):
    images = (image.caption for group in app.get("image") for image in group.proto.imgs)
    return " ".join([*images, *(caption.value for caption in app.caption)])


def show(app, part):
    app.segmented_control(key="part").set_value(part)
    return finished(app.run())


def test_a_labelled_pair_shows_all(small):
    app = semantics(small, source="Two frames")
    assert not app.exception
    captions = captions_of(app)
    assert "Labels of the first frame" in captions
    assert "Labels of the second frame" in captions
    takeaways = {button.label for button in app.get("download_button")}
    assert takeaways >= {"Errors by class (CSV)", "Everything (ZIP)"}
    assert not takeaways & LABEL_FILES
    captions = captions_of(show(app, "At the borders"))
    for words in ("Error of dis_fast", "dis_ultrafast:", "are carried to another class"):
        assert words in captions
    show(app, "Occlusion")
    (agreement,) = (frame.value for frame in app.dataframe if "found" in frame.value)
    assert list(agreement.index) == [
        "dis_ultrafast, forward-backward", "dis_fast, forward-backward", f"{NET}, its head",
    ]  # fmt: skip
    assert ((agreement >= 0) & (agreement <= 100)).all().all()
    show(app, "Uncertainty")
    (areas,) = (frame.value for frame in app.dataframe)
    assert list(areas.index) == ["dis_ultrafast", "dis_fast"]
    assert (areas["round trip"] > 0).all()
    takeaways = {button.label for button in app.get("download_button")}
    assert "Sparsification (CSV)" in takeaways
    assert not app.exception


def test_a_pair_without_labels_gets_those_that_a_net_decodes(small):
    """With them, bars by class; a lane of that net says itself how sure it is."""
    app = semantics(
        dataclasses.replace(small, labels=None, second_labels=None),
        source="Two frames",
        models=["dis_fast", NET],
    )
    assert f"This pair has no labels. Shown are the classes that {NET}" in captions_of(app)
    takeaways = {button.label for button in app.get("download_button")}
    assert takeaways >= {"Errors by class (CSV)", *LABEL_FILES}
    assert "are carried to another class" in captions_of(show(app, "At the borders"))
    show(app, "Uncertainty")
    (areas,) = (frame.value for frame in app.dataframe if "round trip" in frame.value)
    assert areas["head"].notna().tolist() == [False, True]


def test_predicted_labels_stand_beside_those_of_the_pair(small):
    app = semantics(small, source="Two frames", labels="Predicted")
    assert f"Shown are the classes that {NET} decodes" in captions_of(app)
    assert not any(box.label == "Palette" for box in app.selectbox)


def test_without_a_net_a_pair_without_labels_says_what_is_needed(monkeypatch):
    monkeypatch.setattr(label_source, "names_with_heads", list)
    app = semantics(sample=load("static").name)
    assert "This pair has no labels" in app.info[0].value
    assert not app.exception


def test_labels_of_the_first_frame_alone(small):
    app = semantics(
        dataclasses.replace(small, second_labels=None, occluded=None, truth=None),
        source="Two frames",
    )
    assert any("need a pair with a true flow" in info.value for info in app.info)
    for part, words in {
        "At the borders": "takes the labels of both",
        "Occlusion": "takes a pair whose",
        "Uncertainty": "takes a pair with a true flow",
    }.items():
        assert any(words in info.value for info in show(app, part).info)
    assert not app.exception


def test_a_palette_that_does_not_match(small):
    strange = dataclasses.replace(small, labels=small.labels + 20)
    app = semantics(strange, source="Two frames", palette="Virtual KITTI 2")
    assert "Virtual KITTI 2 has the classes 0 to 14" in app.warning[0].value
    assert not app.exception
    app = semantics(small, source="Two frames", palette="the generated scenes")
    assert not app.warning
