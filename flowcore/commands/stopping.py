"""Long work that ends well when it is told to stop."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["stop_asked_for"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_asked_for() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or a TERM came since the block began; a second one ends the process as ever.

    Outside of the main thread signals stay as they are.
    """
    is_asked = threading.Event()
    before: dict[int, Any] = {}

    def note(_number: int, _frame: FrameType | None) -> None:
        is_asked.set()
        restore()

    def restore() -> None:
        while before:
            signal.signal(*before.popitem())

    if threading.current_thread() is threading.main_thread():
        before.update({number: signal.signal(number, note) for number in _SIGNALS})
    try:
        yield is_asked.is_set
    finally:
        restore()
