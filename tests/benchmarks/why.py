"""What the Why card says of two models on real pairs: ``python -m tests.benchmarks.why DATA``.

DATA is laid out as ``DATA/<dataset>/<sequence>/``. RAFT-small must have been imported
(``weights import``); FlyingChairs is left out.
"""

import sys
from pathlib import Path

from flowcore.data.datasets import open_dataset
from flowcore.export.why import explain_lanes, why_sentence
from flowcore.lane import run_lane
from flowcore.types import PipelineConfig

CONFIGS = {
    "RAFT-small": PipelineConfig("raft_small.things", iterations=20),
    "dis_medium": PipelineConfig("dis_medium"),
}


def main(root: Path) -> None:
    print("| pair | sentence |\n|---|---|")
    for files in open_dataset(root).pairs:
        if files.dataset != "flyingchairs":
            pair = files.load()
            lanes = [run_lane(pair, config) for config in CONFIGS.values()]
            print(f"| {pair.name} | {why_sentence(explain_lanes(pair, *lanes), *CONFIGS)} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
