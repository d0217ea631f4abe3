"""Figures: legend as text, the crop where it was asked, vector where it is vector."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from flowcore.data.synthetic import make_pair
from flowcore.errors import ConfigError
from flowcore.export.figure import FigureSpec, build_figure, error_chart, figure_caption
from flowcore.export.table import metrics_latex
from flowcore.lane import external_lane
from flowcore.types import FramePair

PANELS = (("frames", "first"), ("frames", "truth"), ("ours", "flow"), ("ours", "error"))


@pytest.fixture(scope="module")
def shown():
    """A frame that is red but for a green box at x 40..79, y 20..39."""
    frame = np.full((60, 100, 3), (255, 0, 0), np.uint8)
    frame[20:40, 40:80] = (0, 255, 0)
    pair = make_pair(frame, dx=6, name="boxes")
    return pair, {"ours": external_lane(pair, pair.truth, name="ours_model")}


def test_svg_has_the_legend_as_text(shown):
    svg = build_figure(*shown, FigureSpec(PANELS, scale_bar=20), "svg").decode()
    texts = re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL)
    joined = " ".join(texts)
    assert "full color: 6 px" in joined
    assert "(c) ours, flow" in joined
    assert "20 px" in joined
    assert svg.count("<image") >= 5


def test_pdf_has_the_legend_as_text(shown):
    pdf = build_figure(*shown, FigureSpec(PANELS), "pdf")
    text = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "full color: 6 px" in text
    assert "(d) ours, error" in text


def test_a_lane_can_be_held_against_another(shown):
    pair, lanes = shown
    both = {**lanes, "theirs": lanes["ours"]}
    panels = (("ours", "wins:theirs"), ("frames", "occluded"))
    svg = build_figure(pair, both, FigureSpec(panels), "svg").decode()
    assert "(a) ours, better than theirs" in svg
    assert "(b) Occluded" in svg
    for panel in (("ours", "wins:nobody"), ("ours", "wins"), ("ours", "first"), ("ours", "flow:x")):
        with pytest.raises(ConfigError, match="no panel"):
            build_figure(pair, both, FigureSpec((panel,)))


def test_the_crop_is_where_it_was_asked(shown):
    spec = FigureSpec((("frames", "first"),), crop=(40, 20, 80, 40), labels=False, legend=False)
    picture = np.asarray(Image.open(io.BytesIO(build_figure(*shown, spec, "png"))).convert("RGB"))
    colors = picture.reshape(-1, 3)
    green = ((colors[:, 1] > 200) & (colors[:, 0] < 60)).mean()
    red = ((colors[:, 0] > 200) & (colors[:, 1] < 60)).mean()
    assert green > 0.7
    assert red < 0.05


def test_an_inset_adds_a_picture(shown):
    plain = build_figure(*shown, FigureSpec(PANELS), "svg").count(b"<image")
    with_inset = build_figure(*shown, FigureSpec(PANELS, inset=(40, 20, 60, 30)), "svg")
    assert with_inset.count(b"<image") > plain


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (FigureSpec(()), "at least one panel"),
        (FigureSpec((("ours", "x"),)), "no panel 'x' of 'ours'"),
        (FigureSpec((("theirs", "flow"),)), "'theirs'"),
        (FigureSpec(PANELS, crop=(50, 0, 101, 10)), "must lie in 100x60 px"),
        (FigureSpec(PANELS, inset=(5, 5, 5, 9)), "inset"),
    ],
)
def test_what_cannot_be_shown_is_named(shown, spec, words):
    with pytest.raises(ConfigError, match=words):
        build_figure(*shown, spec, "png")


def test_chart_names_every_lane(shown):
    svg = error_chart(*shown).decode()
    assert ">ours</text>" in svg
    assert "end-point error, px" in svg
    with pytest.raises(ConfigError, match="true flow"):
        error_chart(FramePair(shown[0].first, shown[0].second), shown[1])


def test_caption_states_pair_settings_and_scale(shown):
    caption = figure_caption(*shown, FigureSpec(PANELS, crop=(40, 20, 80, 40)))
    assert "boxes, 100x60 px" in caption
    assert "ours_model, EPE 0.000 px" in caption
    assert "x 40..79, y 20..39 px" in caption
    assert "Full color at 6 px" in caption


def test_latex_table_escapes_names(shown):
    _, lanes = shown
    latex = metrics_latex({"a_b, 50 %": lanes["ours"]}, ["epe", "fl_all"])
    assert r"a\_b, 50 \%" in latex
    assert r"EPE (px) $\downarrow$" in latex
    assert r"\toprule" in latex
