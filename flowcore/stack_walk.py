"""One pair on its way through FlowNet2: what each network made of it, and what it had to go by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowcore import models
from flowcore.errors import ConfigError
from flowcore.metrics.flow import epe
from flowcore.models.flownet_net import STAGES
from flowcore.pipeline import load_model, run
from flowcore.types import FloatArray, FramePair, PipelineConfig, UInt8Array

__all__ = ["FUSION", "SMALL", "SPEEDS", "Walk", "names_of_stacks", "walk"]

SMALL = STAGES["flownets_d"]
FUSION = STAGES["flownetfusion"]
SPEEDS = {"below 1 px": (0.0, 1.0), "1 to 10 px": (1.0, 10.0), "10 px and more": (10.0, np.inf)}
_WITH_FUSION = ("flownet2", "flownet2_small")


@dataclass(frozen=True, eq=False)
class Walk:
    """What the five networks made of a pair.

    Parameters
    ----------
    flows : mapping of network to (H, W, 2) float32
        "FlowNetC", "FlowNetS 1", "FlowNetS 2", "FlowNetSD", "Fusion"; px.
    warped : mapping of network to (H, W, 3) uint8
        The second frame, fetched by each flow that a later network sees.
    choice : (H, W) float32
        1 where the fused flow follows the stack, 0 where it follows FlowNetSD.
    table : DataFrame
        A row per network: ``epe`` and, by speed, ``epe below 1 px`` and so on (NaN without truth);
        ``moved``, the mean change to the flow that it started from, px; ``smaller``, the percent
        of pixels whose error became smaller by that; ``brightness``, the mean difference of the
        first frame and the second one fetched by its flow, gray levels.
    still : float
        That difference without any motion.
    """

    flows: Mapping[str, FloatArray]
    warped: Mapping[str, UInt8Array]
    choice: FloatArray
    table: pd.DataFrame
    still: float

    @property
    def stack(self) -> str:
        """The last network of the stack for large motion."""
        return [name for name in self.flows if name not in (SMALL, FUSION)][-1]


def names_of_stacks() -> list[str]:
    """The models that can be walked through, of those that are here."""
    return [name for name in models.available() if name.partition(".")[0] in _WITH_FUSION]


def walk(
    pair: FramePair,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> Walk:
    """All that the networks of a FlowNet2 made of a pair.

    Raises
    ------
    ConfigError
        The model has no fusion network, or the lane is chunked: what networks see of each other
        belongs to single chunks there. And as of ``flowcore.pipeline.run``.
    """
    if config.model.partition(".")[0] not in _WITH_FUSION or config.chunks is not None:
        raise ConfigError(f"Only a whole frame in FlowNet2 can be walked through, got {config}.")
    progress(0.0, "running all networks")
    wanted = frozenset({"iterates", *load_model(config.model).maps})
    estimate = run(pair, config, threads=threads, keep=wanted)
    progress(0.8, "measuring")
    flows = dict(zip(estimate.stages, estimate.iterates, strict=True))
    warped = {
        STAGES[name.removeprefix("warped_")]: _as_levels(picture)
        for name, picture in estimate.maps.items()
        if name.startswith("warped_")
    }
    return Walk(
        flows,
        warped,
        estimate.maps["fusion_choice"][..., 0],
        _table(pair, flows, warped),
        _difference(pair.first, pair.second),
    )


def _table(
    pair: FramePair, flows: Mapping[str, FloatArray], warped: Mapping[str, UInt8Array]
) -> pd.DataFrame:
    rows, before = {}, np.zeros_like(next(iter(flows.values())))
    stack = before
    for name, flow in flows.items():
        start = np.zeros_like(flow) if name == SMALL else stack if name == FUSION else before
        rows[name] = {
            **_errors(pair, flow),
            "moved": float(epe(flow, start).mean()),
            "smaller": _share_smaller(pair, flow, start),
            "brightness": _difference(pair.first, warped[name]) if name in warped else np.nan,
        }
        before = flow
        stack = stack if name in (SMALL, FUSION) else flow
    return pd.DataFrame(rows).T.rename_axis("network")


def _errors(pair: FramePair, flow: FloatArray) -> dict[str, float]:
    """Mean EPE over all known pixels, and over those of each speed."""
    named = {"epe": (0.0, np.inf)} | {f"epe {name}": span for name, span in SPEEDS.items()}
    if pair.truth is None:
        return dict.fromkeys(named, np.nan)
    errors, speed, known = epe(flow, pair.truth.uv), pair.truth.magnitude, pair.truth.valid
    means = {}
    for name, (least, most) in named.items():
        counted = known & (speed >= least) & (speed < most)
        means[name] = float(errors[counted].mean()) if counted.any() else np.nan
    return means


def _share_smaller(pair: FramePair, flow: FloatArray, start: FloatArray) -> float:
    if pair.truth is None or not pair.truth.valid.any():
        return np.nan
    truth = pair.truth
    gained = epe(flow, truth.uv) < epe(start, truth.uv)
    return float(100 * gained[truth.valid].mean())


def _difference(first: UInt8Array, second: UInt8Array) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())


def _as_levels(picture: FloatArray) -> UInt8Array:
    return np.asarray(np.rint(255 * picture.clip(0, 1)), np.uint8)
