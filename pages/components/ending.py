"""The end of a run of a page before its last line."""

from typing import NoReturn

from streamlit.runtime.scriptrunner import StopException

__all__ = ["end_page"]


def end_page() -> NoReturn:
    """End this run of the page here.

    ``st.stop`` does so too, and forgets what was pressed in a fragment while the run was on its
    way: the press would do nothing.
    """
    raise StopException
