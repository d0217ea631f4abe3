"""The table of everything, on pairs whose motion is known."""

import math

import cv2
import numpy as np
import pytest

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.metrics.summary import METRICS, describe, measure
from flowcore.types import FlowField, FramePair

SIZE = (40, 60)


def constant(u, v, valid=None):
    return FlowField(np.full((*SIZE, 2), (u, v), np.float32), valid)


@pytest.fixture
def pair(rng):
    """A smooth scene that moves two px to the right, truth and all."""
    scene = cv2.GaussianBlur(rng.integers(0, 256, (40, 64, 3), dtype=np.uint8), (0, 0), 1)
    labels = np.ones(SIZE, np.int32)
    labels[:10] = 5
    labels[10:20] = 0
    return FramePair(
        scene[:, 2:62],
        scene[:, :60],
        truth=constant(2, 0),
        labels=labels,
        occluded=np.arange(60) >= np.full((40, 1), 58),
    )


def test_every_key_is_described_and_the_truth_scores_best(pair):
    best = measure(pair.truth, pair, backward=constant(-2, 0))
    for key, number in best.items():
        assert describe(key).key == key
        assert number.num_pixels > 0
        assert not math.isnan(number.value)
    absent = {"epe_s0_1", "epe_d60_140", "epe_bg", "epe_fg", "fl_bg", "fl_fg"}
    absent |= {key for key in METRICS if key.endswith(("s10_40", "s40_plus", "_common"))}
    absent |= {"flicker", "flicker_truth"}  # of two pairs
    assert set(METRICS) - set(best) == absent
    assert best["epe"] == (0, 2400)
    assert best["wauc"].value == pytest.approx(100)
    assert best["consistent_share"] == (pytest.approx(100 * 58 / 60), 2400)
    assert best["consistency_median"] == (0, 40 * 58)
    assert best["psnr"].value > best["psnr_identity"].value + 20
    assert best["ssim"].value > 0.99 > best["ssim_identity"].value + 0.2
    assert best["photometric_error"] == (pytest.approx(0, abs=0.01), 40 * 58)


def test_a_wrong_flow_scores_as_computed_by_hand(pair):
    result = measure(constant(-1, 4), pair)
    assert result["epe"] == (5, 2400)
    assert result["fl_all"].value == 100
    assert result["outlier_5px"].value == 0
    assert result["inlier_5px"].value == 0
    assert result["outlier_3px"].value == result["r2"].value == 100
    assert result["a95"].value == 5
    assert result["epe_unmatched"] == (5, 80)
    assert result["epe_matched"] == (5, 2320)
    assert result["epe_class_5"] == (5, 600)
    assert result["epe_class_1"] == (5, 1200)
    assert "epe_class_0" not in result
    assert "consistent_share" not in result


def test_gaps_of_the_estimate_and_of_the_truth_do_not_count(pair):
    left = np.zeros(SIZE, bool)
    left[:, :30] = True
    top = np.zeros(SIZE, bool)
    top[:10] = True
    known = FramePair(pair.first, pair.second, truth=constant(2, 0, valid=top))
    result = measure(constant(2, 3, valid=left), known, backward=constant(-2, -3))
    assert result["epe"] == (3, 300)
    assert result["density"] == (50, 2400)
    assert result["epe_filled"] == (3, 600)
    assert result["fl_all_filled"] == (0, 600)
    assert result["consistent_share"].num_pixels == 1200


def test_gaps_never_help(pair):
    """Wrong by 100 px in one column, unknown at its right: the gap takes the wrong vector."""
    vectors = np.zeros((*SIZE, 2), np.float32)
    vectors[..., 0] = 2
    vectors[:, 30] = 102, 0
    seen = np.ones(SIZE, bool)
    seen[:, 31:] = False
    result = measure(FlowField(vectors, seen), pair)
    assert result["epe"] == (pytest.approx(100 / 31), 31 * 40)
    assert result["epe_filled"] == (50, 2400)  # 30 columns take the wrong vector
    assert result["fl_all_filled"] == (50, 2400)


def test_kitti_and_spring_by_hand():
    """Errors of 0, 2, 4 and 8 px; the last two on an object, the last one occluded."""
    truth = np.zeros((1, 4, 2), np.float32)
    truth[0, :, 0] = 5, 20, 20, 200
    estimate = truth + np.float32([[[0, 0], [0, 2], [0, 4], [0, 8]]])
    pair = FramePair(
        *np.zeros((2, 1, 4, 3), np.uint8),
        FlowField(truth),
        occluded=np.array([[False, False, False, True]]),
        foreground=np.array([[False, False, True, True]]),
    )
    found = {key: value for key, (value, _) in measure(FlowField(estimate), pair).items()}
    assert found["fl_all"] == 25  # 8 px are less than 5 % of 200 px
    assert (found["fl_bg"], found["fl_fg"]) == (0, 50)
    assert (found["epe_bg"], found["epe_fg"]) == (1, 6)
    assert (found["fl_noc"], found["epe_noc"]) == (pytest.approx(100 / 3), 2)
    assert (found["outlier_1px_s0_10"], found["outlier_1px_s10_40"]) == (0, 100)
    assert (found["fl_s10_40"], found["fl_s40_plus"]) == (50, 0)
    assert (found["outlier_1px_matched"], found["outlier_1px_unmatched"]) == (
        pytest.approx(200 / 3),
        100,
    )
    assert (found["wauc_s0_10"], found["wauc_s40_plus"]) == (100, 0)
    assert found["outlier_4px"] == 25


