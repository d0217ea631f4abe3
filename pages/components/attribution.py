"""What the vector at the pinned pixel hangs on, and whether that was learnt."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from flowcore.features.attribution import Attribution, rank_correlation, reach
from flowcore.lane import estimate_key
from flowcore.refinement import is_learnt
from flowcore.types import FramePair
from flowcore.viz.importance import importance_picture
from pages.components.runs import Run, watch
from pages.components.tasks import attribute_vector
from pages.components.words import as_text
from pages.components.work import ask, look

__all__ = ["show_attribution"]


def show_attribution(
    pair: FramePair, runs: Sequence[Run], pixel: tuple[int, int], *, threads: int
) -> None:
    """Which pixels of both frames the vector of a chosen lane hangs on; computed when asked for."""
    able = {
        run.lane.title: run for run in runs if run.lane.flow is None and is_learnt(run.lane.config)
    }
    is_open = st.toggle(
        "What the vector hangs on",
        key="attribution",
        help="Derivative of u or v at this pixel by every pixel of both frames: a backward pass, "
        "or one for each step of integrated gradients; then the same with shuffled weights.",
    )
    if not is_open:
        return
    if not able:
        st.info("No lane here has a gradient: classical methods and files of flow learn nothing.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.selectbox(
            "Lane of the vector", list(able), key="attribution-lane", width=260,
            help="Only learnt models have a gradient.",
        )  # fmt: skip
        component = st.segmented_control(
            "Component", ["u", "v"], default="u", required=True, key="attribution-uv",
            help="u is px to the right, v px down.",
        )  # fmt: skip
        method = st.segmented_control(
            "Method",
            ["gradient", "integrated gradients"],
            default="gradient",
            required=True,
            key="attribution-method",
            help="Integrated gradients start from even frames of the mean color and take 16 steps.",
        )
        is_asked = st.button("Attribute", key="attribution-run")
    lane = able[title].lane
    key = f"attribute:{estimate_key(pair, lane.config)}:{pixel}:{component}:{method}"
    arguments = (pair, lane.config, threads, pixel, component, method)
    job = ask(key, attribute_vector, *arguments, again=True) if is_asked else look(key)
    if job is None:
        st.caption("Press Attribute: nothing is computed before.")
    elif job.state == "failed":
        st.info(as_text(job.error))
    elif job.state == "done":
        _show(pair, job.result, pixel, able[title].job.result.estimate.flow.uv)
    else:
        watch([Run(lane, job)], key="cancel-attribution")


def _show(
    pair: FramePair,
    found: tuple[Attribution, Attribution],
    pixel: tuple[int, int],
    uv: np.ndarray,
) -> None:
    names = ("trained weights", "shuffled weights")
    pictures = [
        (f"{frame} frame, {name}", importance_picture(image, importance))
        for name, attribution in zip(names, found, strict=True)
        for frame, image, importance in (
            ("First", pair.first, attribution.first),
            ("Second", pair.second, attribution.second),
        )
    ]
    for column, (name, picture) in zip(st.columns(4), pictures, strict=True):
        column.image(picture, name, width="stretch", alt=f"Attribution: {name}")
    x, y = pixel
    target = (x + float(uv[y, x, 0]), y + float(uv[y, x, 1]))
    rows = {name: _row(attribution, pixel, target) for name, attribution in zip(names, found,
            strict=True)}  # fmt: skip
    st.dataframe(pd.DataFrame(rows).T.rename_axis("weights"), key="attribution-table",
                 alt="Reach of the attribution")  # fmt: skip
    likeness = [
        rank_correlation(getattr(found[0], frame), getattr(found[1], frame))
        for frame in ("first", "second")
    ]
    st.caption(
        "Square-root scale, each picture bright at its own greatest value. Sanity check: the rank "
        f"correlation with shuffled weights is {likeness[0]:.2f} on the first and "
        f"{likeness[1]:.2f} on the second frame; near 1 would mean that the picture shows the "
        "net's shape and not what it learnt. Within: the radius of the circle that holds that "
        "share, the effective receptive field."
    )


def _row(
    attribution: Attribution, pixel: tuple[int, int], target: tuple[float, float]
) -> dict[str, float]:
    return {
        "vector's component, px": attribution.value,
        "on even frames, px": attribution.baseline,
        "50 % within, first, px": reach(attribution.first, pixel, share=0.5),
        "90 % within, first, px": reach(attribution.first, pixel),
        "50 % within, second, px": reach(attribution.second, target, share=0.5),
        "90 % within, second, px": reach(attribution.second, target),
    }
