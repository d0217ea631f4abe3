"""Programs that some tests need beside Python."""

import os
from typing import NoReturn

import pytest

__all__ = ["missing"]


def missing(program: str) -> NoReturn:
    """Skip the test that needs the program; with ``CI=true``, where all should be here, fail it."""
    reason = f"no {program} on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
