"""The viewer on a page: its script, its style, and a page that holds both and a payload."""

import base64
import html
import re
from functools import cache

from flowcore.places import ASSETS

__all__ = ["viewer_element", "viewer_page", "viewer_script", "viewer_style"]

VIEWER = ASSETS / "viewer"
# In this order: what a file needs while it loads stands before it.
SCRIPTS = (
    "color",
    "decode",
    "tiles",
    "readings",
    "layers",
    "view",
    "box",
    "look",
    "state",
    "painters",
    "dom",
    "clip",
    "paint",
    "pictures",
    "actions",
    "disk",
    "draw",
    "pointer",
    "pane",
    "stage",
    "toolbar",
    "legend",
    "readout",
    "keyboard",
    "viewer",
    "component",
)
STYLES = ("viewer", "controls", "panes", "foot", "help")

_LOCKED_DOWN = (  # the page asks nobody for anything
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src blob: data:"
)

_PAGE_STYLE = """
body { margin: 0; padding: 12px; font: 14px system-ui;
       background: light-dark(#fff, #10161b); color: light-dark(#121a20, #e3eaee) }
h1 { font-size: 16px; margin: 0 0 10px }
h2 { font-size: 15px; margin: 24px 0 8px }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 3px 12px; text-align: right;
         border-bottom: 1px solid light-dark(#cbd5dc, #35424b) }
tbody th { text-align: left; font-weight: 400 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px }
summary { cursor: pointer; font-size: 15px; font-weight: 600; margin: 24px 0 8px }
"""


def viewer_page(payload: bytes, *, title: str = "Flowscope", below: str = "") -> str:
    """A complete HTML page with the viewer and its payload, which asks no server for anything.

    Opens from a file, offline. ``title`` is plain text; ``below`` is HTML that follows the viewer,
    in which the caller has escaped whatever a user wrote.
    """
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_LOCKED_DOWN}">
<title>{html.escape(title)}</title>
<style>{_PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>{html.escape(title)}</h1>
{viewer_element(payload)}
{below}
</main>
<script type="module">
{viewer_script()}
</script>
</body>
</html>
"""


def viewer_element(payload: bytes) -> str:
    """The viewer as a part of an HTML page, which must end with `viewer_script` as a module."""
    return (
        f"<flow-viewer><style>\n{viewer_style()}</style>"
        f'<script type="application/octet-stream">{base64.b64encode(payload).decode()}</script>'
        "</flow-viewer>"
    )


@cache
def viewer_script() -> str:
    """The viewer's JavaScript as one module: its files after each other, no imports, no types."""
    source = "\n".join((VIEWER / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    source = re.sub(r"^(?:import .*| */\*\* .* \*/)\n", "", source, flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", source, flags=re.MULTILINE)


@cache
def viewer_style() -> str:
    """The viewer's style sheet: its files after each other."""
    return "\n".join((VIEWER / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)
