"""What all parts share: the pairs, the lanes, the runs that are kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowcore.data.datasets import open_dataset
from flowcore.metrics.flow import epe
from flowcore.robustness.attacks.spread import changed_pixels, spread_of
from flowcore.types import FlowField, FramePair
from tests.benchmarks.kept_runs import Row, Runs

EPSILON = 5e-3
CLASSICAL = ("dis_medium", "farneback")


@dataclass(frozen=True)
class Bench:
    """One call of the benchmark."""

    runs: Runs
    pairs: Mapping[str, FramePair]
    nets: Sequence[str]
    seeds: int
    pcfa_steps: int
    patches: Sequence[Path]
    threads: int

    @property
    def lanes(self) -> list[str]:
        return [*self.nets, *CLASSICAL]

    def rounds(self) -> Iterator[tuple[int, str, FramePair]]:
        """Seed, name and pair: what time ends for lacks seeds first, then pairs, of every lane."""
        for seed in range(self.seeds):
            for name, pair in self.pairs.items():
                yield seed, name, pair

    def cells(self, columns: Sequence[str], *key: object) -> str:
        """Several columns of the same runs."""
        return " / ".join(self.runs.cell(column, *key) for column in columns)


def pairs_of(data: Path, count: int, size: tuple[int, int]) -> dict[str, FramePair]:
    """The first pairs of each dataset, by name, cut to their middle."""
    chosen: dict[str, list[FramePair]] = {}
    named = {}
    for files in open_dataset(data).pairs:
        of_set = chosen.setdefault(files.dataset, [])
        if len(of_set) < count:
            of_set.append(middle(files.load(), size))
            named[f"{files.dataset}-{files.sequence}"] = of_set[-1]
    return named


def middle(pair: FramePair, size: tuple[int, int]) -> FramePair:
    """The middle of a pair, at most of this (height, width)."""
    height, width = (min(side, full) for side, full in zip(size, pair.size, strict=True))
    top, left = ((full - side) // 2 for side, full in zip((height, width), pair.size, strict=True))
    cut = (slice(top, top + height), slice(left, left + width))
    truth = pair.truth
    return FramePair(pair.first[cut], pair.second[cut], FlowField(truth.uv[cut], truth.valid[cut]))


def reach(pair: FramePair, changed: FramePair, clean: FlowField, flow: FlowField) -> Row:
    spread = spread_of(clean, flow, changed_pixels(pair, changed))
    return {
        "damage": float(epe(flow.uv, clean.uv).mean()),
        "share": spread.share,
        "reach": spread.reach,
        "near": spread.damage,
    }
