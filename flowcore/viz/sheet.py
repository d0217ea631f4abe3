"""Panels put together into one picture, with titles, legends and a caption."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from flowcore.types import UInt8Array
from flowcore.viz.lettering import INK, font, wrap

__all__ = ["panel_sheet"]

GAP = 16
TITLE_SIZE = 18
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
    grid = [[(title, _reduced(picture)) for title, picture in row] for row in rows]
    inner = max(
        [sum(picture.width + GAP for _, picture in row) - GAP for row in grid]
        + [sum(legend.shape[1] + GAP for legend in legends) - GAP]
    )
    lines = wrap(caption, inner, CAPTION_SIZE) if caption else []
    row_heights = [TITLE_SIZE + 8 + max(picture.height for _, picture in row) + GAP for row in grid]
    legend_height = max((legend.shape[0] + GAP for legend in legends), default=0)
    height = GAP + sum(row_heights) + legend_height + len(lines) * (CAPTION_SIZE + 6) + GAP
    sheet = Image.new("RGB", (inner + 2 * GAP, height), "white")
    draw = ImageDraw.Draw(sheet)
    top = GAP
    for row, row_height in zip(grid, row_heights, strict=True):
        left = GAP
        for title, picture in row:
            shown = wrap(title, picture.width, TITLE_SIZE)[0] if title else ""
            draw.text((left, top), shown, INK, font(TITLE_SIZE))
            sheet.paste(picture, (left, top + TITLE_SIZE + 8))
            left += picture.width + GAP
        top += row_height
    left = GAP
    for legend in legends:
        sheet.paste(Image.fromarray(legend), (left, top))
        left += legend.shape[1] + GAP
    top += legend_height
    for line in lines:
        draw.text((GAP, top), line, INK, font(CAPTION_SIZE))
        top += CAPTION_SIZE + 6
    return np.asarray(sheet)


def _reduced(picture: UInt8Array) -> Image.Image:
    image = Image.fromarray(picture)
    if image.width > MAX_PANEL_WIDTH:
        height = max(1, round(image.height * MAX_PANEL_WIDTH / image.width))
        image = image.resize((MAX_PANEL_WIDTH, height), Image.Resampling.LANCZOS)
    return image
