"""The page Training as a script: logs in, curves out; a tiny run from start to end."""

import pytest

from flowcore.errors import InputError
from flowcore.training import source
from flowcore.training.curves import parse_log
from flowcore.training.log import LOG_COLUMNS
from pages.components import training_logs, training_run
from pages.components.training_task import train_here
from pages.components.work import shared_queue
from tests.jobs import job_tasks
from tests.pages.waiting import finished, opened


@pytest.fixture(scope="module", autouse=True)
def queues():
    """The server's queues, ended and forgotten afterwards."""
    yield
    for purpose in ("lanes", "files"):
        shared_queue(purpose).shutdown()
    shared_queue.cache_clear()


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """An empty folder in place of the logs that ship."""
    monkeypatch.setattr(training_logs, "SHIPPED", tmp_path)
    return tmp_path


def log(factor=1.0, *, num_rows=20):
    header = ",".join([*LOG_COLUMNS, "epe_1", "epe_2"])
    rows = [
        f"{step},{'first' if step < 200 else 'second'},0.001,{9 * error},{error},2,"
        f"{error if step % 100 == 0 else ''},{step / 9},{error + 1},{error}"
        for step in range(20, 20 * num_rows + 1, 20)
        for error in [factor * 100 / step]
    ]
    return "\n".join([header, *rows, ""]).encode()


def training(**query):
    return sound(opened("training", **query))


def sound(app):
    assert not app.exception
    return app


def upload(app, *files):
    return sound(
        app.file_uploader(key="logs").set_value([(*file, "text/csv") for file in files]).run()
    )


def figures(app):
    return [element.proto.spec for element in app.get("plotly_chart")]


def errors(app):
    return [element.value for element in app.error]


def texts(app):
    return " ".join(element.value for element in [*app.markdown, *app.caption])


def test_without_any_log_the_page_says_so():
    app = training()
    assert app.title[0].value == "Training"
    assert "No learning curve ships" in texts(app)
    assert not figures(app)


def test_shipped_logs_are_shown(shipped):
    (shipped / "scope_070.scenes.csv").write_bytes(log())
    (shipped / "broken.csv").write_bytes(b"nothing")
    app = training()
    assert app.dataframe[0].value.loc["scope_070.scenes", "steps"] == 400
    assert [text for text in errors(app) if text.startswith("broken: ")]
    (figure,) = figures(app)
    assert "validation" in figure
    assert "second" in figure


def test_shipped_seeds_are_one_run(shipped):
    for seed in range(3):
        (shipped / f"base.seed{seed}.csv").write_bytes(log(seed + 1))
    app = training()
    assert app.multiselect[0].options == ["base"]
    assert app.dataframe[0].value.loc["base", "seeds"] == 3


@pytest.mark.parametrize("chart", ["Error", "Refinement", "Loss", "Gradient norm", "Learning rate"])
def test_every_chart_opens_from_its_address(shipped, chart):
    (shipped / "a.csv").write_bytes(log())
    app = training(**{"curves-chart": chart, "curves-log": "true"})
    assert len(figures(app)) == (2 if chart == "Refinement" else 1)


def with_semantics():
    """The log of a run that was told of classes; the angle was measured at some of its rows."""
    columns = "flow_loss_1,flow_loss_2,semantic_loss_1,semantic_loss_2,angle,"
    columns += "validation_miou,validation_ause"
    head, *rows = log().decode().splitlines()
    return "\n".join(
        [f"{head},{columns}"]
        + [f"{row},2,1,0.5,0.25,{80 if n % 5 == 0 else ''},40,0.2" for n, row in enumerate(rows)]
    ).encode()


@pytest.mark.parametrize(
    ("chart", "num_iterations"),
    {
        "Flow loss": 4,
        "Semantic loss": 4,
        "Angle": 0,
        "Classes and occlusion": 0,
        "Uncertainty": 0,
    }.items(),
)
def test_charts_of_a_run_with_semantics(shipped, chart, num_iterations):
    (shipped / "a.csv").write_bytes(with_semantics())
    (figure,) = figures(training(**{"curves-chart": chart}))
    assert figure.count('"iteration ') == num_iterations


