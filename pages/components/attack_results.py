"""What an attack did: its figures, the frames with the change made visible, every lane's flows."""

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.io.frames import encode_frame
from flowcore.robustness.attacks.attack import Attacked
from flowcore.robustness.attacks.spread import Spread, changed_pixels, spread_of
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.overlay import difference
from pages.components.attack_run import curve_of
from pages.components.stress_lanes import StressLanes
from pages.components.stress_viewer import Flows

__all__ = ["attacked_first", "show_change", "show_figures", "show_spread"]

SHOWN_PERCENT = 99  # of the changed values that the difference tells apart
DOT = 5  # px: what a changed pixel is drawn as, where there are only a few


def attacked_first(chosen: StressLanes, title: str) -> StressLanes:
    """The same lanes, the attacked one before the others."""
    lanes = sorted(chosen.lanes, key=lambda lane: lane.title != title)
    return replace(chosen, lanes=tuple(lanes))


def show_figures(pair: FramePair, attacked: Attacked, color: str) -> None:
    """The damage before and after rounding, and the curve that led to it."""
    threat = attacked.threat
    if attacked.is_stopped:
        last, best = attacked.curve[-1], max(attacked.curve, key=lambda step: step.gain)
        st.info(
            f"Stopped after step {last.number} of {last.of}; the best so far, of step "
            f"{best.number}, is kept. Press Attack to begin anew."
        )
    st.caption(
        f"{attacked.config.model}: {threat.label}; {attacked.seconds:.1f} s. Damage is the mean "
        "distance of the flow from the clean one; frames are saved with 8 bits, every value "
        "rounded towards the clean one."
    )
    largest, rms = _size(pair, attacked.pair)
    left, right = st.columns([2, 3], gap="medium")
    with left, st.grid(2, min_column_width=140):
        _metric("Damage", _px(attacked.damage), "Before rounding. Higher is worse.")
        _metric("Damage, saved", _px(attacked.saved_damage), "Of the frames in 8 bits.")
        if threat.is_targeted:
            _metric("Nearer to target", _px(attacked.gain), "Before rounding.")
            _metric("Nearer, saved", _px(attacked.saved_gain), "Of the frames in 8 bits.")
        _metric("Largest change", f"{largest}", "Of any value of the saved frames, 0 to 255.")
        _metric("RMS change", f"{rms:.2f}", "Root mean square, of the saved frames, 0 to 255.")
    figure = curve_of(attacked.curve, color, is_targeted=threat.is_targeted)
    right.plotly_chart(figure, width="stretch", key="attack-curve", alt="Damage by step")


def show_change(pair: FramePair, changed: FramePair) -> None:
    """The clean frame, the attacked one, and their difference, amplified as stated."""
    names = [
        name
        for name in ("first", "second")
        if not np.array_equal(getattr(pair, name), getattr(changed, name))
    ]
    if not names:
        st.info("Rounded to 8 bits, nothing of the change is left: take a larger epsilon.")
        return
    name = names[0]
    if len(names) > 1:
        name = st.segmented_control(
            "Frame",
            names,
            default="first",
            required=True,
            key="attacked-frame",
            bind="query-params",
            label_visibility="collapsed",
            format_func=lambda name: f"{name} frame",
        )
    clean, attacked, shown, words = _pictures(pair.digest, changed.digest, name, pair, changed)
    captions = (f"{name.capitalize()} frame, clean", f"{name.capitalize()} frame, attacked", words)
    with st.grid(3, min_column_width=170):
        for picture, caption in zip((clean, attacked, shown), captions, strict=True):
            st.image(picture, caption, width="stretch", alt=caption)


