"""Decodes one video; run as a process of its own, since FFmpeg may crash on damaged files.

Imports nothing of flowcore, so that it starts in a fraction of a second.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

__all__ = ["main"]


def main() -> None:
    """Write ``answer.json`` and one ``INDEX.npy`` a frame beside the video.

    Standard input holds the request as a line of JSON: ``path`` of the video; ``wanted``, the
    indices to save; ``last``, the index after which to stop; ``max_pixels`` of a frame, beyond
    which to stop. It ends when nobody waits for the answer any more.
    """
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_whoever_asked, daemon=True).start()
    path = Path(request["path"])
    (path.parent / "answer.json").write_text(json.dumps(_decode(path, request)))


def _end_with_whoever_asked() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def _decode(path: Path, request: dict[str, Any]) -> dict[str, float]:
    """The size, the stated frame rate, and the number of frames that decoded."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    answer = {
        "num_frames": 0,
        "height": capture.get(cv2.CAP_PROP_FRAME_HEIGHT),
        "width": capture.get(cv2.CAP_PROP_FRAME_WIDTH),
        "fps": capture.get(cv2.CAP_PROP_FPS),
    }
    wanted = set(request["wanted"])
    if answer["height"] * answer["width"] > request["max_pixels"]:
        return answer
    while answer["num_frames"] <= request["last"] and capture.grab():
        index = answer["num_frames"]
        if index == 0 or index in wanted:
            done, frame = capture.retrieve()
            if not done or frame.shape[0] * frame.shape[1] > request["max_pixels"]:
                break
            if index in wanted:
                np.save(path.parent / f"{index}.npy", np.ascontiguousarray(frame[..., ::-1]))
        answer["num_frames"] += 1
    return answer


if __name__ == "__main__":
    main()