def test_charts_are_offered_where_a_log_has_them(shipped):
    (shipped / "a.csv").write_bytes(log())
    app = training(**{"curves-chart": "Angle"})
    offered = next(group.options for group in app.get("button_group") if "Error" in group.options)
    assert "Angle" not in offered
    bad = with_semantics().replace(b",80", b",high")
    with pytest.raises(InputError, match="column angle of the learning curve holds other"):
        parse_log(bad)


def test_uploaded_seeds_are_a_band():
    app = upload(training(), ("a.seed0.csv", log()), ("a.seed1.csv", log(2)))
    assert list(app.dataframe[0].value.index) == ["a"]
    assert app.dataframe[0].value.loc["a", "seeds"] == 2
    assert "Line: mean of 2 seeds" in texts(app)
    assert "tonexty" in figures(app)[0]


def test_files_of_one_name_are_told_apart_or_joined():
    app = upload(training(), ("log.csv", log()), ("log.csv", log(2)))
    assert list(app.dataframe[0].value.index) == ["log", "log (2)"]
    app = sound(app.toggle(key="as-one").set_value(True).run())
    assert list(app.dataframe[0].value.index) == ["seeds of one run"]


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", log(num_rows=0)])
def test_what_is_no_log_is_a_sentence_and_the_others_stay(data):
    app = upload(training(), ("<b>[bad](x).csv", data), ("good.csv", log()))
    (text,) = errors(app)
    assert text.startswith("bbadx: The learning curve")
    assert list(app.dataframe[0].value.index) == ["good"]


def test_a_diverged_run_is_told_in_words():
    data = log().replace(b",2,", b",nan,", 1)
    app = upload(training(), ("a.csv", data), ("b.csv", log()))
    assert [warning.value for warning in app.warning] == [
        "a diverged: gradient not finite at step 20."
    ]


def test_a_log_without_a_finite_number_is_a_sentence():
    data = f"{','.join(LOG_COLUMNS)}\n1,a,1,nan,nan,nan,,1\n".encode()
    app = upload(training(), ("a.csv", data))
    assert "no finite number" in app.info[0].value


def start(app, *, steps=5):
    app.number_input(key="tiny-steps").set_value(steps)
    app.selectbox(key="tiny-size").set_value("96 x 64")
    next(button for button in app.button if button.label == "Start").click().run()
    return sound(app)


def test_a_tiny_run_ends_with_curves_a_log_and_what_repeats_it():
    app = finished(start(training()), seconds=120)
    assert "scope_035: 5 steps" in app.success[0].value
    assert "validation" in figures(app)[0]
    config, command = (block.value for block in app.code)
    assert 'model = "scope_035"' in config
    assert "flowcore train tiny.toml" in command


def test_a_tiny_run_that_diverges_is_a_sentence_beside_its_curves(monkeypatch):
    monkeypatch.setattr(training_run, "train_here", job_tasks.diverged)
    app = finished(start(training(**{"tiny-seed": "2"})), seconds=120)
    assert errors(app) == ["Training diverged at step 2."]
    assert len(figures(app)) == 1


def test_a_tiny_run_can_be_cancelled_and_started_again():
    app = start(training(**{"tiny-seed": "1"}), steps=600)
    app.button(key="tiny-cancel").click().run()
    assert sound(app.run()).warning[0].value == "Cancelled."
    assert start(app, steps=600).get("progress")
    app.button(key="tiny-cancel").click().run()


@pytest.mark.slow
def test_the_task_hands_over_its_log_after_every_step(monkeypatch):
    monkeypatch.setattr(source, "_NUM_PATTERNS", (4, 4))
    reports = []
    config = training_run._config("scope_035", 3, 1e-3, 1, (64, 96), 0)
    result = train_here(lambda *report: reports.append(report), config)
    assert [fraction for fraction, _, _ in reports] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert [len(parse_log(partial)) for _, _, partial in reports[1:]] == [1, 2, 3]
    assert reports[-1][2] == result
