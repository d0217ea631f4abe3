"""Figures that tests look at."""

import io
import re

import numpy as np
from PIL import Image

from flowcore.export.figure.build import (
    FigureSpec,
    build_figure,
)
from flowcore.export.figure.grid import grid_panels

PANELS = (("frames", "first"), ("frames", "truth"), ("ours", "flow"), ("ours", "error"))
FIRST = (("frames", "first"),)
BARE = {"letters": False, "names": False, "legend": False}


def usual(shown, **options):
    pair, lanes = shown
    width = options.get("width_mm", 174.6)
    panels, columns = grid_panels(pair, lanes, width_mm=width)
    return FigureSpec(panels, columns, **options)


def pixels(shown, spec, **options):
    picture = Image.open(io.BytesIO(build_figure(*shown, spec, "png", **options)))
    return np.asarray(picture.convert("RGB"))


def share(picture, color):
    """Of the pixels that have about this color."""
    return (np.abs(picture.astype(int) - color).max(axis=-1) < 60).mean()


def texts_of(svg):
    return re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL)
