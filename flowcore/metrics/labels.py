"""How far estimated classes are from the true ones, and what a flow makes of classes."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.losses import same_class_along
from flowcore.ops.convert import flow_to_tensor
from flowcore.ops.warp import lands_inside
from flowcore.types import BoolArray, FlowField, FramePair, IntArray

__all__ = ["CarriedLabels", "carried_labels", "confusion", "iou_by_class", "mean_iou"]

Counts = npt.NDArray[np.int64]


def confusion(estimate: IntArray, truth: IntArray, *, num_classes: int) -> Counts:
    """How many pixels of each true class (rows) were given each class (columns).

    Shape ``(num_classes, num_classes + 1)``; the first column is unlabelled, class 0. Pixels whose
    truth is unlabelled are left out. Matrices of several pairs may be added.

    Parameters
    ----------
    estimate, truth : (H, W) or (B, H, W) int
        Classes 1 .. num_classes; 0 is unlabelled.

    Raises
    ------
    ShapeMismatchError
        The two differ in shape.
    InputError
        A class below 0 or above ``num_classes``.
    """
    if estimate.shape != truth.shape:
        raise ShapeMismatchError(
            f"The estimated labels are {estimate.shape}, the true ones {truth.shape}."
        )
    for name, labels in (("estimated", estimate), ("true", truth)):
        if labels.size and not 0 <= labels.min() <= labels.max() <= num_classes:
            raise InputError(
                f"The {name} labels go from {labels.min()} to {labels.max()}; "
                f"expected 0 to {num_classes}."
            )
    known = truth > 0
    index = (truth[known].astype(np.int64) - 1) * (num_classes + 1) + estimate[known]
    counts = np.bincount(index, minlength=num_classes * (num_classes + 1))
    return np.asarray(counts.reshape(num_classes, num_classes + 1), np.int64)


def iou_by_class(counts: Counts) -> dict[int, float]:
    """Intersection over union of each class, percent; higher is better (Cityscapes, CVPR 2016).

    Of pixels of the class: true positives over those that are of it, were given it, or both. A
    class that no pixel is of is left out, even if some were given it.

    Parameters
    ----------
    counts : (C, C + 1) int
        As ``confusion`` gives them.

    Examples
    --------
    Of three pixels of class 1 two are found; the third was taken for class 2:

    >>> estimate, truth = np.array([[1, 1, 2, 2]]), np.array([[1, 1, 1, 2]])
    >>> found = iou_by_class(confusion(estimate, truth, num_classes=2))
    >>> {number: round(value, 1) for number, value in found.items()}
    {1: 66.7, 2: 50.0}
    """
    hits = np.diagonal(counts[:, 1:])
    of_class, given = counts.sum(1), counts[:, 1:].sum(0)
    return {
        number + 1: float(100 * hits[number] / (of_class[number] + given[number] - hits[number]))
        for number in np.flatnonzero(of_class).tolist()
    }


def mean_iou(counts: Counts) -> float:
    """Mean of ``iou_by_class`` over the classes that are there, percent; nan if none is."""
    found = iou_by_class(counts)
    return sum(found.values()) / len(found) if found else float("nan")


class CarriedLabels(NamedTuple):
    """What a flow does to classes, (H, W) bool each.

    Parameters
    ----------
    looked_at
        The labelled pixels whose vector is known, ends inside the frame, and which are seen there
        by the pair's occlusions, where it says them.
    missed
        Those of them that end on another class.
    """

    looked_at: BoolArray
    missed: BoolArray

    @property
    def share(self) -> float:
        """Of the pixels looked at those that are missed, percent; nan of none."""
        count = int(self.looked_at.sum())
        return 100 * int(self.missed.sum()) / count if count else float("nan")


def carried_labels(flow: FlowField, pair: FramePair) -> CarriedLabels:
    """Where the second frame's class at the end of a vector is not the pixel's own.

    The label nearest to the end counts. Pixels at the border of a class may be missed by half a px.

    Raises
    ------
    InputError
        The pair does not know the labels of both frames.
    ShapeMismatchError
        The flow is of another size.
    """
    if pair.labels is None or pair.second_labels is None:
        raise InputError("What a flow carries to another class takes the labels of both frames.")
    if flow.size != pair.size:
        raise ShapeMismatchError(f"The flow is {flow.size}, the pair {pair.size} (height, width).")
    vectors = flow_to_tensor(flow.uv)
    labels, second = (
        torch.from_numpy(one.astype(np.int64))[None] for one in (pair.labels, pair.second_labels)
    )
    found = same_class_along(labels, second, vectors)[0].numpy()
    looked_at = flow.valid & (pair.labels != 0) & lands_inside(vectors)[0].numpy()
    if pair.occluded is not None:
        looked_at &= ~pair.occluded
    return CarriedLabels(looked_at, np.asarray(looked_at & ~found))
