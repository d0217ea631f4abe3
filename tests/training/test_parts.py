"""Parts of a net that learn while all else rests."""

import dataclasses

import torch
from safetensors.torch import save_file

from flowcore import models
from flowcore.models.norm import fold_norm
from flowcore.training.loop import Trainer, train


def test_a_closer_look_learns_alone(config, tmp_path):
    """All else stays bit for bit, and what learns has norms that ship folded."""
    torch.manual_seed(9)
    start = models.build_untrained("scope_070_4px").state_dict()
    save_file(start, tmp_path / "start.safetensors")
    stage = dataclasses.replace(config.stages[0], learns=("closer",), iterations=4)
    config = dataclasses.replace(
        config,
        model="scope_070_near",
        stages=(stage,),
        init=str(tmp_path / "start.safetensors"),
        init_model="scope_070_4px",
        weight_decay=0.5,
        validate_every=2,
    )
    begun = Trainer(config, tmp_path / "begun").net.state_dict()
    run = train(config, tmp_path / "run")
    after = run.averaged.module.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in start.items())
    learnt = [name for name in after if name not in start and "num_batches" not in name]
    assert all(name.startswith(("closer.", "encoder.closer.")) for name in learnt)
    assert not any(torch.equal(after[name], begun[name]) for name in learnt)
    fold_norm(run.averaged.module)
    folded = run.averaged.module.state_dict()
    models.build_untrained("scope_070_near").load_state_dict(folded)
