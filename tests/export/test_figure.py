"""Figures: exactly as wide as asked, text that is text and fits, captions."""

import io
import re
from itertools import combinations

import pytest
from PIL import Image
from pypdf import PdfReader

from flowcore.errors import ConfigError
from flowcore.export.chart import error_chart
from flowcore.export.figure.build import (
    COLUMN_WIDTHS,
    FigureSpec,
    build_figure,
    compose_figure,
    figure_size,
)
from flowcore.export.figure.caption import figure_caption
from flowcore.export.figure.grid import arrange, grid_panels
from flowcore.types import FramePair
from tests.export.figures import BARE, FIRST, PANELS, texts_of, usual


def test_the_usual_figure_begins_with_frame_and_truth_and_has_errors_beneath(wide):
    panels, columns = grid_panels(*wide)
    one, two = wide[1]
    assert columns == 4
    assert panels == [
        ("frames", "first"), ("frames", "truth"), (one, "flow"), (two, "flow"),
        None, None, (one, "error"), (two, "error"),
    ]  # fmt: skip


def test_without_truth_the_differences_are_beneath(shown):
    pair, lanes = shown
    panels, _ = grid_panels(FramePair(pair.first, pair.second), lanes)
    assert panels == [("frames", "first"), ("ours", "flow"), None, ("ours", "difference")]


def test_a_narrow_figure_has_few_columns_and_many_lanes_go_on_below():
    frames, layers = ("first", "truth"), ("flow", "error")
    assert arrange(frames, "ab", layers, width_mm=82.5) == (
        [("frames", "first"), ("frames", "truth"), ("a", "flow"), ("b", "flow"),
         ("a", "error"), ("b", "error")], 2,
    )  # fmt: skip
    assert arrange(frames, "a", layers, width_mm=82.5)[0][2:] == [("a", "flow"), ("a", "error")]
    four = ("flow", "error", "kitti_error", "consistency")
    panels, columns = arrange(frames, "a", four, width_mm=88)
    assert columns == 2
    assert panels[2:] == [("a", layer) for layer in four]
    panels, columns = arrange(frames, "abcdef", layers)
    assert columns == 4
    assert panels[8:] == [*((t, "flow") for t in "cdef"), *((t, "error") for t in "cdef")]
    assert arrange(("first",), "a", ("flow",), columns=3)[0] == [
        ("frames", "first"), ("a", "flow"), None,
    ]  # fmt: skip


def test_a_lane_that_lacks_a_layer_has_an_empty_cell(shown):
    panels, columns = grid_panels(*shown, layers=("flow", "consistency", "error"), columns=3)
    assert panels[columns - 1 :: columns] == [("ours", "flow"), None, ("ours", "error")]


@pytest.mark.parametrize(("width", "dpi"), [(82.5, 300), (181, 300), (100.3, 600)])
def test_the_width_is_exact(wide, width, dpi):
    spec = usual(wide, width_mm=width)
    height = figure_size(*wide, spec)[1]
    page = PdfReader(io.BytesIO(build_figure(*wide, spec, "pdf"))).pages[0].mediabox
    assert float(page.width) == pytest.approx(width / 25.4 * 72, abs=1e-3)
    assert float(page.height) == pytest.approx(height / 25.4 * 72, abs=1e-3)
    svg = build_figure(*wide, spec, "svg").decode()
    points = float(re.search(r'<svg[^>]* width="([\d.]+)pt"', svg).group(1))
    assert points == pytest.approx(width / 25.4 * 72, abs=1e-3)
    png = Image.open(io.BytesIO(build_figure(*wide, spec, "png", dpi=dpi)))
    assert png.size == (round(width / 25.4 * dpi), round(height / 25.4 * dpi))
    assert png.info["dpi"][0] == pytest.approx(dpi, abs=0.1)


@pytest.mark.parametrize("width", COLUMN_WIDTHS.values())
def test_the_usual_figure_fits_every_style(wide, width):
    spec = usual(wide, width_mm=width, metric="epe", scale_bar=None)
    assert figure_size(*wide, spec)[0] == width
    assert 30 < figure_size(*wide, spec)[1] < 100


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"width_mm": 82.5},
        {"metric": "epe", "scale_bar": None},
        {"metric": "epe", "metric_place": "inside", "metric_once": False, "scale_bar": 20},
        {"insets": [(5, 5, 25, 15), (60, 5, 70, 30)], "inset_place": "below", "metric": "fl_all"},
        {"font": "STIXGeneral", "font_size": 10, "crop": (10, 5, 70, 35)},
        {"width_mm": 60, "font_size": 6, "metric": "epe"},
    ],
)
def test_no_text_is_cut_off_or_lies_over_another(wide, options):
    figure = compose_figure(*wide, usual(wide, **options), dpi=600)
    figure.set_dpi(600)
    boxes = {text: text.get_window_extent() for text in figure.texts}
    assert len(boxes) > 8
    for text, box in boxes.items():
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= figure.bbox.width + 1, text
        assert box.y1 <= figure.bbox.height + 1, text
    for (one, its), (other, others) in combinations(boxes.items(), 2):
        is_apart = (
            its.x1 <= others.x0 or others.x1 <= its.x0 or its.y1 <= others.y0 or others.y1 <= its.y0
        )
        assert is_apart, (one, other)


