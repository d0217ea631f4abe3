"""Tiny folders in the layouts of the field's data sets; each pair moves by its number."""

from pathlib import Path

import numpy as np
from PIL import Image

from flowcore.io.flow_files import encode_flow
from flowcore.types import FlowField

SIZE = 6, 8  # (height, width)


def frame(path: Path, value: int = 0) -> None:
    """A gray frame, of any suffix that Pillow writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*SIZE, 3), value, np.uint8)).save(path)


def mask(path: Path) -> None:
    """White in the first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.zeros(SIZE, np.uint8)
    picture[0] = 255
    Image.fromarray(picture).save(path)


def flow(path: Path, u: float, format: str, *, scale: int = 1, known: float = 1) -> None:
    """The same motion everywhere, known in this share of the rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = SIZE[0] * scale, SIZE[1] * scale
    valid = np.ones((height, width), bool)
    valid[round(known * height) :] = False
    field = FlowField(np.full((height, width, 2), (u, 0), np.float32), valid)
    path.write_bytes(encode_flow(field, format))


def middlebury(root: Path) -> None:
    for number, name in enumerate(("RubberWhale", "Venus")):
        for index in (10, 11):
            frame(root / f"other-data/{name}/frame{index}.png", number)
        flow(root / f"other-gt-flow/{name}/flow10.flo", number, "flo")
    frame(root / "other-data/Beanbags/frame10.png")  # its truth is not public


def sintel(root: Path) -> None:
    for taken in ("clean", "final"):
        for index in (1, 2, 3):
            frame(root / f"training/{taken}/alley_1/frame_{index:04d}.png", index)
    for index in (1, 2):
        flow(root / f"training/flow/alley_1/frame_{index:04d}.flo", index, "flo")
        mask(root / f"training/occlusions/alley_1/frame_{index:04d}.png")


def kitti2012(root: Path) -> None:
    for number in range(2):
        for index in (10, 11):
            frame(root / f"training/image_0/{number:06d}_{index}.png")
        flow(root / f"training/flow_occ/{number:06d}_10.png", number, "kitti")
        flow(root / f"training/flow_noc/{number:06d}_10.png", number, "kitti", known=0.5)


def kitti2015(root: Path) -> None:
    for number in range(2):
        for index in (10, 11):
            frame(root / f"training/image_2/{number:06d}_{index}.png")
        flow(root / f"training/flow_occ/{number:06d}_10.png", number, "kitti")
        mask(root / f"training/obj_map/{number:06d}_10.png")


def flyingchairs(root: Path) -> None:
    for number in (1, 2, 3):
        for index in (1, 2):
            frame(root / f"data/{number:05d}_img{index}.ppm", number)
        flow(root / f"data/{number:05d}_flow.flo", number, "flo")
    (root / "FlyingChairs_train_val.txt").write_text("1\n2\n1\n")


def flyingthings3d(root: Path) -> None:
    for side in ("left", "right"):
        for index in (6, 7, 8):
            frame(root / f"frames_cleanpass/TRAIN/A/0000/{side}/{index:04d}.png", index)
            name = f"OpticalFlowIntoFuture_{index:04d}_{side[0].upper()}.pfm"
            into = root / f"optical_flow/TRAIN/A/0000/into_future/{side}"
            flow(into / name, index, "pfm")  # also of the last frame, which has no next one


def spring(root: Path) -> None:
    for index in (1, 2):
        frame(root / f"train/0001/frame_left/frame_left_{index:04d}.png", index)
    into = root / "train/0001/flow_FW_left"
    flow(into / "flow_FW_left_0001.flo5", 1, "flo5", scale=2)


def hd1k(root: Path) -> None:
    for index in (10, 11, 12):
        frame(root / f"hd1k_input/image_2/000003_{index:04d}.png", index)
        flow(root / f"hd1k_flow_gt/flow_occ/000003_{index:04d}.png", index, "kitti")


def viper(root: Path) -> None:
    for half in ("train", "val"):
        for index in (10, 11):
            frame(root / f"{half}/img/001/001_{index:05d}.jpg", index)
        flow(root / f"{half}/flow/001/001_00010.npz", 10, "viper")


def vkitti2(root: Path) -> None:
    for variation in ("clone", "fog"):
        frames = root / f"Scene01/{variation}/frames"
        for index in (0, 1):
            frame(frames / f"rgb/Camera_0/rgb_{index:05d}.jpg", index)
        flow(frames / "forwardFlow/Camera_0/flow_00000.png", 0, "vkitti2")


def tartanair(root: Path) -> None:
    for place in ("office/Easy/P001", "hospital/hospital/Hard/P002"):
        for index in (0, 1):
            frame(root / place / f"image_left/{index:06d}_left.png", index)
        flow(root / place / "flow/000000_000001_flow.npy", 0, "npy")


def plain(root: Path) -> None:
    for place in ("b/two", "a/one", "b/one"):
        for index in (1, 2):
            frame(root / place / f"frame{index}.png", index)
        flow(root / place / "flow.flo", 1, "flo")


MAKERS = {
    maker.__name__: maker
    for maker in (
        middlebury,
        sintel,
        kitti2012,
        kitti2015,
        flyingchairs,
        flyingthings3d,
        spring,
        hd1k,
        viper,
        vkitti2,
        tartanair,
        plain,
    )
}
"""By the name of the layout."""
