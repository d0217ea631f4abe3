"""Errors of the models that ship, onto their cards.

``python -m tests.benchmarks.score_cards DATA [NAME ...]``, DATA laid out as
``DATA/<dataset>/<sequence>/``: the
numbers of ``python -m flowcore evaluate``.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from flowcore import models
from flowcore.data.datasets import open_dataset
from flowcore.evaluation import evaluate
from flowcore.models.store import BUNDLED_FOLDER
from flowcore.scores import Failure, score_datasets
from flowcore.types import PipelineConfig


def main(root: Path, wanted: Sequence[str] = ()) -> None:
    known = set(wanted or models.available())
    for path in sorted(BUNDLED_FOLDER.glob("*.json")):
        if path.stem not in known:
            continue
        scores = list(evaluate(open_dataset(root), PipelineConfig(path.stem)))
        if failed := [score for score in scores if isinstance(score, Failure)]:
            raise SystemExit(f"Not scored: {failed[0]}")
        datasets = score_datasets(scores)
        card = json.loads(path.read_bytes())
        card["scores"] = card.get("scores", {}) | {
            name: {"epe": round(score.epe, 3), "fl_all": round(score.means["fl_all"], 2)}
            for name, score in datasets.items()
        }
        path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        print(path.stem, card["scores"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
