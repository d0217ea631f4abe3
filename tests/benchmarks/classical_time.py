"""DIS through ``run`` and by OpenCV itself: ``python -m tests.benchmarks.classical_time``.

At 1024x436 px, the two by turns, the shortest of fifteen runs each.
"""

import time

import cv2
import numpy as np

from flowcore.data import samples
from flowcore.pipeline import run
from flowcore.types import FramePair, PipelineConfig

SIZE = (1024, 436)
RUNS = 15
PRESETS = {
    "dis_ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "dis_fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "dis_medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}


def main() -> None:
    sample = samples.load("opening")
    frames = [np.asarray(cv2.resize(frame, SIZE)) for frame in (sample.first, sample.second)]
    grays = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    pair = FramePair(*frames)
    for name, preset in PRESETS.items():
        config = PipelineConfig(name)
        own, theirs = [], []
        for _ in range(RUNS):
            own.append(run(pair, config).seconds)
            start = time.perf_counter()
            cv2.DISOpticalFlow.create(preset).calc(*grays, None)
            theirs.append(time.perf_counter() - start)
        ratio = min(own) / min(theirs)
        print(
            f"{name:14} {1e3 * min(own):6.1f} ms, OpenCV {1e3 * min(theirs):6.1f} ms: {ratio:.2f}"
        )


if __name__ == "__main__":
    main()
