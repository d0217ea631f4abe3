"""A file to take away, made when it is asked for, and kept until its page runs again."""

import mimetypes
import threading
from collections.abc import Callable

import streamlit as st
from streamlit.runtime import Runtime, get_instance
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

__all__ = ["takeaway"]


def takeaway(
    label: str,
    make: Callable[[], bytes | str],
    name: str,
    *,
    key: str | None = None,
    help: str | None = None,
    disabled: bool = False,
) -> None:
    """A button that makes a file (bytes, or text for UTF-8) and hands it over; no page runs again.

    Streamlit forgets a file made on demand when two pages of anyone have run since: before the
    browser has fetched it, where many work at once. So it is also entered as a file of this page.
    """
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    context = get_script_run_ctx()

    def made() -> bytes:
        data = make()
        data = data.encode() if isinstance(data, str) else data
        runtime = get_instance()
        if context is not None and runtime.is_active_session(context.session_id):
            enter = threading.Thread(target=_keep, args=(runtime, data, kind, name))
            add_script_run_ctx(enter, context)
            enter.start()
            enter.join()
        return data

    st.download_button(
        label, made, name, kind, key=key, help=help, on_click="ignore", disabled=disabled
    )


def _keep(runtime: Runtime, data: bytes, kind: str, name: str) -> None:
    """Of the visitor whose context the thread has: until the page's next run."""
    runtime.media_file_mgr.add(
        data, kind, f"takeaway {name}", file_name=name, is_for_static_download=True
    )
