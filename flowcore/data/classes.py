"""The classes that data sets label: their names, their colors, and how their files hold them.

Class 0 is unlabelled everywhere; the others count from 1, whatever numbers the files use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from flowcore.data.shapes import NUM_KINDS
from flowcore.errors import InputError
from flowcore.types import IntArray, UInt8Array

__all__ = ["CLASS_SETS", "MAX_CLASSES", "ClassSet", "kinds_of_shapes"]

MAX_CLASSES = 32  # that a net can tell apart
_VOID = 255  # what many files have where nothing is labelled
Color = tuple[int, int, int]


@dataclass(frozen=True)
class ClassSet:
    """The classes of one data set.

    Parameters
    ----------
    name : str
        For people.
    classes : tuple of (name, color)
        Class ``k`` is the one at ``k - 1``.
    numbers : tuple of int
        The number that a label file has for each; 1, 2, ... if left out. Others are unlabelled.
    """

    name: str
    classes: tuple[tuple[str, Color], ...]
    numbers: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """By number, "unlabelled" first."""
        return ("unlabelled", *(name for name, _ in self.classes))

    @cached_property
    def colors(self) -> UInt8Array:
        """The colors by number, ``(len(names), 3)``; black is unlabelled."""
        return np.array([(0, 0, 0), *(color for _, color in self.classes)], np.uint8)

    def drawn(self, labels: IntArray) -> UInt8Array:
        """Labels ``(H, W)`` as a picture ``(H, W, 3)`` in the set's colors.

        Raises
        ------
        InputError
            A number that is no class of the set.
        """
        if labels.size and not 0 <= labels.min() <= labels.max() < len(self.names):
            raise InputError(
                f"The labels go from {labels.min()} to {labels.max()}; {self.name} has the "
                f"classes 0 to {len(self.classes)}."
            )
        return np.asarray(self.colors[labels], np.uint8)

    def from_numbers(self, numbers: IntArray, *, name: str) -> IntArray:
        """The classes in a label file of one channel, ``(H, W) int32``.

        Raises
        ------
        InputError
            The file has numbers that the set has not, so it is of another one.
        """
        known = self.numbers or tuple(range(1, len(self.classes) + 1))
        highest = 255 if self.numbers else len(self.classes)
        numbers = np.where(numbers == _VOID, 0, numbers)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() <= highest:
            raise InputError(
                f"{name} holds the label {numbers.max()}; {self.name} goes up to {highest}."
            )
        table = np.zeros(_VOID + 1, np.int32)
        table[list(known)] = np.arange(1, len(known) + 1)
        return np.asarray(table[numbers], np.int32)

    def from_colors(self, picture: UInt8Array, *, name: str) -> IntArray:
        """The classes in a label file of colors ``(H, W, 3)``, ``(H, W) int32``.

        Raises
        ------
        InputError
            The file has a color that the set has not.
        """
        flat = picture.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
        table = {0: 0}
        for number, color in reversed(list(enumerate(self.colors.tolist()))):
            table[color[0] * 65536 + color[1] * 256 + color[2]] = number
        found, inverse = np.unique(flat, return_inverse=True)
        strange = [value for value in found.tolist() if value not in table]
        if strange:
            red, rest = divmod(strange[0], 65536)
            raise InputError(
                f"{name} has the color ({red}, {rest // 256}, {rest % 256}), which {self.name} "
                f"has not ({len(strange)} such colors)."
            )
        classes = np.array([table[value] for value in found.tolist()], np.int32)
        return np.asarray(classes[inverse.reshape(flat.shape)], np.int32)


def kinds_of_shapes(num_made: int, num_loaded: int) -> IntArray:
    """The class in ``CLASS_SETS["scenes"]`` of each shape: those made, then those from photos."""
    made = 2 + np.arange(num_made) % NUM_KINDS
    return np.concatenate([made, np.full(num_loaded, 2 + NUM_KINDS)]).astype(np.int32)


def _set(name: str, text: str, numbers: tuple[int, ...] = ()) -> ClassSet:
    classes = []
    for entry in text.split(","):
        *words, red, green, blue = entry.split()
        classes.append((" ".join(words), (int(red), int(green), int(blue))))
    return ClassSet(name, tuple(classes), numbers)


CLASS_SETS: Mapping[str, ClassSet] = MappingProxyType({
    "scenes": _set(
        "the generated scenes",
        "background 120 120 120, polygon 230 159 0, blob 86 180 233, islands 0 158 115, "
        "thin 204 121 167, silhouette 213 94 0",
    ),
    "viper": _set(  # van and train share a color; in colored files it counts as van
        "VIPER",
        "ambiguous 111 74 0, sky 70 130 180, road 128 64 128, sidewalk 244 35 232, "
        "railtrack 230 150 140, terrain 152 251 152, tree 87 182 35, vegetation 35 142 35, "
        "building 70 70 70, infrastructure 153 153 153, fence 190 153 153, billboard 150 20 20, "
        "traffic light 250 170 30, traffic sign 220 220 0, mobile barrier 180 180 100, "
        "fire hydrant 173 153 153, chair 168 153 153, trash 81 0 21, trash can 81 0 81, "
        "person 220 20 60, animal 255 0 0, bicycle 119 11 32, motorcycle 0 0 230, car 0 0 142, "
        "van 0 80 100, bus 0 60 100, truck 0 0 70, trailer 0 0 90, train 0 80 100, "
        "plane 0 100 100, boat 50 0 90",
    ),
    "vkitti2": _set(  # the fifteenth of its classes is "undefined", black, which is 0 here
        "Virtual KITTI 2",
        "terrain 210 0 200, sky 90 200 255, tree 0 199 0, vegetation 90 240 0, "
        "building 140 140 140, road 100 60 100, guard rail 250 100 255, traffic sign 255 255 0, "
        "traffic light 200 200 0, pole 255 130 0, misc 80 80 80, truck 160 60 60, car 255 127 80, "
        "van 0 139 139",
    ),
    "cityscapes": _set(
        "Cityscapes",
        "road 128 64 128, sidewalk 244 35 232, building 70 70 70, wall 102 102 156, "
        "fence 190 153 153, pole 153 153 153, traffic light 250 170 30, traffic sign 220 220 0, "
        "vegetation 107 142 35, terrain 152 251 152, sky 70 130 180, person 220 20 60, "
        "rider 255 0 0, car 0 0 142, truck 0 0 70, bus 0 60 100, train 0 80 100, "
        "motorcycle 0 0 230, bicycle 119 11 32",
        (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33),
    ),
    "coco": _set(  # COCO's 133 panoptic categories by their supercategory
        "COCO panoptic",
        "person 220 20 60, vehicle 0 0 142, outdoor 250 170 30, animal 255 0 0, "
        "accessory 174 57 255, sports 199 100 0, kitchen 255 179 240, food 0 125 92, "
        "furniture 209 0 151, electronic 188 208 182, appliance 0 220 176, indoor 255 99 164, "
        "textile 92 136 125, building 70 70 70, raw-material 134 134 103, "
        "furniture-stuff 153 69 1, floor 218 88 184, plant 107 142 35, food-stuff 109 63 54, "
        "ground 152 251 152, structural 190 153 153, water 58 41 149, solid 208 195 210, "
        "wall 102 102 156, window 183 130 88, ceiling 78 180 255, sky 70 130 180",
    ),
})  # fmt: skip
