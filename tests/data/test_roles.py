"""Files that come together: what each is taken for."""

import io

import numpy as np
import pytest
from PIL import Image

from flowcore.data.roles import ROLES, Guess, decode_known, guess_role, settle_roles, with_known
from flowcore.errors import InputError, ShapeMismatchError
from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from flowcore.types import FlowField, FramePair

SIZE = (6, 8)
FLOW = FlowField(np.ones((*SIZE, 2), np.float32))
KITTI = encode_flow(FLOW, "kitti")


def png(values):
    stream = io.BytesIO()
    Image.fromarray(np.asarray(values, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


MASK = png(np.eye(6, 8) * 255)
CLASSES = png(np.arange(48).reshape(SIZE) // 12)
GRAY = png(np.arange(96).reshape(8, 12) * 2)


@pytest.mark.parametrize(
    ("name", "data", "role"),
    [
        ("a.flo", b"anything", "truth"),
        ("a_noc.flo", b"anything", "visible_truth"),
        ("000_10.png", KITTI, "truth"),
        ("flow_noc.png", KITTI, "visible_truth"),
        ("flow_occ.png", KITTI, "truth"),
        ("occ.png", MASK, "occluded"),
        ("invalid.png", MASK, "invalid"),
        ("mask.png", MASK, "occluded"),
        ("obj_map.png", CLASSES, "objects"),
        ("a.png", CLASSES, "labels"),
        ("labels.png", MASK, "labels"),
        ("second_labels.png", CLASSES, "second_labels"),
        ("label_second.png", CLASSES, "second_labels"),
        ("gray.png", GRAY, "frame"),
        ("occ.jpg", encode_frame(np.zeros((4, 4, 3), np.uint8), format="jpeg"), "frame"),
        ("occ.png", encode_frame(np.zeros((4, 4, 3), np.uint8)), "frame"),
        ("broken.png", GRAY[:40], "frame"),
        ("empty.png", b"", "frame"),
    ],
)
def test_a_file_is_known_by_name_and_content(name, data, role):
    assert guess_role(data, name=name).role == role


def test_files_that_come_together_explain_each_other():
    frame, mask = Guess("frame"), Guess("occluded")
    assert settle_roles(["a.png", "b.png"], [mask, mask]) == ["frame", "frame"]
    assert settle_roles(["a.png", "b.png", "c.png"], [frame, frame, mask])[2] == "occluded"
    names = ["10.png", "10.png", "11.png", "10.png", "10.png"]
    guesses = [Guess("truth", num_known=5), frame, frame, Guess("truth", num_known=9), mask]
    found = settle_roles(names, guesses)
    assert found == ["visible_truth", "frame", "frame", "truth", "objects"]
    twice = [Guess("truth", num_known=5)] * 2
    assert settle_roles(["a.png", "b.png"], twice) == ["truth", "truth"]


def test_each_part_adds_what_it_knows():
    frame = np.zeros((*SIZE, 3), np.uint8)
    pair, seen = FramePair(frame, frame), np.ones(SIZE, bool)
    seen[0] = False
    noc = encode_flow(FlowField(FLOW.uv, seen), "kitti")
    parts = {"truth": KITTI, "visible_truth": noc, "occluded": MASK, "labels": CLASSES,
             "objects": CLASSES}  # fmt: skip
    with pytest.raises(InputError, match="but there is none"):
        with_known(pair, "visible_truth", decode_known(noc, "visible_truth", name="n"), name="n")
    for role in ROLES:
        if role in parts:
            known = decode_known(parts[role], role, name=role)
            pair = with_known(pair, role, known, name=role)
    assert pair.truth.valid.all()
    assert (pair.occluded == (~seen | np.eye(6, 8, dtype=bool))).all()
    assert pair.labels.max() == 3
    assert pair.foreground.sum() == 36
    with pytest.raises(ShapeMismatchError, match="g is 12x8 px, the frames are 8x6"):
        with_known(pair, "labels", decode_known(GRAY, "labels", name="g"), name="g")
    nothing = FlowField(np.zeros((*SIZE, 2)), np.zeros(SIZE, bool))
    reading = decode_known(encode_flow(nothing, "flo"), "truth", name="n.flo")
    with pytest.raises(InputError, match="knows the motion of no pixel"):
        with_known(pair, "truth", reading, name="n.flo")