def show_spread(
    pair: FramePair, changed: FramePair, flows: Flows, colors: Mapping[str, str]
) -> None:
    """How far from what was changed each lane's flow breaks."""
    st.subheader("How far it spreads")
    keys = tuple((title, clean.digest, after.digest) for title, (clean, after) in flows.items())
    spreads = _spreads((pair.digest, changed.digest), keys, pair, changed, flows)
    figure = go.Figure()
    for title, spread in spreads.items():
        figure.add_scatter(
            x=[ring.outer for ring in spread.rings],
            y=[ring.damage for ring in spread.rings],
            customdata=[ring.num_pixels for ring in spread.rings],
            name=title,
            mode="lines+markers",
            marker_size=4,
            line_color=colors[title],
            hovertemplate="%{y:.3f} px up to %{x:.0f} px away, %{customdata:,} pixels",
        )
    figure.add_hline(1, line={"dash": "dot", "width": 1, "color": "gray"})
    figure.update_xaxes(title_text="distance from the changed pixels, px (0: they themselves)")
    figure.update_yaxes(title_text="mean flow shift, px", rangemode="tozero")
    figure.update_layout(
        height=300,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.25},
        showlegend=True,
    )
    st.plotly_chart(figure, width="stretch", key="spread", alt="Flow shift by distance")
    table = pd.DataFrame(
        {
            title: {"share": spread.share, "reach": spread.reach, "damage": spread.damage}
            for title, spread in spreads.items()
        }
    ).T
    st.dataframe(
        table,
        column_config={
            "share": st.column_config.NumberColumn(
                "Vectors moved, % ↓", format="%.2f", help="By more than 1 px."
            ),
            "reach": st.column_config.NumberColumn(
                "Reach, px ↓",
                format="%.0f",
                help="How far from the changed pixels every ring of 8 px moved by more than 1 px "
                "on average.",
            ),
            "damage": st.column_config.NumberColumn(
                "Shift within, px ↓",
                format="%.3f",
                help="Mean within reach; of the changed pixels alone where that is 0.",
            ),
        },
        alt="How far the change spreads in every lane",
    )


def _metric(label: str, value: str, about: str) -> None:
    st.metric(label, value, help=about, border=True)


def _px(value: float) -> str:
    return f"{value:.2f} px" if abs(value) >= 1 else f"{value:.3f} px"


def _size(pair: FramePair, changed: FramePair) -> tuple[int, float]:
    """The largest change of a value, and the root mean square over the changed frames, levels."""
    gaps = [
        getattr(changed, name).astype(np.int16) - getattr(pair, name)
        for name in ("first", "second")
    ]
    found = [gap for gap in gaps if gap.any()] or gaps
    largest = max(int(np.abs(gap).max()) for gap in found)
    return largest, float(np.sqrt(np.mean([np.square(gap, dtype=np.float32) for gap in found])))


@st.cache_data(max_entries=8, show_spinner=False)
def _pictures(
    clean_digest: str, changed_digest: str, name: str, _pair: FramePair, _changed: FramePair
) -> tuple[bytes, bytes, bytes, str]:
    """Both frames and their difference as files, and what is to be said of the latter."""
    clean, changed = getattr(_pair, name), getattr(_changed, name)
    gap = difference(clean, changed, gain=1)
    usual = float(np.percentile(gap[gap > 0], SHOWN_PERCENT))  # a few outliers may saturate
    gain = max(1, int(255 // usual))
    words = f"Difference, {gain} times as strong" if gain > 1 else "Difference, as it is"
    shown: UInt8Array = difference(clean, changed, gain=gain)
    if 0 < gap.any(2).mean() < 0.002:
        shown = cv2.dilate(shown, np.ones((DOT, DOT), np.uint8))
        words += f", each pixel drawn {DOT} px wide"
    files = [encode_frame(picture, format="jpeg", quality=95) for picture in (clean, changed)]
    return files[0], files[1], encode_frame(shown), f"{words}; black is unchanged"


@st.cache_data(max_entries=8, show_spinner=False)
def _spreads(
    digests: tuple[str, str],
    keys: tuple[tuple[str, str, str], ...],
    _pair: FramePair,
    _changed: FramePair,
    _flows: Flows,
) -> dict[str, Spread]:
    where = changed_pixels(_pair, _changed)
    return {title: spread_of(clean, after, where) for title, (clean, after) in _flows.items()}
