"""How a lane's flow suffers as its pair is made harder: compressed, or robbed of its texture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flowcore.data.degrade import compress, flatten
from flowcore.errors import ConfigError
from flowcore.metrics.flow import epe, mean_epe
from flowcore.pipeline import run
from flowcore.types import FramePair, PipelineConfig

__all__ = ["HARDSHIPS", "HardPoint", "Hardship", "harder", "robustness_curve"]


@dataclass(frozen=True)
class Hardship:
    """A way of making a pair harder, ever more so along ``levels``."""

    label: str
    unit: str
    levels: tuple[float, ...]
    apply: Callable[[FramePair, float], FramePair]


HARDSHIPS: Mapping[str, Hardship] = {
    "jpeg": Hardship(
        "JPEG",
        "quality",
        (95, 75, 50, 30, 20, 10, 5),
        lambda pair, quality: compress(pair, round(quality)),
    ),
    "texture": Hardship("Less texture", "share left", (0.75, 0.5, 0.25, 0.1, 0.0), flatten),
}


class HardPoint(NamedTuple):
    """A lane on a pair that was made harder.

    ``level`` is None for the pair as it is; ``epe`` None without truth; ``change`` is the mean
    distance of the flow from that on the pair as it is, px.
    """

    level: float | None
    epe: float | None
    change: float


def harder(pair: FramePair, kind: str, level: float) -> FramePair:
    """The pair made harder.

    Raises
    ------
    ConfigError
        No such hardship, or a level outside its range.
    """
    if kind not in HARDSHIPS:
        raise ConfigError(f"No hardship is called {kind!r}; there are {', '.join(HARDSHIPS)}.")
    return HARDSHIPS[kind].apply(pair, level)


def robustness_curve(
    pair: FramePair,
    config: PipelineConfig,
    kind: str,
    *,
    levels: Sequence[float] | None = None,
    threads: int | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> list[HardPoint]:
    """One lane on the pair as it is, and on it made ever harder.

    Parameters
    ----------
    pair : FramePair
    config : PipelineConfig
    kind : str
        Of `HARDSHIPS`.
    levels : sequence of float, optional
        The hardship's own if left out.
    threads : int, optional
    progress : callable
        Is told the finished share, 0..1, and what is being done.

    Raises
    ------
    ConfigError
        As of `harder`; and as of ``flowcore.pipeline.run``.
    """
    chosen = HARDSHIPS[kind].levels if levels is None and kind in HARDSHIPS else levels or ()
    steps = [(None, pair), *((level, harder(pair, kind, level)) for level in chosen)]
    points: list[HardPoint] = []
    plain = None
    for number, (level, changed) in enumerate(steps):
        progress(number / len(steps), f"{number + 1} of {len(steps)}")
        flow = run(changed, config, threads=threads).flow
        plain = plain or flow
        truth = pair.truth
        error = None if truth is None else mean_epe(flow.uv, truth.uv, truth.valid & flow.valid)
        points.append(HardPoint(level, error, float(epe(flow.uv, plain.uv).mean())))
    return points
