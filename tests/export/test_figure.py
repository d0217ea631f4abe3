"""Figures: exactly as wide as asked, text that is text and fits, boxes where they were asked."""

import io
import re
from itertools import combinations

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from flowcore.data.synthetic import make_pair
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
from flowcore.export.table import metrics_latex
from flowcore.lane import external_lane
from flowcore.types import FlowField, FramePair

PANELS = (("frames", "first"), ("frames", "truth"), ("ours", "flow"), ("ours", "error"))
FIRST = (("frames", "first"),)
BARE = {"letters": False, "names": False, "legend": False}


@pytest.fixture(scope="module")
def shown():
    """A frame that is red but for a green box at x 40..79, y 20..39."""
    frame = np.full((60, 100, 3), (255, 0, 0), np.uint8)
    frame[20:40, 40:80] = (0, 255, 0)
    pair = make_pair(frame, dx=6, name="boxes")
    return pair, {"ours": external_lane(pair, pair.truth, name="ours_model")}


@pytest.fixture(scope="module")
def wide():
    """Two lanes on a frame as wide as KITTI's."""
    frame = np.random.default_rng(0).integers(0, 256, (37, 124, 3), np.uint8)
    pair = make_pair(frame, dx=3, name="street")
    off = FlowField(pair.truth.uv + np.float32(1.5))
    return pair, {
        "dis_medium": external_lane(pair, pair.truth, name="dis_medium"),
        "scope_070.scenes, 2x2, overlap 16": external_lane(pair, off),
    }


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


def test_the_crop_is_where_it_was_asked(shown):
    picture = pixels(shown, FigureSpec(FIRST, 1, crop=(40, 20, 80, 40), **BARE))
    assert share(picture, (0, 255, 0)) > 0.95
    assert share(picture, (255, 0, 0)) == 0
    height, width, _ = picture.shape
    assert height / width == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("place", ["corner", "below"])
def test_an_inset_enlarges_its_box(shown, place):
    plain = share(pixels(shown, FigureSpec(FIRST, 1, **BARE)), (0, 255, 0))
    spec = FigureSpec(FIRST, 1, insets=[(42, 22, 62, 32)], inset_place=place, **BARE)
    assert share(pixels(shown, spec), (0, 255, 0)) > plain + 0.05


def test_an_inset_takes_the_corner_that_hides_least_of_it(shown):
    """The box is in the lower right corner, the inset is not."""
    spec = FigureSpec(FIRST, 1, insets=[(90, 50, 100, 60)], width_mm=100, **BARE)
    picture = pixels(shown, spec)
    frame = np.array((21, 23, 28))  # the dark line around the inset
    rows, columns = np.nonzero((picture == frame).all(axis=-1))
    assert rows.min() < 20
    assert rows.max() > picture.shape[0] * 5 // 6
    assert columns.min() > picture.shape[1] // 2


def test_insets_keep_away_from_scale_bar_and_number(wide):
    def tops(**options):
        spec = usual(wide, insets=[(5, 5, 15, 10)], legend=False, **options)
        figure = compose_figure(*wide, spec)
        boxes = [axis.get_position() for axis in figure.axes[:2]]  # the first frame, its inset
        return boxes[0].y1, boxes[1].y1

    assert tops(scale_bar=20)[0] == pytest.approx(tops(scale_bar=20)[1])
    whole, zoom = tops(metric="epe", metric_place="inside")
    assert zoom < whole - 0.05


@pytest.mark.parametrize("ground", [0, 255])
def test_scale_bar_and_inset_are_seen_on_any_ground(ground):
    pair = make_pair(np.full((60, 100, 3), ground, np.uint8))
    spec = FigureSpec(FIRST, 1, insets=[(50, 10, 60, 20)], scale_bar=20, **BARE)
    picture = pixels((pair, {}), spec)
    for color in ((255, 255, 255), (21, 23, 28)):
        assert share(picture, color) > 0.002


