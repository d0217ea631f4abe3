"""Random numbers for a batch, from one generator."""

import math

import torch

__all__ = ["Draw"]


class Draw:
    """Random numbers, independent for every item of a batch.

    The state of ``generator`` decides them all; they lie on its device.
    """

    def __init__(self, generator: torch.Generator, batch: int) -> None:
        self.generator, self.batch = generator, batch
        self.device = generator.device

    def uniform(self, low: float, high: float) -> torch.Tensor:
        """(B,) uniform in [low, high)."""
        values = torch.rand(self.batch, generator=self.generator, device=self.device)
        return low + (high - low) * values

    def normal(self, sigma: float) -> torch.Tensor:
        """(B,) normal, cut off at two sigma."""
        values = torch.randn(self.batch, generator=self.generator, device=self.device)
        return sigma * values.clamp(-2, 2)

    def log_uniform(self, low: float, high: float) -> torch.Tensor:
        """(B,) log-uniform in [low, high)."""
        return self.uniform(math.log(low), math.log(high)).exp()

    def integers(self, low: int, high: int) -> torch.Tensor:
        """(B,) integers in [low, high)."""
        return torch.randint(low, high, (self.batch,), generator=self.generator, device=self.device)

    def chance(self, share: float) -> torch.Tensor:
        """(B,) true with this probability."""
        return self.uniform(0, 1) < share

    def rows(self, count: int) -> torch.Tensor:
        """(B, count) uniform in [0, 1)."""
        return torch.rand(self.batch, count, generator=self.generator, device=self.device)

    def number(self) -> float:
        """One number in [0, 1) for the whole batch."""
        return self.uniform(0, 1)[0].item()

    def normal_like(self, values: torch.Tensor) -> torch.Tensor:
        """Standard normal numbers, one for each value."""
        return torch.randn(values.shape, generator=self.generator, device=self.device)
