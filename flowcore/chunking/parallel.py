"""Work on several threads at once, with results in order."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

__all__ = ["in_order"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    work: Callable[[_Item], _Result], items: Sequence[_Item], *, workers: int
) -> Iterator[_Result]:
    """The results of ``work`` on the items, in their order.

    With several workers each is a thread that uses its share of torch's processor threads: nets
    spend most of their time outside of Python's lock, and a whole chunk per thread keeps the
    processor busier than all threads on one chunk.
    """
    workers = min(workers, len(items))
    if workers <= 1:
        yield from map(work, items)
        return
    threads = torch.get_num_threads()
    share = max(1, threads // workers)
    modes = _Modes()

    def work_in_modes(item: _Item) -> _Result:
        with modes.again():
            return work(item)

    try:
        with ThreadPoolExecutor(
            workers, "chunk", initializer=torch.set_num_threads, initargs=(share,)
        ) as pool:
            yield from pool.map(work_in_modes, items)
    finally:
        torch.set_num_threads(threads)


class _Modes:
    """Gradients and autocast are switched per thread: how they are in the thread that asks."""

    def __init__(self) -> None:
        self.has_grad, self.is_inference = (
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
        )
        self.autocasts = [
            (device, torch.get_autocast_dtype(device), torch.is_autocast_enabled(device))
            for device in ("cpu", "cuda")
        ]

    @contextlib.contextmanager
    def again(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.inference_mode(self.is_inference))
            stack.enter_context(torch.set_grad_enabled(self.has_grad))
            for device, dtype, is_on in self.autocasts:
                if is_on:
                    stack.enter_context(torch.autocast(device, dtype))
            yield
