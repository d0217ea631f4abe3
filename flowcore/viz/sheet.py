"""Panels put together into one picture, with titles, legends and a caption."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from flowcore.types import UInt8Array
from flowcore.viz.lettering import INK, font, wrap

__all__ = ["panel_sheet"]

GAP = 16
TITLE_SIZE, TITLE_LINE = 18, 22
CAPTION_SIZE = 16
MAX_PANEL_WIDTH = 640

Panel = tuple[str, UInt8Array]


def panel_sheet(
    rows: Sequence[Sequence[Panel]], legends: Sequence[UInt8Array] = (), caption: str = ""
) -> UInt8Array:
    """Rows of titled panels over their legends and a caption, on white, (H, W, 3) uint8 RGB.

    Parameters
    ----------
    rows : sequence of rows of (title, (h, w, 3) uint8)
        Panels wider than 640 px are reduced.
    legends : sequence of (h, w, 3) uint8
        Side by side under the panels.
    caption : str
        Wrapped to the width of the sheet.
    """
    grid = [[_titled(title, picture) for title, picture in row] for row in rows]
    inner = max(
        [sum(picture.width + GAP for _, picture in row) - GAP for row in grid]
        + [sum(legend.shape[1] + GAP for legend in legends) - GAP]
    )
    lines = wrap(caption, inner, CAPTION_SIZE) if caption else []
    heads = [4 + TITLE_LINE * max(len(words) for words, _ in row) for row in grid]
    pictures = [max(picture.height for _, picture in row) + GAP for row in grid]
    legend_height = max((legend.shape[0] + GAP for legend in legends), default=0)
    body = sum(heads) + sum(pictures) + legend_height + len(lines) * (CAPTION_SIZE + 6)
    sheet = Image.new("RGB", (inner + 2 * GAP, body + 2 * GAP), "white")
    draw = ImageDraw.Draw(sheet)
    top = GAP
    for row, head, row_height in zip(grid, heads, pictures, strict=True):
        left = GAP
        for words, picture in row:
            for number, line in enumerate(words):
                draw.text((left, top + number * TITLE_LINE), line, INK, font(TITLE_SIZE))
            sheet.paste(picture, (left, top + head))
            left += picture.width + GAP
        top += head + row_height
    left = GAP
    for legend in legends:
        sheet.paste(Image.fromarray(legend), (left, top))
        left += legend.shape[1] + GAP
    top += legend_height
    for line in lines:
        draw.text((GAP, top), line, INK, font(CAPTION_SIZE))
        top += CAPTION_SIZE + 6
    return np.asarray(sheet)


def _titled(title: str, picture: UInt8Array) -> tuple[list[str], Image.Image]:
    """The lines of a title above its picture."""
    image = _reduced(picture)
    return wrap(title, image.width, TITLE_SIZE), image


def _reduced(picture: UInt8Array) -> Image.Image:
    image = Image.fromarray(picture)
    if image.width > MAX_PANEL_WIDTH:
        height = max(1, round(image.height * MAX_PANEL_WIDTH / image.width))
        image = image.resize((MAX_PANEL_WIDTH, height), Image.Resampling.LANCZOS)
    return image
