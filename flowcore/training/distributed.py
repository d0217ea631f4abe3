"""Several processes, one net: what ``torchrun`` starts, joined by DistributedDataParallel."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

__all__ = ["Workers"]


@dataclass(frozen=True)
class Workers:
    """The place of a process among those of a run; alone unless ``torchrun`` says otherwise."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @classmethod
    @contextlib.contextmanager
    def joined(cls, device: str = "cpu") -> Iterator["Workers"]:
        """The group that the environment names, joined for as long as the block runs."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            yield cls()
            return
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")
        try:
            yield cls(distributed.get_rank(), count, int(os.environ.get("LOCAL_RANK", "0")))
        finally:
            distributed.destroy_process_group()

    @property
    def is_first(self) -> bool:
        """Whether this process writes log and checkpoints."""
        return self.rank == 0

    def device(self, wanted: str) -> torch.device:
        """The device of this process: its own card where there are several."""
        return torch.device(wanted, self.local_rank) if wanted == "cuda" else torch.device(wanted)

    def wrap(self, net: nn.Module, *, has_resting: bool = False) -> Any:
        """The net, its gradients averaged over all processes; some parts may rest in some steps."""
        if self.count == 1:
            return net
        return DistributedDataParallel(net, find_unused_parameters=has_resting)
