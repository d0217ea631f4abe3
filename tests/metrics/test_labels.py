"""Intersection over union and sparsification by hand."""

import math

import numpy as np
import pytest

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.metrics.labels import carried_labels, confusion, iou_by_class, mean_iou
from flowcore.metrics.sparsification import SHARES, ause, sparsification
from flowcore.types import FlowField, FramePair

TRUTH = np.array([[1, 1, 1, 2], [2, 2, 0, 0]])
ESTIMATE = np.array([[1, 1, 2, 2], [3, 0, 1, 3]])


def test_confusion_by_hand():
    """Rows are the truth; what is unlabelled there, two pixels, is left out."""
    found = confusion(ESTIMATE, TRUTH, num_classes=3)
    assert found.tolist() == [[0, 2, 1, 0], [1, 0, 1, 1], [0, 0, 0, 0]]


def test_iou_by_hand():
    """Class 1: 2 of 3 found; class 2: 1 hit, 3 are of it, 2 were given it. Nothing is class 3."""
    found = iou_by_class(confusion(ESTIMATE, TRUTH, num_classes=3))
    assert found == {1: pytest.approx(200 / 3), 2: pytest.approx(100 / 4)}
    assert mean_iou(confusion(ESTIMATE, TRUTH, num_classes=3)) == pytest.approx((200 / 3 + 25) / 2)


def test_misses_and_false_alarms_are_told_apart():
    """All of class 1 is found, and one pixel too many: swapping rows and columns would show."""
    counts = confusion(np.array([[1, 1, 1]]), np.array([[1, 1, 2]]), num_classes=2)
    assert counts.tolist() == [[0, 2, 0], [0, 1, 0]]
    assert iou_by_class(counts) == {1: pytest.approx(200 / 3), 2: 0.0}


def test_nothing_labelled_has_no_mean():
    assert math.isnan(mean_iou(confusion(TRUTH, 0 * TRUTH, num_classes=3)))


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ShapeMismatchError, match="estimated labels are"):
        confusion(ESTIMATE[:1], TRUTH, num_classes=3)
    with pytest.raises(InputError, match="estimated labels go from 0 to 3; expected 0 to 2"):
        confusion(ESTIMATE, TRUTH, num_classes=2)


def test_sparsification_by_hand():
    """Errors 0 1 2 9, mean 3; without the last quarter it is 1, a third."""
    errors = np.array([9.0, 1.0, 0.0, 2.0], np.float32)
    quarter = SHARES.index(0.25)
    assert sparsification(errors, errors)[[0, quarter]].tolist() == pytest.approx([1, 1 / 3])
    assert sparsification(errors, -errors)[quarter] == pytest.approx((9 + 1 + 2) / 3 / 3)


def test_the_area_to_the_oracle():
    rng = np.random.default_rng(0)
    errors = rng.exponential(size=4000).astype(np.float32)
    assert ause(errors, 5 * errors + 1) == 0
    good, bad = ause(errors, errors + rng.normal(0, 0.5, 4000)), ause(errors, -errors)
    chance = ause(errors, rng.random(4000))
    assert 0 < good < chance < bad
    assert ause(0 * errors, errors) == 0


def test_sparsification_refuses_what_it_cannot_sort():
    errors = np.ones(3, np.float32)
    with pytest.raises(ShapeMismatchError, match="two rows of one length"):
        sparsification(errors, errors[:2])
    with pytest.raises(InputError, match="values that are finite"):
        sparsification(errors, errors * np.nan)


def test_carried_labels_by_hand():
    """A row of five: the second pixel goes right, one leaves, one is hidden, one unlabelled."""
    frame = np.zeros((1, 5, 3), np.uint8)
    uv = np.zeros((1, 5, 2), np.float32)
    uv[0, :, 0] = [0, 1, 0, 0, 1]
    pair = FramePair(
        frame,
        frame,
        labels=np.array([[1, 1, 0, 2, 2]]),
        second_labels=np.array([[1, 1, 2, 1, 2]]),
        occluded=np.array([[False, False, False, True, False]]),
    )
    found = carried_labels(FlowField(uv), pair)
    assert found.looked_at.tolist() == [[True, True, False, False, False]]
    assert found.missed.tolist() == [[False, True, False, False, False]]
    assert found.share == 50


def test_carried_labels_take_both_frames():
    frame = np.zeros((1, 2, 3), np.uint8)
    flow = FlowField(np.zeros((1, 2, 2), np.float32))
    pair = FramePair(frame, frame, labels=np.ones((1, 2), int))
    with pytest.raises(InputError, match="takes the labels of both frames"):
        carried_labels(flow, pair)
    both = FramePair(frame, frame, labels=np.zeros((1, 2), int), second_labels=np.ones((1, 2), int))
    assert math.isnan(carried_labels(flow, both).share)
