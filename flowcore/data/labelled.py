"""Labelled pairs from the folders of public data sets, as they are unpacked."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from flowcore.data.classes import CLASS_SETS, ClassSet
from flowcore.errors import FlowFileError, FrameDecodeError, InputError, ShapeMismatchError
from flowcore.io.flow_files import interpret_flow
from flowcore.io.frames import decode_frame, decode_labels, read_frame
from flowcore.io.guard import read_bytes
from flowcore.types import FramePair, IntArray

__all__ = ["LAYOUTS", "LabelledFiles", "LabelledKind", "find_labelled", "read_labelled"]

LabelledKind = Literal["viper", "vkitti2", "cityscapes", "coco"]
_PACKED = "vkitti_2.0.3_"  # Virtual KITTI's archives unpack into folders of their own
_GRAY_TYPES = (0, 3)  # color types of a PNG of one channel


@dataclass(frozen=True)
class LabelledFiles:
    """The files of one pair; what a data set does not have is None.

    Parameters
    ----------
    kind : str
        A key of ``LAYOUTS``.
    first, second : Path
    labels : Path
        Classes of the first frame.
    second_labels, flow : Path, optional
    categories : mapping of int to int
        Class of each segment, where the label file holds segments (COCO).
    """

    kind: LabelledKind
    first: Path
    second: Path
    labels: Path
    second_labels: Path | None = None
    flow: Path | None = None
    categories: Mapping[int, int] = field(default_factory=dict, repr=False)


def find_labelled(kind: LabelledKind, root: Path) -> list[LabelledFiles]:
    """All labelled pairs in the folder of a data set, in alphabetical order.

    Raises
    ------
    InputError
        There is no such folder, or it is not laid out as that data set is.
    """
    if not root.is_dir():
        raise InputError(f"There is no folder {root}.")
    expected, find = LAYOUTS[kind]
    found = [files for files in find(root) if files.first.is_file() and files.second.is_file()]
    if not found:
        raise InputError(
            f"{root} does not hold {CLASS_SETS[kind].name}: no labelled pair lies in it; "
            f"expected {expected}."
        )
    return found


def read_labelled(files: LabelledFiles) -> FramePair:
    """The pair with classes, and with its truth where the data set has one.

    Raises
    ------
    InputError
        A file that cannot be read, is of another size, or has labels that are not of the set.
    """
    classes = CLASS_SETS[files.kind]
    first, second = read_frame(files.first), read_frame(files.second)
    truth = None
    if files.flow is not None:
        data = read_bytes(files.flow, FlowFileError)
        format = "vkitti2" if files.kind == "vkitti2" else "npz"
        truth = interpret_flow(data, name=files.flow.name, format=format).flow
    labels = _read_labels(files.labels, classes, files.categories)
    if labels.shape != first.shape[:2]:
        (rows, cols), (height, width) = labels.shape, first.shape[:2]
        raise ShapeMismatchError(
            f"{files.labels.name} is {cols}x{rows} px, its frame {width}x{height}."
        )
    later = files.second_labels
    return FramePair(
        first,
        second,
        truth,
        labels,
        second_labels=_read_labels(later, classes, files.categories) if later else None,
        name=f"{classes.name} {files.first.stem}",
        frame_names=(files.first.name, files.second.name),
    )


def _read_labels(path: Path, classes: ClassSet, categories: Mapping[int, int]) -> IntArray:
    data = read_bytes(path, FrameDecodeError)
    if categories:
        segments = decode_frame(data, name=path.name).astype(np.int64) @ [1, 256, 65536]
        found, inverse = np.unique(segments, return_inverse=True)
        table = np.array([categories.get(int(number), 0) for number in found], np.int32)
        return np.asarray(table[inverse.reshape(segments.shape)], np.int32)
    if len(data) > 25 and data[25] in _GRAY_TYPES:
        return classes.from_numbers(decode_labels(data, name=path.name), name=path.name)
    return classes.from_colors(decode_frame(data, name=path.name), name=path.name)


def _viper(root: Path) -> Iterator[LabelledFiles]:
    for flow in sorted([*root.glob("flow/*/*.npz"), *root.glob("*/flow/*/*.npz")]):
        base, sequence = flow.parents[2], flow.parent.name
        number = flow.stem.rpartition("_")[2]
        following = f"{sequence}_{int(number) + 1:0{len(number)}}" if number.isdigit() else ""
        labels = base / "cls" / sequence / f"{flow.stem}.png"
        if following and labels.is_file():
            yield LabelledFiles(
                "viper",
                _picture(base / "img" / sequence / flow.stem),
                _picture(base / "img" / sequence / following),
                labels,
                _if_there(labels.with_name(f"{following}.png")),
                flow,
            )


def _vkitti2(root: Path) -> Iterator[LabelledFiles]:
    pattern = "Scene*/*/frames/forwardFlow/Camera_*/flow_*.png"
    for flow in sorted([*root.glob(f"{_PACKED}forwardFlow/{pattern}"), *root.glob(pattern)]):
        number = int(flow.stem.removeprefix("flow_"))
        labels, later = (
            _beside(flow, "classSegmentation", f"classgt_{n:05}.png") for n in (number, number + 1)
        )
        first, second = (_beside(flow, "rgb", f"rgb_{n:05}.jpg") for n in (number, number + 1))
        if labels.is_file():
            yield LabelledFiles("vkitti2", first, second, labels, _if_there(later), flow)


def _beside(flow: Path, part: str, name: str) -> Path:
    """What another part of Virtual KITTI has where this one has a flow."""
    frames, camera = flow.parents[2], flow.parent.name
    place, top = frames.relative_to(frames.parents[2]), frames.parents[2]
    if top.name.startswith(_PACKED):
        top = top.with_name(f"{_PACKED}{part}")
    return top / place / part / camera / name


def _cityscapes(root: Path) -> Iterator[LabelledFiles]:
    ending = "_gtFine_labelIds.png"
    for labels in sorted(root.glob(f"gtFine/*/*/*{ending}")):
        place = labels.parent.relative_to(root / "gtFine")
        name = labels.name.removesuffix(ending)
        sequence, _, number = name.rpartition("_")
        following = f"{sequence}_{int(number) + 1:06}" if number.isdigit() else name
        yield LabelledFiles(
            "cityscapes",
            root / "leftImg8bit" / place / f"{name}_leftImg8bit.png",
            root / "leftImg8bit_sequence" / place / f"{following}_leftImg8bit.png",
            labels,
        )


def _coco(root: Path) -> Iterator[LabelledFiles]:
    """Single photos, each as a pair that stands still; its motion is not told to the net."""
    for index in sorted([*root.glob("panoptic_*.json"), *root.glob("*/panoptic_*.json")]):
        folder = next((found for found in root.glob(f"**/{index.stem}") if found.is_dir()), None)
        if folder is None:
            continue
        photos = root / index.stem.removeprefix("panoptic_")
        for name, categories in _coco_segments(index):
            photo, labels = photos / f"{name}.jpg", folder / f"{name}.png"
            if labels.is_file():
                yield LabelledFiles("coco", photo, photo, labels, labels, None, categories)


def _coco_segments(index: Path) -> Iterator[tuple[str, dict[int, int]]]:
    names = CLASS_SETS["coco"].names
    try:
        document: Any = json.loads(read_bytes(index, InputError))
        class_of = {
            int(one["id"]): names.index(one["supercategory"]) for one in document["categories"]
        }
        for one in document["annotations"]:
            segments = {int(s["id"]): class_of[int(s["category_id"])] for s in one["segments_info"]}
            yield Path(one["file_name"]).stem, segments
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{index.name} is not a panoptic index of COCO: categories and annotations with "
            "segments_info were expected."
        ) from error


def _picture(stem: Path) -> Path:
    """The photo of that name: VIPER comes as JPEG and as PNG."""
    jpeg = stem.with_name(f"{stem.name}.jpg")
    return jpeg if jpeg.is_file() else stem.with_name(f"{stem.name}.png")


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None


LAYOUTS: Mapping[LabelledKind, tuple[str, Callable[[Path], Iterator[LabelledFiles]]]] = (
    MappingProxyType({
        "viper": ("img, cls and flow, each with a folder per sequence", _viper),
        "vkitti2": (
            "rgb, classSegmentation and forwardFlow under Scene*/*/frames, packed or merged",
            _vkitti2,
        ),
        "cityscapes": ("gtFine, leftImg8bit and leftImg8bit_sequence", _cityscapes),
        "coco": ("panoptic_SPLIT.json, the folder panoptic_SPLIT, and the photos SPLIT", _coco),
    })
)  # fmt: skip
"""How each data set is laid out, in words, and what finds its pairs."""
