"""To ship: bytes to many devices, seconds on a link, energy and carbon of a million frames."""

import math
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from flowcore.cost import LINKS, format_bytes, transfer_seconds
from flowcore.energy import CORE_POWER, GRIDS, JOULES_PER_KWH, carbon_grams
from flowcore.size_points import SizePoint
from pages.components.words import width_of

__all__ = ["show_shipping"]

FRAMES = 1_000_000
OWN = "another"


def show_shipping(points: Mapping[str, SizePoint]) -> None:
    """One row per point, with its band wherever energy is behind a number."""
    st.header("To ship")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        devices = st.number_input(
            "Devices", 1, 10**9, 10_000, 1000, key="devices", bind="query-params", width=150
        )
        rate = _choice("Link", LINKS, "kbit/s", 1e3, "link", "rate")
        grid = _choice("Electricity", GRIDS, "g CO2 per kWh", 1, "grid", "intensity")
    table = pd.DataFrame(
        {title: _row(point, devices, rate, grid) for title, point in points.items()}
    ).T
    st.dataframe(
        table,
        column_config={"_index": st.column_config.TextColumn(width=width_of(points))},
        key="ship-table",
        alt="What it costs to ship and to run each point",
    )
    methods = sorted({point.energy.method for point in points.values()})
    st.caption(
        f"Energy, with its band in brackets, is {'; or '.join(methods)} ({CORE_POWER.typical:g} W "
        "in the middle); the machine here did the work, not the device. A frame has this pair's "
        "size. The link's overhead is left out. The carbon intensities of electricity are rounded "
        "means of 2023 over the life cycle, after Ember: stated values, to be replaced by yours."
    )


def _choice(
    label: str, known: Mapping[str, float], unit: str, factor: float, name: str, own: str
) -> float:
    """A known value by its name, or the user's own."""
    options = [*known, OWN]
    chosen = st.selectbox(label, options, key=name, bind="query-params", width=220)
    if chosen in known:
        return known[chosen]
    value = st.number_input(
        f"{label}, {unit}", 0.01, 1e9, 100.0, key=own, bind="query-params", width=160
    )
    return value * factor


def _row(point: SizePoint, devices: int, rate: float, grid: float) -> dict[str, str]:
    million = point.energy.times(FRAMES)
    kwh = tuple(joules / JOULES_PER_KWH for joules in (million.joules, million.low, million.high))
    return {
        **_shipped(point.num_bytes, devices, rate),
        "Energy of a frame, J": _banded(point.energy.joules, point.energy.low, point.energy.high),
        "1,000,000 frames, kWh": _banded(*kwh),
        "1,000,000 frames, g CO2": _banded(*carbon_grams(million, grid)),
    }


def _shipped(num_bytes: int, devices: int, rate: float) -> dict[str, str]:
    columns = "One model", f"To {devices:,} devices", "On the link, each"
    if not num_bytes:
        return dict.fromkeys(columns, "no weights")
    seconds = transfer_seconds(num_bytes, rate)
    return dict(
        zip(
            columns,
            (format_bytes(num_bytes), format_bytes(num_bytes * devices), _duration(seconds)),
            strict=True,
        )
    )


def _banded(value: float, low: float, high: float) -> str:
    return f"{_rounded(value)} ({_rounded(low)} to {_rounded(high)})"


def _rounded(value: float) -> str:
    """Two figures: the band allows no more."""
    if value <= 0:
        return "0"
    decimals = 1 - math.floor(math.log10(value))
    return f"{round(value, decimals):,.{max(0, decimals)}f}"


def _duration(seconds: float) -> str:
    """A duration for people, in the unit that suits it.

    >>> _duration(1120)
    '19 min'
    """
    for limit, length, unit in ((1, 1e-3, "ms"), (120, 1, "s"), (7200, 60, "min")):
        if seconds < limit:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds / 3600:.3g} h"
