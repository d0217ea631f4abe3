"""The application: its pages, its security headers, the life of its workers, its last error page.

Run with ``streamlit run app.py``. The pages are declared in ``pages/navigation.py`` and not here:
beside the script that Streamlit runs there must be no folder ``pages``, or the pages of older
versions come to life for the first visitor.
"""

import asyncio
import base64
import hashlib
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowcore.errors import FlowcoreError
from flowcore.io.scratch import sweep
from pages.components.ticking import serve_from
from pages.components.work import shared_queue

_LOG = logging.getLogger(__name__)


def content_security_policy() -> str:
    """What a page may load: nothing from elsewhere, and no inline script but Streamlit's own.

    Inline styles and ``blob:`` scripts stay allowed: Streamlit's styling and its components need
    them.
    """
    html = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    ]
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self' blob:", *(f"'sha256-{digest}'" for digest in digests)]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )


class SecurityHeaders:
    """Adds the security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": content_security_policy(),
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


@asynccontextmanager
async def run_workers(_: st.App) -> AsyncIterator[None]:
    """Start the workers with the server, and end them with it; clear up after servers before it."""
    sweep()
    serve_from(asyncio.get_running_loop())
    queues = shared_queue("lanes"), shared_queue("files")
    yield
    for queue in queues:
        queue.shutdown()


def show_error(error: Exception) -> bool:
    """One plain sentence on the page in place of a stack trace, which goes to the log."""
    if isinstance(error, FlowcoreError):
        st.error(str(error))
    else:
        _LOG.error("A page failed.", exc_info=error)
        st.error("Something went wrong that was not foreseen; the server's log has the details.")
    return True


app = st.App(
    "pages/navigation.py",
    middleware=[Middleware(SecurityHeaders)],
    lifespan=run_workers,
    on_script_error=show_error,
)
