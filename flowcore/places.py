"""Where the files lie that are no code: in a checkout beside the package, installed within it."""

from pathlib import Path

__all__ = ["ASSETS", "HOME"]

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_app"

HOME = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent
"""The folder of ``app.py``, ``pages`` and ``assets``."""

ASSETS = HOME / "assets"
"""What ships beside the code: weights, tables, the viewer."""
