"""How lanes bear attacks and corruptions, and what defends them.

``python -m tests.benchmarks.robustness DATA RUNS.json [--only PART ...] [--models NAME ...]
[--pairs N] [--size WxH] [--seeds N] [--pcfa-steps N] [--patches FILE ...] [--hours H]
[--threads N]``

Over N pairs of each dataset under DATA (``DATA/<dataset>/<sequence>/``), cut to their middle. Every
run is a line of RUNS.json as soon as it is done; a run that is there is not done again, so that the
command goes on where it was stopped. Of H CPU hours, all calls together, each part may take its
share of what those before it left; the tables then say of how many runs each number is, and
"undecided" of none. Numbers are means over the pairs; in brackets the least and the largest mean of
a seed. PCFA and FGSM draw nothing at random and run with one seed.

Parts, in this order: time, corruptions, transfer, budget, patch, defence, pixels.
"""

import argparse
from pathlib import Path

from flowcore import models
from tests.benchmarks.kept_runs import Runs
from tests.benchmarks.robustness.bench import Bench, pairs_of
from tests.benchmarks.robustness.corrupted import corruptions
from tests.benchmarks.robustness.small_changes import budget, defence, times, transfer
from tests.benchmarks.robustness.spots import patch, pixels

PARTS = {
    "time": times,
    "corruptions": corruptions,
    "transfer": transfer,
    "budget": budget,
    "patch": patch,
    "defence": defence,
    "pixels": pixels,
}
SHARES = dict.fromkeys(PARTS, 1) | {"budget": 2}
MODELS = (
    *(f"scope_{size}.scenes" for size in ("035", "070", "200")),
    "flownet2_small.scenes",
    "raft_small.things",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--pairs", type=int, default=1, help="of each dataset (1)")
    parser.add_argument("--size", default="256x192", help="width x height of the middle (256x192)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pcfa-steps", type=int, default=200)
    parser.add_argument("--patches", nargs="*", type=Path, default=[], help="imported ones")
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    bench = Bench(
        runs=Runs(options.runs, 3600 * options.hours),
        pairs=pairs_of(options.data, options.pairs, (height, width)),
        nets=[name for name in options.models if name in models.available()],
        seeds=options.seeds,
        pcfa_steps=options.pcfa_steps,
        patches=options.patches,
        threads=options.threads,
    )
    left, shares = 3600 * options.hours, sum(SHARES.values())
    for part, measure in PARTS.items():
        share = SHARES[part]
        bench.runs.limit(left * share / shares, part)
        if part in options.only:
            measure(bench)
        left, shares = left - bench.runs.spent(part), shares - share


if __name__ == "__main__":
    main()
