"""What the figure builder asks: panels, size, letters, numbers, boxes; one FigureSpec of it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from flowcore.errors import ConfigError
from flowcore.export.figure.build import COLUMN_WIDTHS, FigureSpec, Panel
from flowcore.export.figure.grid import default_layers, grid_panels
from flowcore.export.figure.layout import ZOOM_SHARE
from flowcore.export.figure.text import typefaces
from flowcore.export.panels import LAYERS, frame_layers_of, layers_of
from flowcore.lane import Lane
from flowcore.metrics.definitions import describe
from flowcore.types import Box, FramePair
from pages.components.order import pick_in_order
from pages.components.panes import shown_panels

__all__ = ["choose_figure"]

GRID, FREE, SHOWN = "Grid of lanes", "One by one", "As in the viewer"
OTHER = "Another width"
NO_NUMBER = "no number"
PLACES = {
    "under its last panel": ("under", True),
    "under each panel": ("under", False),
    "inside its last panel": ("inside", True),
    "inside each panel": ("inside", False),
}
CROP, INSET, NEITHER = "crop", "inset", "neither"
IN_CORNERS, BELOW = "in corners", "below the panel"
FACES = {"STIXGeneral": "STIX (as Times)"}


def choose_figure(
    pair: FramePair, lanes: Mapping[str, Lane], region: Box | None = None
) -> FigureSpec:
    """The figure as its widgets stand; ``region`` is a rectangle marked in the viewer.

    Raises
    ------
    ConfigError
        A box that was typed is none. All widgets are there nevertheless.
    """
    choice = _pick_panels(pair, lanes)
    width_mm, font, font_size = _size_and_letters()
    options = _labels(lanes)
    crop_text, inset_text, place, use = _boxes(region)
    crop = _one_box(crop_text)
    insets = [box for text in inset_text.split(";") if (box := _one_box(text))]
    if region is not None and use == CROP:
        crop = region
    if region is not None and use == INSET:
        insets.append(region)
    if isinstance(choice, dict):
        left, top, right, bottom = crop or (0, 0, pair.size[1], pair.size[0])
        shape = max(1, bottom - top) / max(1, right - left)
        if insets and place == BELOW:
            shape *= 1 + ZOOM_SHARE
        panels, columns = grid_panels(pair, width_mm=width_mm, shape=shape, **choice)
    else:
        panels, columns = choice
    return FigureSpec(
        panels,
        columns,
        width_mm,
        crop,
        insets,
        "below" if place == BELOW else "corner",
        font=font,
        font_size=font_size,
        **options,
    )


def _pick_panels(
    pair: FramePair, lanes: Mapping[str, Lane]
) -> dict[str, object] | tuple[Sequence[Panel | None], int]:
    """The arguments of `grid_panels`, or panels and the number of their columns."""
    pick = {GRID: _pick_grid, FREE: _pick_freely, SHOWN: _take_over}
    kind = st.segmented_control(
        "Panels", list(pick), default=GRID, required=True, key="figure-kind"
    )
    return pick[kind](pair, lanes)


def _pick_grid(pair: FramePair, lanes: Mapping[str, Lane]) -> dict[str, object]:
    """The arguments of `grid_panels`."""
    frames = {key: layer.label for key, layer in frame_layers_of(pair).items()}
    known = ["truth"] if pair.truth is not None else []
    frames |= dict.fromkeys(known, "Truth")
    layers = {key: layer.label for lane in lanes.values()
              for key, layer in layers_of(pair, lane).items()}  # fmt: skip
    of_pair, of_lanes, of_layers, number = st.columns((3, 4, 3, 2))
    chosen_frames = of_pair.multiselect(
        "Of the pair", list(frames), ["first", *known], format_func=frames.get, key="figure-frames"
    )
    chosen = pick_in_order(
        of_lanes,
        "Lanes",
        list(lanes),
        list(lanes),
        key="figure-lanes: " + ", ".join(lanes),  # others come with others
    )
    chosen_layers = pick_in_order(
        of_layers,
        "Layers",
        list(layers),
        default_layers(pair),
        name=layers.__getitem__,
        key=f"figure-layers: {pair.truth is not None}",
    )
    return {
        "lanes": {title: lanes[title] for title in chosen},
        "frames": chosen_frames,
        "layers": chosen_layers,
        "columns": _columns(number),
    }


def _pick_freely(pair: FramePair, lanes: Mapping[str, Lane]) -> tuple[Sequence[Panel | None], int]:
    """Any panels in any order, row by row."""
    options = _all_panels(pair, lanes)
    usual, _ = grid_panels(pair, lanes)
    names = {panel: name for name, panel in options.items()}
    of_panels, number = st.columns((10, 2), vertical_alignment="bottom")
    chosen = pick_in_order(
        of_panels,
        "Panels",
        list(options),
        [names[panel] for panel in usual if panel],
        key="figure-panels: " + ", ".join(lanes),
    )
    return [options[name] for name in chosen], _columns(number) or min(4, max(1, len(chosen)))


def _take_over(pair: FramePair, lanes: Mapping[str, Lane]) -> tuple[Sequence[Panel | None], int]:
    """The panes of the viewer, as they are when this is asked."""
    panels, num_others = shown_panels(list(lanes), _all_panels(pair, lanes).values())
    if num_others:
        st.caption(f"Panes of the viewer that figures do not have: {num_others}.")
    if not panels:
        raise ConfigError("No pane of the viewer is one that figures have: pick panels instead.")
    return panels, _columns(st.container(width=200)) or min(4, len(panels))


def _columns(place: st.delta_generator.DeltaGenerator) -> int | None:
    return place.number_input("Columns", 1, 12, None, key="figure-columns", placeholder="automatic")


def _all_panels(pair: FramePair, lanes: Mapping[str, Lane]) -> dict[str, Panel]:
    """Everything that can be a panel, by its name."""
    options: dict[str, Panel] = {
        layer.label: ("frames", key) for key, layer in frame_layers_of(pair).items()
    }
    if pair.truth is not None:
        options["Truth"] = ("frames", "truth")
    for title, lane in lanes.items():
        for key, layer in layers_of(pair, lane).items():
            options[f"{title}: {layer.label}"] = (title, key)
        for rival in lanes if pair.truth is not None else ():
            if rival != title:
                options[f"{title}: {LAYERS['wins'].label} {rival}"] = (title, f"wins:{rival}")
    return options


def _size_and_letters() -> tuple[float, str, float]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        style = st.selectbox(
            "Width",
            [*COLUMN_WIDTHS, OTHER],
            1,
            format_func=lambda name: (
                f"{name}, {COLUMN_WIDTHS[name]:g} mm" if name in COLUMN_WIDTHS else name
            ),
            key="figure-style",
            width=290,
        )
        width_mm = COLUMN_WIDTHS.get(style)
        if width_mm is None:
            width_mm = st.number_input(
                "Width, mm", 15.0, 2000.0, 120.0, 0.1, "%.1f", key="figure-width", width=140
            )
        font = st.selectbox(
            "Typeface",
            typefaces(),
            format_func=lambda name: FACES.get(name, name),
            key="figure-font",
            width=180,
        )
        size = st.number_input(
            "Size, pt", 4.0, 24.0, 8.0, 0.5, "%.1f", key="figure-points", width=120
        )
    return width_mm, font, size


def _labels(lanes: Mapping[str, Lane]) -> dict[str, object]:
    """What is written and drawn beside the pictures."""
    keys = list(dict.fromkeys(key for lane in lanes.values() for key in lane.metrics))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = st.selectbox(
            "Number of each lane",
            [NO_NUMBER, *keys],
            1 + keys.index("epe") if "epe" in keys else 0,
            format_func=lambda key: key if key == NO_NUMBER else describe(key).label,
            key=f"figure-metric: {'epe' in keys}",
            width=220,
        )
        where = st.selectbox("Where", list(PLACES), key="figure-place", width=200)
        bar = st.number_input(
            "Scale bar, px",
            0,
            10_000,
            None,
            key="figure-bar",
            placeholder="automatic",
            width=170,
            help="0 for none.",
        )
        letters = st.toggle("Letters", value=True, key="figure-letters")
        names = st.toggle("Names", value=True, key="figure-names")
        legend = st.toggle("Legend", value=True, key="figure-legend")
    place, is_once = PLACES[where]
    return {
        "letters": letters,
        "names": names,
        "metric": None if metric == NO_NUMBER else metric,
        "metric_place": place,
        "metric_once": is_once,
        "legend": legend,
        "scale_bar": bar,
    }


def _boxes(region: Box | None) -> tuple[str, str, str, str]:
    """Crop and insets as typed, where insets go, and what the marked rectangle is."""
    use = NEITHER
    if region is not None:
        use = st.segmented_control(
            f"Rectangle {', '.join(map(str, region))} as",
            [CROP, INSET, NEITHER],
            default=NEITHER,
            required=True,
            key="figure-region",
        )
    of_crop, of_insets, of_place = st.columns((4, 5, 3), vertical_alignment="bottom")
    crop = of_crop.text_input(
        "Crop: left, top, right, bottom, px", key="figure-crop", placeholder="none"
    )
    insets = of_insets.text_input(
        "Insets, px; several with semicolons",
        key="figure-insets",
        placeholder="such as 10, 20, 60, 50; 80, 20, 99, 40",
    )
    place = of_place.selectbox("Insets", [IN_CORNERS, BELOW], key="figure-inset-place")
    return crop, insets, place, use


def _one_box(text: str) -> Box | None:
    """As typed; None of an empty text."""
    return Box.parse(text) if text.strip() else None