def test_letters_are_text_in_svg_and_pdf_and_fonts_are_embedded(shown):
    spec = FigureSpec(PANELS, scale_bar=20, metric="epe", metric_place="inside")
    svg = build_figure(*shown, spec, "svg").decode()
    joined = " ".join(texts_of(svg))
    page = PdfReader(io.BytesIO(build_figure(*shown, spec, "pdf"))).pages[0]
    for text in (
        "full color: 6 px",
        "(c) ours",
        "(d) ours, error",
        "20 px",
        "EPE 0.000 px",
        "0.75",
        "1.5",
    ):
        assert text in joined
        assert text in page.extract_text()
    assert svg.count("<image") == 6  # four panels, the wheel, the bar
    for font in page["/Resources"]["/Font"].values():
        (descendant,) = font.get_object().get("/DescendantFonts", [font])
        assert "/FontFile2" in descendant.get_object()["/FontDescriptor"]


def test_the_same_figure_is_the_same_file_and_tells_its_settings(shown):
    for kind in ("pdf", "svg", "png"):
        one, again = (build_figure(*shown, FigureSpec(PANELS), kind) for _ in range(2))
        assert one == again
    info = Image.open(io.BytesIO(one)).info
    assert '"ours_model"' in info["Description"]
    assert shown[0].digest in info["Description"]


def test_a_lane_can_be_held_against_another(shown):
    pair, lanes = shown
    both = {**lanes, "theirs": lanes["ours"]}
    panels = (("ours", "wins:theirs"), ("frames", "occluded"), None)
    joined = " ".join(texts_of(build_figure(pair, both, FigureSpec(panels, 1), "svg").decode()))
    assert "(a) ours, better than theirs" in joined
    assert "(b) Occluded" in joined
    assert "px better: this lane (blue), the other (red)" in joined
    for panel in (("ours", "wins:nobody"), ("ours", "wins"), ("ours", "first"), ("ours", "flow:x")):
        with pytest.raises(ConfigError, match="no panel"):
            build_figure(pair, both, FigureSpec((panel,)))


def test_beneath_its_flow_an_error_needs_no_lane(wide):
    texts = texts_of(build_figure(*wide, usual(wide), "svg").decode())
    assert "(c) dis_medium" in texts
    assert "(e) error" in texts
    texts = texts_of(build_figure(*wide, FigureSpec((("dis_medium", "error"),)), "svg").decode())
    assert "(a) dis_medium, error" in texts


def test_a_letter_stays_with_its_name(wide):
    spec = FigureSpec(
        (("scope_070.scenes, 2x2, overlap 16", "error"),), 1, width_mm=28, legend=False
    )
    texts = texts_of(build_figure(*wide, spec, "svg").decode())
    assert texts[0] == "(a) scope_070."


def test_letters_names_and_legend_can_be_left_out(shown):
    svg = build_figure(*shown, FigureSpec(PANELS, letters=False), "svg").decode()
    assert "ours, error" in texts_of(svg)
    svg = build_figure(*shown, FigureSpec(PANELS, names=False, legend=False), "svg").decode()
    assert texts_of(svg) == ["(a)", "(b)", "(c)", "(d)"]
    assert not texts_of(build_figure(*shown, FigureSpec(PANELS, **BARE), "svg").decode())


def test_a_number_stands_at_the_last_panel_or_at_each(shown):
    once = build_figure(*shown, FigureSpec(PANELS, metric="epe"), "svg").decode()
    each = build_figure(*shown, FigureSpec(PANELS, metric="epe", metric_once=False), "svg").decode()
    assert texts_of(once).count("EPE 0.000 px") == 1
    assert texts_of(each).count("EPE 0.000 px") == 2


def test_a_letter_without_a_glyph_is_named(shown):
    pair, lanes = shown
    with pytest.raises(ConfigError, match="has no letter '光'"):
        build_figure(pair, {"光": lanes["ours"]}, FigureSpec((("光", "flow"),)))


def test_what_looks_like_mathematics_is_text(shown):
    pair, lanes = shown
    svg = build_figure(pair, {"a$b$": lanes["ours"]}, FigureSpec((("a$b$", "flow"),)), "svg")
    assert "(a) a$b$" in texts_of(svg.decode())


def test_chart_names_every_lane(shown):
    svg = error_chart(*shown).decode()
    assert ">ours</text>" in svg
    assert "end-point error, px" in svg
    with pytest.raises(ConfigError, match="true flow"):
        error_chart(FramePair(shown[0].first, shown[0].second), shown[1])


def test_caption_states_pair_panels_settings_and_scale_once(shown, wide):
    caption = figure_caption(*shown, FigureSpec(PANELS, crop=(40, 20, 80, 40)))
    assert caption == (
        "boxes, 100x60 px. (a) First frame. (b) Truth. (c, d) ours (ours_model): flow, error; "
        "EPE 0.000 px. Shown: x 40..79, y 20..39 px. Full color at 6 px. "
        "Errors are brightest from 1.5 px."
    )
    caption = figure_caption(*wide, usual(wide, metric="epe", letters=False, crop=(0, 0, 9, 9)))
    assert caption.count("dis_medium") == 1
    assert "EPE: lower is better, of the whole frame." in caption
    assert "(a)" not in caption
    caption = figure_caption(*shown, FigureSpec(FIRST, insets=[(0, 0, 9, 9), (9, 9, 19, 19)]))
    assert "Enlarged: x 0..8, y 0..8 px (white); x 9..18, y 9..18 px (yellow)." in caption
    assert "color at" not in caption
