"""Multiply-accumulates of an estimate, and what no formula counts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["Operations", "UncountedOp", "count_operations"]

_SAMPLE_MACS = {0: 4, 1: 0, 2: 20}  # per value sampled: bilinear, nearest, bicubic (16 + 4)


class UncountedOp(NamedTuple):
    """An operation that was executed and has no count: its calls, and the values it made."""

    name: str
    num_calls: int
    num_values: int


@dataclass(frozen=True)
class Operations:
    """The arithmetic of one estimate.

    Parameters
    ----------
    macs : int, optional
        Multiply-accumulates of convolutions, matrix products and bilinear sampling, as executed:
        every iteration, chunk and padded pixel counts. None where they cannot be counted.
    uncounted : tuple of UncountedOp
        What was executed beside that, by name: mostly one operation per value, and copies.
    note : str
        Why ``macs`` is None.
    """

    macs: int | None
    uncounted: tuple[UncountedOp, ...] = ()
    note: str = ""


def count_operations(
    model: Callable[..., object],
    height: int,
    width: int,
    iterations: int | None = None,
    *,
    estimate: Callable[[torch.Tensor, torch.Tensor], object] | None = None,
) -> Operations:
    """The operations of one estimate, exact for this size; nothing is computed, only shapes run.

    Parameters
    ----------
    model : FlowModel
    height, width : int
        Of the frames, in px.
    iterations : int, optional
        Refinement steps; the model's own if left out.
    estimate : callable, optional
        What is done with two frames (1, 3, H, W); the model alone if left out. With
        ``flowcore.pipeline.predict`` chunks, padding and resizing are counted as well.
    """
    if not isinstance(model, nn.Module):
        return Operations(None, note="It works in compiled code outside torch: nothing is counted.")
    if estimate is None:

        def estimate(first: torch.Tensor, second: torch.Tensor) -> object:
            return model(first, second, iterations=iterations)

    device = next(model.parameters()).device
    counter = FlopCounterMode(display=False, custom_mapping=_formulas())
    others = _Uncounted(counter.flop_registry)
    try:
        with torch.no_grad(), FakeTensorMode(allow_non_fake_inputs=True), counter, others:
            estimate(*(torch.empty(1, 3, height, width, device=device) for _ in range(2)))
    except (DataDependentOutputException, DynamicOutputShapeException):
        note = "What it executes depends on the values in the frames: it is not counted."
        return Operations(None, note=note)
    return Operations(counter.get_total_flops() // 2, others.found())


class _Uncounted(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes every executed operation that no formula counts; views, which do nothing, aside."""

    def __init__(self, counted: dict[Any, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._counted = counted
        self._found: dict[str, list[int]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        result = func(*args, **(kwargs or {}))
        packet = func.overloadpacket
        if packet not in self._counted and func.namespace == "aten" and not func.is_view:
            made = result if isinstance(result, list | tuple) else (result,)
            sizes = [part.numel() for part in made if isinstance(part, torch.Tensor)]
            self._found.setdefault(str(packet), []).append(sum(sizes))
        return result

    def found(self) -> tuple[UncountedOp, ...]:
        return tuple(
            UncountedOp(name, len(sizes), sum(sizes)) for name, sizes in sorted(self._found.items())
        )


def _formulas() -> dict[Any, Callable[..., int]]:
    """Operations of formulas that torch's counter lacks: two for each multiply-accumulate."""

    def grid_sample(
        _image: Sequence[int],
        _grid: Sequence[int],
        mode: int,
        *_: object,
        out_shape: Sequence[int],
        **__: object,
    ) -> int:
        return 2 * _SAMPLE_MACS[mode] * math.prod(out_shape)

    def bilinear(*_: object, out_shape: Sequence[int], **__: object) -> int:
        return 2 * 4 * math.prod(out_shape)

    aten = torch.ops.aten
    return {aten.grid_sampler_2d: grid_sample, aten.upsample_bilinear2d: bilinear}
