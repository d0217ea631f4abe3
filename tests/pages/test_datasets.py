"""The page Datasets as a script: roots, splits, runs that are kept, links, uploads, refusals."""

import io
import os
import zipfile
from functools import partial

import pytest

from flowcore.data import samples
from flowcore.data.catalog import LAYOUTS
from flowcore.data.datasets import open_dataset
from flowcore.errors import InputError
from flowcore.evaluation import facts_of
from flowcore.store import RunStore
from flowcore.types import PipelineConfig
from pages.components import dataset_roots, dataset_runs
from pages.components.dataset_task import Course, evaluate_lane
from pages.components.tasks import call
from pages.components.work import shared_queue
from tests.data.layouts import MAKERS, frame
from tests.pages.waiting import finished, opened
from tests.patience import wait_until

pytestmark = pytest.mark.usefixtures("server_queues")


@pytest.fixture(autouse=True)
def roots(tmp_path, monkeypatch):
    """A root with a data set in the layout of Sintel, and a link that leads out of it."""
    root = tmp_path / "public"
    MAKERS["sintel"](root / "movies")
    MAKERS["plain"](tmp_path / "private")
    (root / "way out").symlink_to(tmp_path / "private")
    monkeypatch.setattr(samples, "names", lambda: ["subpixel"])
    monkeypatch.setenv("FLOWSCOPE_ROOTS", str(root))
    monkeypatch.setenv("FLOWSCOPE_STORE", str(tmp_path / "store" / "runs.sqlite"))
    dataset_roots._below_roots.clear()
    return root


def datasets(**query):
    return opened("datasets", lanes="2", model1="dis_fast", model2="dis_ultrafast", **query)


def measured(app):
    return finished(by_label(app.button, "Run").click().run())


def by_label(elements, label):
    return next(element for element in elements if element.label == label)


def said(elements):
    return " ".join(element.value for element in elements)


def test_a_split_is_measured_kept_and_shown_again(tmp_path):
    app = datasets(dataset="public/movies", split="final")
    assert app.title[0].value == "Datasets"
    assert "Press Run" in said(app.info)
    assert "2 pairs" in said(app.caption)
    assert LAYOUTS["sintel"].card.truth in said(app.caption)
    app = measured(app)
    assert not app.error
    board = app.dataframe[0].value
    assert sorted(board.index) == ["dis_fast", "dis_ultrafast"]
    assert list(board.columns)[:3] == ["pairs", "seconds", "epe_pooled"]
    assert (board["pairs"] == 2).all()
    assert LAYOUTS["sintel"].card.protocol in said(app.caption)
    assert by_label(app.metric, "Wins").value.endswith("of 2 pairs")
    links = [link.proto for link in app.get("page_link")]
    assert {link.label for link in links} == {"alley_1/frame_0001", "alley_1/frame_0002"}
    assert "dataset=public%2Fmovies" in links[0].query_string
    assert "split=final" in links[0].query_string
    assert "model2=dis_ultrafast" in links[0].query_string
    assert "evaluate ROOT --split final --model dis_fast" in app.code[0].value
    again = datasets(dataset="public/movies", split="final")
    assert again.dataframe[0].value.equals(board)
    assert not shared_queue("lanes").active()
    with RunStore(tmp_path / "store" / "runs.sqlite") as store:
        assert [run.status for run in store.runs()] == ["done", "done"]


def test_only_some_pairs():
    app = measured(datasets(dataset="public/movies", split="final"))
    app = app.text_input(key="find").set_value("0002").run()
    assert (app.dataframe[0].value["pairs"] == 1).all()
    app = app.text_input(key="find").set_value("nowhere").run()
    assert "No pair with such a name" in said(app.info)
    assert not app.exception


def test_a_broken_pair_is_listed(roots):
    (roots / "movies/training/final/alley_1/frame_0003.png").write_bytes(b"no picture")
    app = measured(datasets(dataset="public/movies", split="final"))
    assert (app.dataframe[0].value["pairs"] == 1).all()
    assert "1 of 2 pairs could not be measured" in {box.label for box in app.expander}


def test_a_lane_that_gave_way_goes_on_in_the_same_run(roots, tmp_path):
    """It was asked to finish while it measured its first pair; the page asks for the rest."""
    dataset, config = open_dataset(roots / "movies"), PipelineConfig("dis_fast")
    path = dataset_runs.default_path()
    work = (dataset.part("final"), config, 1, path, None)
    course = evaluate_lane(lambda fraction, message: fraction > 0, *work)
    assert not course.is_complete
    with RunStore(path) as store:
        assert store.count(course.run) == 1
    facts = facts_of(dataset.part("final"), config, threads=1)
    key, queue = dataset_runs.job_key(facts), shared_queue("lanes")
    job = queue.submit(key, call, partial(Course, *course))
    wait_until(lambda: job.is_over)
    app = opened(
        "datasets", lanes="1", threads="1", model1="dis_fast",
        dataset="public/movies", split="final",
    )  # fmt: skip
    app = finished(app)
    assert app.dataframe[0].value["pairs"].item() == 2
    with RunStore(path) as store:
        assert [(run.id, run.status) for run in store.runs()] == [(course.run, "done")]
    queue.drop(key)