def test_the_scale_bar_is_as_long_as_it_says():
    pair = make_pair(np.full((60, 100, 3), (255, 0, 0), np.uint8))
    picture = pixels((pair, {}), FigureSpec(FIRST, 1, scale_bar=20, width_mm=100, **BARE))
    white = (picture == 255).all(axis=-1)
    runs = [len(run) for row in white[5:-5, 5:-5] for run in
            "".join("#" if dot else " " for dot in row).split()]  # fmt: skip
    assert max(runs) == pytest.approx(20 / 100 * picture.shape[1], rel=0.02)
    assert "Scale bar: 20 px." in figure_caption(pair, {}, FigureSpec(FIRST, scale_bar=None))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (FigureSpec(()), "at least one panel"),
        (FigureSpec((None,)), "at least one panel"),
        (FigureSpec((("ours", "x"),)), "no panel 'x' of 'ours'"),
        (FigureSpec((("theirs", "flow"),)), "'theirs'"),
        (FigureSpec(PANELS, crop=(50, 0, 101, 10)), "must lie in 100x60 px"),
        (FigureSpec(PANELS, insets=[(5, 5, 5, 9)]), "inset"),
        (FigureSpec(PANELS, crop=(0, 0, 50, 50), insets=[(40, 0, 60, 9)]), "must lie in the crop"),
        (FigureSpec(PANELS, insets=[(0, 0, 9, 9)] * 5), "put them below"),
        (FigureSpec(PANELS, scale_bar=101), "100 px are shown"),
        (FigureSpec(PANELS, scale_bar=90), "scale bar with its text"),
        (FigureSpec(PANELS, width_mm=5), "15 to 2000 mm wide, got 5 mm"),
        (FigureSpec(PANELS, width_mm=float("nan")), "mm wide"),
        (FigureSpec(PANELS, 4, width_mm=20), "take fewer columns"),
        (FigureSpec(PANELS, 4, width_mm=24), "wide at 8 pt, its panel"),
        (FigureSpec(PANELS, 1, width_mm=20, letters=False, names=False), "The legend is"),
        (FigureSpec(PANELS, 1, crop=(0, 0, 1, 60)), "mm high"),
        (FigureSpec(PANELS, font="Nonsense"), "no typeface 'Nonsense'"),
        (FigureSpec(PANELS, font_size=40), "4 to 24 pt"),
        (FigureSpec(PANELS, metric="psnr_common"), "No lane of this figure"),
    ],
)
def test_what_cannot_be_shown_is_named(shown, spec, words):
    with pytest.raises(ConfigError, match=words):
        build_figure(*shown, spec, "png")


def test_a_box_without_a_known_pixel_is_refused(shown):
    pair, lanes = shown
    valid = np.ones(pair.size, bool)
    valid[:30] = False
    sparse = FramePair(pair.first, pair.second, FlowField(pair.truth.uv, valid))
    for spec in (
        FigureSpec(PANELS, crop=(0, 0, 100, 30)),
        FigureSpec(PANELS, insets=[(0, 0, 9, 9)]),
    ):
        with pytest.raises(ConfigError, match="no pixel that is known in the panel 'Truth'"):
            build_figure(sparse, lanes, spec)
    build_figure(sparse, lanes, FigureSpec(PANELS, crop=(0, 0, 100, 31)))
    build_figure(sparse, lanes, FigureSpec((*FIRST, ("ours", "flow")), crop=(0, 0, 100, 30)))


def test_a_figure_larger_than_memory_is_refused(shown, monkeypatch):
    with pytest.raises(ConfigError, match="1 dpi or more"):
        build_figure(*shown, FigureSpec(FIRST), "png", dpi=0)
    with pytest.raises(ConfigError, match="65535 px are the most"):
        build_figure(*shown, FigureSpec(FIRST, 1, width_mm=2000), "png", dpi=1200)
    monkeypatch.setattr("flowcore.export.figure.build.available_memory", lambda: 1000)
    with pytest.raises(ConfigError, match="kB are free"):
        build_figure(*shown, FigureSpec(PANELS), "pdf")


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


def test_latex_table_escapes_names(shown):
    _, lanes = shown
    latex = metrics_latex({"a_b, 50 %": lanes["ours"]}, ["epe", "fl_all"])
    assert r"a\_b, 50 \%" in latex
    assert r"EPE (px) $\downarrow$" in latex
    assert r"\toprule" in latex
