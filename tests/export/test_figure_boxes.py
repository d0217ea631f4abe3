"""Figures: crop, insets and scale bar where they were asked, and what cannot be shown."""

import numpy as np
import pytest

from flowcore.data.synthetic import make_pair
from flowcore.errors import ConfigError
from flowcore.export.figure.build import (
    FigureSpec,
    build_figure,
    compose_figure,
)
from flowcore.export.figure.caption import figure_caption
from flowcore.types import FlowField, FramePair
from tests.export.figures import BARE, FIRST, PANELS, pixels, share, usual


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
