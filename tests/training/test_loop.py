"""The loop: resuming bit for bit, the rate's curve, frozen norms, and what ends a run."""

import copy
import dataclasses
import itertools
import math
import multiprocessing

import pytest
import torch
from safetensors.torch import save_file

from flowcore import models
from flowcore.errors import ConfigError, DivergedError, WeightsError
from flowcore.training import guard, loop, precision, source
from flowcore.training.config import Stage
from flowcore.training.log import read_log
from flowcore.training.loop import Trainer, train
from flowcore.training.objective import Objective


def states_equal(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def only_stage(config, **changes):
    return dataclasses.replace(config, stages=(dataclasses.replace(config.stages[0], **changes),))


@pytest.mark.parametrize("log_every", [1, 4])
def test_resuming_is_going_on(config, tmp_path, log_every):
    config = dataclasses.replace(config, log_every=log_every)
    straight = train(config, tmp_path / "straight")
    stopped = train(config, tmp_path / "stopped", stop_after=2)
    assert stopped.step == 2
    resumed = train(config, tmp_path / "stopped", resume=True)
    assert resumed.step == straight.step == 4
    assert states_equal(straight.net, resumed.net)
    assert states_equal(straight.averaged, resumed.averaged)
    logs = [read_log(tmp_path / name / "log.csv") for name in ("straight", "stopped")]
    assert len(logs[0]) == 4 // log_every
    assert logs[0].drop(columns="seconds").equals(logs[1].drop(columns="seconds"))


def test_the_seed_decides(config, tmp_path):
    runs = [
        train(dataclasses.replace(config, seed=seed), tmp_path / str(number), stop_after=1)
        for number, seed in enumerate((1, 1, 2))
    ]
    assert states_equal(runs[0].net, runs[1].net)
    assert not states_equal(runs[0].net, runs[2].net)


def test_loaders_end_with_a_run_that_fails(config, tmp_path, monkeypatch):
    """They leave signals to the run: while one of them lives, the process cannot end."""

    def fail(_):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(loop.Trainer, "validate", fail)
    config = dataclasses.replace(config, validate_every=1)
    with pytest.raises(RuntimeError, match="out of luck") as kept:
        train(config, tmp_path, num_loaders=1)
    assert kept.traceback
    assert multiprocessing.active_children() == []


def test_loaders_change_nothing(config, tmp_path):
    alone = train(config, tmp_path / "alone", stop_after=2)
    helped = train(config, tmp_path / "helped", stop_after=2, num_loaders=1)
    assert states_equal(alone.net, helped.net)


def test_every_step_is_reported(config, tmp_path):
    told = []
    train(config, tmp_path, progress=told.append)
    assert [(progress.step, progress.stage) for progress in told] == [
        (1, "first"), (2, "first"), (3, "second"), (4, "second"),
    ]  # fmt: skip
    assert all(progress.steps == 4 for progress in told)
    assert all(math.isfinite(progress.loss) for progress in told)


def test_a_folder_with_a_checkpoint_needs_resume(config, tmp_path):
    train(config, tmp_path, stop_after=1)
    with pytest.raises(ConfigError, match="holds a checkpoint already; go on with --resume"):
        train(config, tmp_path)


def test_resuming_without_a_checkpoint_begins(config, tmp_path):
    assert train(config, tmp_path / "new", resume=True, stop_after=1).step == 1


def test_a_finished_run_stays_as_it_is(config, tmp_path):
    finished = train(config, tmp_path)
    again = train(config, tmp_path, resume=True)
    assert again.step == 4
    assert states_equal(finished.averaged, again.averaged)


def test_refused_before_the_first_step(config, tmp_path):
    with pytest.raises(ConfigError, match="1 step or more, got 0"):
        train(config, tmp_path, stop_after=0)
    with pytest.raises(ConfigError, match="nowhere does not exist"):
        train(dataclasses.replace(config, photos=("nowhere",)), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        train(config, tmp_path / "file" / "run")


def test_the_rate_climbs_and_falls():
    stage = Stage(name="a", steps=110, learning_rate=1.0, warm_up=10, final=0.2)
    rates = [loop._learning_rate(stage, step) for step in (0, 4, 9, 10, 60)]
    assert rates == pytest.approx([0.1, 0.5, 1.0, 1.0, 0.2 + 0.8 * 0.5])
    assert loop._learning_rate(stage, 109) == pytest.approx(0.2, abs=1e-3)


def test_a_warm_up_as_long_as_the_stage():
    stage = Stage(name="a", steps=10, learning_rate=1.0, warm_up=200)
    assert loop._learning_rate(stage, 9) == pytest.approx(0.05)


def test_weights_learn_and_the_averaged_ones_follow(config, tmp_path):
    before = Trainer(config, tmp_path / "before").net.state_dict()
    trainer = train(config, tmp_path / "run")
    after, averaged = trainer.net.state_dict(), trainer.averaged.module.state_dict()
    learnt = [key for key, _ in trainer.net.named_parameters()]
    assert all(not torch.equal(before[key], after[key]) for key in learnt)
    assert any(not torch.equal(averaged[key], after[key]) for key in learnt)


def test_frozen_norms_keep_their_statistics(config, tmp_path):
    first = train(config, tmp_path, stop_after=2)
    second = train(config, tmp_path, resume=True)
    running = [key for key in first.net.state_dict() if "running" in key]
    assert running
    for key in running:
        assert torch.equal(first.net.state_dict()[key], second.net.state_dict()[key])


def test_beginning_with_weights(config, tmp_path):
    torch.manual_seed(9)
    net = models.build_untrained("scope_035")
    save_file(net.state_dict(), tmp_path / "start.safetensors")
    config = dataclasses.replace(config, init=str(tmp_path / "start.safetensors"))
    trainer = Trainer(config, tmp_path / "run")
    assert states_equal(net, trainer.net)
    assert math.isfinite(trainer.advance().loss)
    with pytest.raises(WeightsError, match="does not hold weights of scope_070"):
        Trainer(dataclasses.replace(config, model="scope_070"), tmp_path / "other")


def test_validation_is_of_the_averaged_net(config, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "_HELD_OUT_BATCHES", ((5.0, 10.0),))
    config = dataclasses.replace(only_stage(config, steps=1), validate_every=1)
    trainer = train(config, tmp_path)
    error = read_log(tmp_path / "log.csv").validation_epe[0]
    assert error == pytest.approx(trainer.validate()["epe"], rel=1e-3)
    assert 1 < error < 100  # such are the motions; nothing is learnt yet
    assert all(part.training is False for part in trainer.averaged.module.modules())


@pytest.mark.parametrize("name", ["census", "ssim", "smoothness"])
def test_each_loss_adds_to_the_first(config, tmp_path, name):
    losses = []
    for weight in (0.0, 1.0):
        terms = dataclasses.replace(config.stages[0].loss, **{name: weight})
        trainer = Trainer(only_stage(config, loss=terms), tmp_path / str(weight))
        losses.append(trainer.advance().loss)
    assert losses[1] > losses[0]


def test_bfloat16_runs(config, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda device: True)
    trainer = train(dataclasses.replace(config, precision="bfloat16"), tmp_path)
    assert trainer.precision == "bfloat16"
    assert all(tensor.isfinite().all() for tensor in trainer.averaged.state_dict().values())


def test_bfloat16_is_left_where_it_would_be_imitated(config, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda device: False)
    trainer = Trainer(dataclasses.replace(config, precision="bfloat16"), tmp_path)
    assert trainer.precision == "float32"
    assert "cpu has no instructions for bfloat16" in caplog.text


def test_gradients_that_are_not_finite(config, tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "_PATIENCE", 3)

    def strange(prediction, *_):
        return Objective({"flow": prediction.flow.sum() * float("nan")}, {})

    monkeypatch.setattr(loop, "objective", strange)
    trainer = Trainer(config, tmp_path)
    before = [parameter.clone() for parameter in trainer.net.parameters()]
    trainer.advance()
    trainer.advance()
    for weight, parameter in zip(before, trainer.net.parameters(), strict=True):
        assert torch.equal(weight, parameter)
    with pytest.raises(DivergedError, match="at step 3: 3 gradients in a row were not finite"):
        trainer.advance()


def test_an_absurd_learning_rate_ends_the_run(config, tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "_PATIENCE", 3)
    wild = only_stage(config, steps=12, learning_rate=1e30, warm_up=0)
    with pytest.raises(DivergedError, match="at step 4: 3 gradients in a row were not finite"):
        train(wild, tmp_path)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_weights_that_are_not_finite_are_not_kept(config, tmp_path):
    trainer = Trainer(config, tmp_path)
    trainer.advance()
    trainer.save()
    content = (tmp_path / "checkpoint.pt").read_bytes()
    next(trainer.averaged.parameters()).data[0] = float("nan")
    with pytest.raises(DivergedError, match="not finite"):
        trainer.save()
    assert (tmp_path / "checkpoint.pt").read_bytes() == content


def test_a_card_makes_its_own_scenes(config, tmp_path):
    with pytest.raises(ConfigError, match="leave out --loaders"):
        Trainer(config, tmp_path, device="cuda", num_loaders=1)


@pytest.fixture
def stack_config(config):
    """One step each for the first network, the second alone, and the second beside the first."""
    stages = [
        Stage(name=str(number), steps=1, batch=2, size=(64, 64), warm_up=0, **options)
        for number, options in enumerate(
            (
                {"learns": ("flownetc",)},
                {"learns": ("flownets_1",)},
                {"learns": ("flownetc", "flownets_1"), "heads": ("flownetc", "flownets_1")},
            )
        )
    ]
    return dataclasses.replace(config, model="flownet2_small", stages=tuple(stages))


def changed_networks(before, after):
    return {key.split(".")[1] for key in before if not torch.equal(before[key], after[key])}


def test_networks_that_do_not_learn_rest(stack_config, tmp_path):
    """Their norms' statistics rest as well; the log has a column for every flow looked at."""
    trainer = Trainer(stack_config, tmp_path)
    states, iterates = [copy.deepcopy(trainer.net.state_dict())], []
    trainer.net.register_forward_hook(lambda _, __, out: iterates.append(len(out.iterates)))
    for _ in range(3):
        trainer.advance()
        states.append(copy.deepcopy(trainer.net.state_dict()))
    changed = [changed_networks(*pair) for pair in itertools.pairwise(states)]
    assert changed == [{"flownetc"}, {"flownets_1"}, {"flownetc", "flownets_1"}]
    assert iterates == [5, 5, 10]
    trainer.save()
    assert len(read_log(tmp_path / "log.csv").filter(regex=r"epe_\d").columns) == 10


def test_validation_asks_the_network_that_learns(stack_config, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "_HELD_OUT_BATCHES", ((5.0, 10.0),))
    trainer = Trainer(stack_config, tmp_path)
    trainer.advance()
    asked = []
    trainer.averaged.module.networks["flownets_1"].register_forward_hook(
        lambda *_: asked.append("flownets_1")
    )
    assert math.isfinite(trainer.validate()["epe"])
    assert asked == []


def test_a_network_alone_learns_by_all_its_flows(config, tmp_path):
    stage = Stage(name="only", steps=1, batch=2, size=(64, 64))
    alone = dataclasses.replace(config, model="flownet_s_thin", stages=(stage,))
    assert math.isfinite(train(alone, tmp_path).seconds)
    assert read_log(tmp_path / "log.csv")["epe_5"].notna().all()