def test_without_truth_there_are_warp_and_round_trip_only(pair):
    bare = FramePair(pair.first, pair.second)
    keys = {"psnr", "ssim", "photometric_error"}
    keys |= {f"{key}_identity" for key in keys} | {"density"}
    assert set(measure(constant(2, 0), bare)) == keys
    assert set(measure(constant(2, 0), bare, backward=constant(-2, 0))) == keys | {
        "consistent_share",
        "consistency_median",
    }


def test_visible_pixels_come_from_truth_then_round_trip_then_frame(pair):
    bare = FramePair(pair.first, pair.second)
    estimate, elsewhere = constant(10, 0), constant(7, 7)
    assert measure(estimate, pair)["psnr"].num_pixels == 40 * 58
    assert measure(estimate, bare)["psnr"].num_pixels == 40 * 50
    assert "psnr" not in measure(estimate, bare, backward=elsewhere)
    assert measure(estimate, pair, backward=elsewhere)["psnr"].num_pixels == 40 * 58


def test_a_gap_in_the_backward_flow_confirms_nothing(pair):
    backward = constant(0, 0, valid=np.zeros(SIZE, bool))
    result = measure(constant(0, 0), pair, backward=backward)
    assert result["consistent_share"] == (0, 2400)
    assert "consistency_median" not in result


def test_nothing_valid_gives_no_number_but_the_density(pair):
    empty = constant(0, 0, valid=np.zeros(SIZE, bool))
    assert measure(empty, pair, backward=empty) == {"density": (0, 2400)}


def test_a_static_pair_has_infinite_psnr(pair):
    result = measure(constant(0, 0), FramePair(pair.first, pair.first))
    assert result["psnr_identity"].value == math.inf
    assert result["photometric_error_identity"].value == 0


def test_one_pixel_is_enough():
    dot = FramePair(np.zeros((1, 1, 3), np.uint8), np.ones((1, 1, 3), np.uint8))
    result = measure(FlowField(np.zeros((1, 1, 2))), dot, backward=FlowField(np.zeros((1, 1, 2))))
    assert result["photometric_error"] == (pytest.approx(1), 1)


def test_another_size_is_refused(pair):
    with pytest.raises(ShapeMismatchError, match=r"backward flow has .*\(3, 3\)"):
        measure(pair.truth, pair, backward=FlowField(np.zeros((3, 3, 2))))


def test_every_definition_is_complete_and_unknown_keys_are_refused():
    for key, metric in METRICS.items():
        assert key == metric.key
        assert all(metric)
        assert metric.definition.endswith(".")
        assert metric.direction in ("lower", "higher")
    assert describe("epe_class_12").definition.endswith("class 12.")
    for unknown in ("f1", "epe_class_", "epe_class_x"):
        with pytest.raises(InputError, match=unknown):
            describe(unknown)


@pytest.mark.data
def test_dis_on_real_pairs_scores_as_measured_independently(real_data):
    folder = real_data / "flow" / "middlebury"
    epes = []
    for sequence in sorted(folder.iterdir()):
        first, second = (cv2.imread(str(sequence / f"frame{i}.png"))[..., ::-1] for i in (1, 2))
        raw = np.fromfile(sequence / "flow.flo", np.float32)[3:].reshape(*first.shape[:2], 2)
        truth = FlowField(raw, (np.abs(raw) < 1e9).all(-1))
        gray = [
            cv2.cvtColor(frame[..., ::-1].copy(), cv2.COLOR_BGR2GRAY) for frame in (first, second)
        ]
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        estimate = FlowField(dis.calc(*gray, None))
        epes.append(measure(estimate, FramePair(first, second, truth=truth))["epe"].value)
    assert np.mean(epes) == pytest.approx(0.336, abs=0.01)


def test_within_some_pixels_the_numbers_are_theirs(pair):
    """Around them nothing is cut off: distances, windows and landings are those of the frame."""
    within = np.zeros(SIZE, bool)
    within[5:25, 10:30] = True
    uv = np.full((*SIZE, 2), (2, 0), np.float32)
    uv[5:15, 10:30] += (3, 4)
    flow = FlowField(uv, np.arange(60) >= np.full((40, 1), 12))
    whole = measure(flow, pair, backward=constant(-2, 0))
    found = measure(flow, pair, backward=constant(-2, 0), within=within)
    assert found["density"] == (pytest.approx(90), 400)
    assert found["epe"] == (pytest.approx(2.5), 360)
    assert found["a50"].num_pixels == found["wauc"].num_pixels == 360
    assert found["epe_filled"] == (pytest.approx(2.5), 400)
    assert found["epe_class_1"] == (0, 5 * 18)
    assert found["epe_class_5"] == (5, 5 * 18)
    assert found["consistent_share"] == (50, 360)
    assert found["psnr"].num_pixels == 360
    assert measure(flow, pair, backward=constant(-2, 0), within=np.ones(SIZE, bool)) == whole
    corner = measure(flow, pair, within=~np.ones(SIZE, bool))
    assert corner == {}
    with pytest.raises(ShapeMismatchError, match="pixels that count"):
        measure(flow, pair, within=within.T)
