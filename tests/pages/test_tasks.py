"""The part Tasks of the page Robustness as a script: drives, failures, surrogates."""

import pytest

from flowcore.tasks.drive import drive
from flowcore.tasks.failures import search_failures
from flowcore.tasks.perturb import noise
from flowcore.tasks.world_course import Course
from flowcore.types import PipelineConfig
from pages.components.work import shared_queue
from tests.pages.waiting import finished, opened
from tests.patience import wait_until

pytestmark = pytest.mark.usefixtures("server_queues")
QUICK, NET = "dis_ultrafast", "scope_035.scenes"
COURSE = Course("pillars", 1, speed=0.25)
ENDLESS = {"course-speed": "0.06", "iterations": "100", "scale": "4.0"}  # two minutes here


def tasks(model=QUICK, **query):
    given = {"part": "Tasks", "model": model, "course-seed": "1", "course-speed": "0.25"}
    return opened("robustness", **(given | {"perturbation": "nothing"} | query))


def by_label(elements, label):
    return next(element for element in elements if element.label == label)


def table(app, column):
    return next(frame.value for frame in app.dataframe if column in frame.value)


def said(elements):
    return " ".join(element.value for element in elements)


def test_a_drive_clean_by_the_true_flow_and_perturbed():
    app = finished(
        tasks(
            perturbation="noise", look="true",
            **{"task-epsilon": "0.050", "threads": "1", "drive-frame": "3"},
        )
    )  # fmt: skip
    assert not app.error
    rows = table(app, "least_clearance")
    assert list(rows.index) == ["clean", "true flow", "noise 0.05"]
    quick = PipelineConfig(QUICK)
    for title, lane, perturb in (
        ("true flow", "truth", noise(0.05)),
        ("clean", quick, lambda sight: sight.second),
        ("noise 0.05", quick, noise(0.05, seed=1)),
    ):
        score = drive(COURSE, "map", lane, perturb=perturb, threads=1).score
        assert rows.loc[title, "least_clearance"] == score.least_clearance
        assert rows.loc[title, "steering_error"] == score.steering_error
        assert rows.loc[title, "outcome"] == score.outcome
    assert len(app.get("plotly_chart")) == 3
    assert len(app.get("video")) == 1
    shifts = table(app, "shift")
    assert shifts["after"].item() > shifts["before"].item()
    command = app.code[-1].value
    assert "flowcore task attack --algorithm map --model dis_ultrafast --threads 1" in command
    assert "--layout pillars --seed 1 --speed 0.25 --attack noise --epsilon 0.05" in command


def test_the_film_that_is_shown_is_in_the_address():
    app = finished(tasks())
    film = app.button_group(key="drive-film")
    assert film.value == "true flow"
    shown = app.get("video")[0].proto.url
    app = film.set_value("clean").run()
    assert app.get("video")[0].proto.url != shown
    again = finished(tasks(**{"drive-film": "clean"}))
    assert again.button_group(key="drive-film").value == "clean"


def test_settings_wait_for_the_button():
    app = finished(tasks("the true flow"))
    before = table(app, "least_clearance").loc["true flow", "least_clearance"]
    assert list(table(app, "least_clearance").index) == ["true flow"]
    assert by_label(app.selectbox, "Perturbed by").disabled
    app = app.selectbox(key="layout").set_value("gate").run()
    assert "press Drive" in said(app.markdown)
    assert table(app, "least_clearance").loc["true flow", "least_clearance"] == before
    app = finished(by_label(app.button, "Drive").click().run())
    assert "press Drive" not in said(app.markdown)
    assert table(app, "least_clearance").loc["true flow", "least_clearance"] != before


def test_the_course_is_there_before_the_flow():
    app = tasks(NET, **ENDLESS)
    assert shared_queue("lanes").active()
    assert len(app.get("plotly_chart")) >= 1
    captions = [image.caption for group in app.get("image") for image in group.proto.imgs]
    assert any("start" in caption or "frame" in caption for caption in captions)


def test_stop_keeps_what_was_driven():
    app = tasks(NET, **ENDLESS)
    clean, _ = shared_queue("lanes").active()
    wait_until(lambda: clean.partial)
    by_label(app.run().button, "Stop").click().run()
    wait_until(lambda: clean.is_over)
    app = finished(app.run())
    num_frames = table(app, "num_frames").loc["clean", "num_frames"]
    assert f"clean: stopped after frame {num_frames};" in said(app.info)
    assert "Cancelled: true flow" in said(app.info)
    by_label(app.button, "Drive").click().run()
    assert shared_queue("lanes").active()[0] is not clean


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"perturbation": "PGD"}, "has no gradient, which PGD needs"),
        ({"chunks": "nonsense"}, "Expected two numbers such as 2x3"),
    ],
)
def test_what_cannot_be_is_a_sentence(query, words):
    app = finished(tasks(**query))
    assert words in said(app.error)


def test_what_a_link_asks_for_in_vain_is_said():
    app = finished(tasks(layout="maze", **{"course-speed": "9", "course-seed": "x"}))
    words = said(app.warning)
    assert "layout = maze. There are corridor, bend" in words
    assert "course-speed = 9. It is a number from 0.06 to 0.25" in words
    assert "course-seed = x. It is a whole number from 0" in words
    assert app.selectbox(key="layout").value == "pillars"
    app = by_label(app.button, "Drive").click().run()
    assert not finished(app.run()).warning


def test_a_surrogate_that_is_not_taught_yet():
    app = finished(tasks(perturbation="FGSM", **{"made-on": "the surrogate below"}))
    assert "There is no surrogate yet" in said(app.info)
    assert list(table(app, "least_clearance").index) == ["clean", "true flow"]


def test_failures_are_found_and_replayed():
    app = finished(
        tasks("the true flow", search="true", trials="4", layouts=["room"], **{"search-seed": "3"})
    )
    assert not app.error
    found = search_failures("map", "truth", num_trials=4, layouts=["room"], seed=3)
    failed = [trial for trial in found if trial.score.has_failed]
    assert f"{len(failed)} of 4 courses fail" in said(app.markdown)
    assert "--trials 4 --layouts room --seed 3" in " ".join(code.value for code in app.code)
    app = finished(by_label(app.button, "Replay").click().run())
    seed = app.number_input(key="course-seed").value
    course = next(trial.course for trial in failed if trial.course.seed == seed)
    assert app.selectbox(key="layout").value == "room"
    assert app.number_input(key="course-speed").value == course.speed
    outcome = next(trial.score.outcome for trial in failed if trial.course == course)
    assert table(app, "least_clearance").loc["true flow", "outcome"] == outcome
    assert app.query_params["layout"] == "room"


@pytest.mark.slow
def test_surrogates_are_taught_judged_and_attacked():
    app = finished(
        tasks(
            teach="true", perturbation="FGSM",
            **{
                "made-on": "the surrogate below", "teach-courses": "2", "teach-unseen": "3",
                "teach-epochs": "1",
            },
        ),
        seconds=120,
    )  # fmt: skip
    assert not app.error
    scores = table(app, "slope")
    assert len(scores) == 5
    assert {"slalom", "gate", "room"} <= set(scores)
    assert len(app.get("plotly_chart")) == 4
    commands = " ".join(code.value for code in app.code)
    assert "--courses 2 --unseen 3 --epochs 1" in commands
    assert "--attack fgsm --epsilon 0.02 --surrogate surrogate.safetensors" in commands
    assert list(table(app, "least_clearance").index) == ["clean", "true flow", "FGSM 0.02"]
