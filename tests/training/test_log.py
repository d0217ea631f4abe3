"""The log: its columns, its means, and files that are none."""

import pytest

from flowcore.errors import ConfigError, InputError
from flowcore.training.log import LOG_COLUMNS, RunLog, StepRecord, read_log

HEADER = ",".join(LOG_COLUMNS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.csv"


def filled(path, config, steps, *, every=2, **known):
    log = RunLog(path, config, **known)
    log.every = every
    for step in steps:
        record = StepRecord(float(step), [10.0 * step, float(step)], 0.5)
        log.add(step, "first", 1e-3, record, {}, 1.5 * step)
    log.flush()
    return log


def test_columns_and_means(path, config):
    filled(path, config, range(1, 5))
    table = read_log(path)
    assert list(table) == [*LOG_COLUMNS, "epe_1", "epe_2", "epe_3", "epe_4"]  # four iterations
    assert table.step.tolist() == [2, 4]
    assert table.loss.tolist() == [1.5, 3.5]
    assert table.epe.tolist() == table.epe_2.tolist() == [1.5, 3.5]
    assert table.epe_1.tolist() == [15, 35]
    assert table.seconds.tolist() == [3, 6]
    assert table.validation_epe.isna().all()
    assert table.epe_3.isna().all()


def test_a_validation_is_a_row(path, config):
    log = RunLog(path, config)
    log.every = 100
    log.add(7, "first", 1e-3, StepRecord(1.0, [2.0], 0.5), {"epe": 3.25}, 1.0)
    log.flush()
    table = read_log(path)
    assert (table.step[0], table.validation_epe[0]) == (7, 3.25)


def test_stages_with_other_numbers_of_iterations_do_not_mix(path, config):
    log = RunLog(path, config)
    log.every = 2
    log.add(1, "first", 1e-3, StepRecord(1.0, [8.0, 4.0], 0.5), {}, 1.0)
    log.add(2, "second", 1e-3, StepRecord(3.0, [8.0, 6.0, 5.0], 0.5), {}, 1.0)
    log.flush()
    row = read_log(path).iloc[0]
    assert (row.loss, row.epe, row.epe_2, row.epe_3) == (2, 5, 6, 5)


def test_resuming_drops_what_came_after_the_checkpoint(path, config):
    filled(path, config, range(1, 7))
    log = RunLog(path, config, keep_steps=5, pending=[(1.0, [2.0, 1.0], 0.5)])
    assert [row[0] for row in log.rows] == ["2", "4"]
    assert log.pending == [StepRecord(1.0, [2.0, 1.0], 0.5)]
    assert RunLog(path, config).rows == []


@pytest.mark.parametrize("content", [b"step\nmany\n", b"step\n\n", b"step\n\xff\n"])
def test_a_damaged_log_is_not_gone_on_with(path, config, content):
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"log\.csv cannot be read; move it away"):
        RunLog(path, config, keep_steps=3)


def test_a_log_without_rows(path, config):
    filled(path, config, [1])
    assert len(read_log(path)) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a CSV file"),
        (b"\xff\xfe\x00", "not a CSV file"),
        (b'"a\n', "not a CSV file"),
        (b"step,loss\n1,2\n", "lacks the columns stage, learning_rate, epe, gradient_norm"),
        (f"{HEADER}\n1,a,1,high,1,1,1,1\n".encode(), "column loss .* holds other than numbers"),
    ],
)
def test_files_that_are_no_log(content, message):
    with pytest.raises(InputError, match=message):
        read_log(content)


def test_a_log_that_is_not_there(path, config):
    with pytest.raises(InputError, match="not a CSV file"):
        read_log(path)
    with pytest.raises(ConfigError, match="cannot be written"):
        RunLog(path / "below" / "log.csv", config).flush()
