"""The plan of a sweep: what the store has by content, and what is told of time and memory."""

from flowcore.data.files import PairFiles
from flowcore.evaluation import evaluate
from flowcore.sweeps.config import open_datasets
from flowcore.types import PipelineConfig


def test_an_empty_store_has_nothing_and_needs_no_reading(planned, store, monkeypatch):
    read = []
    load = PairFiles.load
    monkeypatch.setattr(
        PairFiles, "load", lambda files, **how: read.append(files.sequence) or load(files, **how)
    )
    plan = planned(store)
    assert (len(plan.runs), plan.num_pairs, plan.num_missing) == (2, 4, 4)
    assert read == ["one"]  # for the memory
    assert plan.seconds == (0.0, 4)
    assert plan.peak_bytes > 0
    assert not store.runs()


def test_tasks_come_pair_by_pair(planned, store):
    tasks = list(planned(store, chunks=["whole", "2x2"], overlap=8).tasks())
    assert [(task.position, task.run) for task in tasks] == [
        (position, run) for position in range(2) for run in range(4)
    ]
    assert [task.is_checked for task in tasks] == [True, False, False, False] * 2
    assert len({task.sweep for task in tasks}) == 1


def test_content_says_what_is_there(config, planned, store, root):
    """Whoever measured it and under whatever name: here by `evaluate`, one folder renamed since."""
    (dataset,) = open_datasets(config)
    list(evaluate(dataset, PipelineConfig("dis_fast"), threads=1, runs=1, store=store))
    (root / "set/two").rename(root / "set/zwei")
    plan = planned(store)
    assert [run.num_missing for run in plan.runs] == [0, 2]
    seconds, num_unknown = plan.seconds
    assert (seconds, num_unknown) == (0.0, 2)
    assert plan.runs[0].pair_seconds > 0
    frames = root / "set/one"
    (frames / "frame2.png").write_bytes((frames / "frame1.png").read_bytes())
    assert [run.num_missing for run in planned(store).runs] == [1, 2]


def test_corrupted_pairs_are_others(config, planned, store):
    (dataset,) = open_datasets(config)
    list(evaluate(dataset, PipelineConfig("dis_fast"), threads=1, runs=1, store=store))
    plan = planned(store, model="dis_fast", corruption=["brightness:2", "none"])
    assert [(run.lane.corruption, run.num_missing) for run in plan.runs] == [
        ("", 0), ("brightness:2", 2)
    ]  # fmt: skip


def test_a_lane_that_cannot_run_is_told_of(planned, store):
    plan = planned(store, chunks="60x60")
    assert "Chunks" in plan.runs[0].warning or "chunks" in plan.runs[0].warning
    assert plan.peak_bytes == 0