def test_nobody_leaves_the_roots():
    assert dataset_roots.offered() == ["Samples", "public/movies"]
    for name in ("public/way out", "public/../private", "/etc"):
        with pytest.raises(InputError, match="There is no data set"):
            dataset_roots.opened(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("public/gone", "There is no data set 'public/gone' on this server."),
        ("upload-0000", "The data set of this link is no longer here"),
    ],
)
def test_a_link_to_a_data_set_that_is_not_here_says_so_until_another_is_chosen(name, words):
    app = datasets(dataset=name)
    for _ in range(2):  # whatever makes the page run again
        assert words in said(app.error)
        assert not app.dataframe
        assert not app.exception
        app = app.run()
    app = app.selectbox(key="dataset").set_value("public/movies").run()
    assert not app.error
    assert "2 pairs" in said(app.caption)
    compare = opened("compare", source="Data set", dataset=name, lanes="1", model1="dis_fast")
    assert words in said(finished(compare).error)


def test_the_number_of_the_pairs_is_in_the_address_by_its_key():
    app = measured(datasets(dataset="public/movies", split="final", by="fl_all"))
    assert app.selectbox(key="number-by").value == "fl_all"
    assert app.query_params["by"] in ("fl_all", ["fl_all"])
    app = app.selectbox(key="number-by").select_index(0).run()
    assert "by" not in app.query_params


def packed(folder):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, os.path.join("mine", path.relative_to(folder)))
    return stream.getvalue()


def test_a_zip_is_a_data_set(tmp_path):
    app = datasets(dataset="public/movies")
    app.file_uploader(key="dataset-zip").set_value(
        [("../mine.zip", packed(tmp_path / "private"), "application/zip")]
    )
    app = app.run()
    assert not app.error
    assert app.selectbox(key="dataset").value.startswith("upload-")
    assert app.selectbox(key="split").options == ["a", "b", "all"]
    name = app.selectbox(key="dataset").value
    linked = datasets(dataset=name, split="b")
    assert not linked.error
    assert linked.selectbox(key="dataset").value == name
    assert "The data set of this link is no longer here" in said(
        datasets(dataset="upload-0000").error
    )


def test_a_link_to_what_a_data_set_lacks_says_so():
    """Neither the first split nor the first pair is shown for the one that was meant."""
    app = datasets(dataset="public/movies", split="finall")
    assert "has no split 'finall'; there are" in said(app.error)
    assert not app.selectbox(key="split").set_value("final").run().error
    link = {"source": "Data set", "dataset": "public/movies", "lanes": "1", "model1": "dis_fast"}
    compare = opened("compare", **link, split="final", sequence="nowhere")
    assert "has no pair 'nowhere'" in said(compare.error)
    assert not compare.selectbox(key="split").set_value("all").run().error
    assert not compare.selectbox(key="dataset").set_value("Samples").run().error


def test_what_is_no_data_set_is_a_sentence(tmp_path):
    frame(tmp_path / "one" / "only.png")
    for content, words in ((b"no archive", "damaged"), (packed(tmp_path / "one"), "No pair lies")):
        app = datasets(dataset="public/movies")
        app.file_uploader(key="dataset-zip").set_value([("a.zip", content, "application/zip")])
        app = app.run()
        assert words in said(app.error)
        assert str(tmp_path) not in said(app.error)
        assert app.selectbox(key="dataset").value == "public/movies"
        assert not app.exception


def test_a_pair_of_a_data_set_in_compare():
    app = finished(
        opened(
            "compare",
            source="Data set",
            dataset="public/movies",
            split="final",
            sequence="alley_1/frame_0002",
            lanes="1",
            model1="dis_fast",
        )
    )
    assert not app.error
    assert "sintel-final/alley_1/frame_0002, 8 x 6 px, with truth, occlusions." in said(app.caption)


def test_a_store_of_a_newer_version(tmp_path, monkeypatch):
    path = tmp_path / "newer.sqlite"
    with RunStore(path) as store:
        store._file.execute("PRAGMA user_version = 99")
    monkeypatch.setenv("FLOWSCOPE_STORE", str(path))
    app = datasets(dataset="public/movies", split="final")
    assert "written by a newer Flowscope" in said(app.error)
