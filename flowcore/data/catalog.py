"""The data sets of the field: where their files lie, and a card of each.

Sizes, licences and protocols are those that their authors state.
"""

from collections.abc import Mapping
from types import MappingProxyType

from flowcore.data.cards import SAMPLES, SEQUENCES
from flowcore.data.layout import Card, Layout

__all__ = ["LAYOUTS", "card_of"]

_SINTEL_SCORES = tuple(
    (key, "pooled")
    for key in ("epe", "epe_matched", "epe_unmatched", "epe_s0_10", "epe_s10_40", "epe_s40_plus")
)
_KITTI_SCORES = (("fl_all", "pooled"), ("epe", "mean"), ("fl_noc", "pooled"), ("epe_noc", "mean"))
_BY_SPEED = "s0-10, s10-40, s40+"
_REAL = "real pairs of Middlebury, Sintel, KITTI 2012 and FlyingChairs"

_MIDDLEBURY = Layout(
    name="middlebury",
    anchors=("other-gt-flow/{scene}/flow10.flo",),
    first="other-data/{scene}/frame10.png",
    second="other-data/{scene}/frame11.png",
    sequence="{scene}",
    card=Card(
        title="Middlebury",
        size="8 pairs with public truth, up to 640 x 480 px",
        truth="dense .flo; unknown beyond 1e9",
        splits="none: the pairs whose truth is public (other-data)",
        licence="research use, cite Baker et al. 2011",
        protocol="means over the pairs of end-point error and angular error over known pixels",
        scores=(("epe", "mean"), ("angular_error", "mean"), ("r1", "mean")),
    ),
)
_SINTEL = Layout(
    name="sintel",
    anchors=("training/flow/{scene}/frame_{n}.flo",),
    first="training/{pass}/{scene}/frame_{n}.png",
    second="training/{pass}/{scene}/frame_{next}.png",
    sequence="{scene}/frame_{n}",
    split="{taken}",
    passes={name: name for name in ("clean", "final", "albedo")},
    known={
        "occluded": "training/occlusions/{scene}/frame_{n}.png",
        "invalid": "training/invalid/{scene}/frame_{n}.png",
    },
    card=Card(
        title="MPI Sintel",
        size="1,041 pairs of 1024 x 436 px in each pass",
        truth="dense .flo, with occlusions and pixels that aren't to be matched",
        splits="clean, final, albedo: the passes of the training part",
        licence="CC BY 3.0 film, cite Butler et al. 2012",
        protocol="end-point error pooled over all pixels of all frames, occluded ones included; "
        f"matched, unmatched, and by speed ({_BY_SPEED} px)",
        scores=_SINTEL_SCORES,
    ),
)
_KITTI_2012 = Layout(
    name="kitti2012",
    anchors=("training/flow_occ/{scene}_10.png",),
    first="training/{pass}/{scene}_10.png",
    second="training/{pass}/{scene}_11.png",
    sequence="{scene}",
    split="{taken}",
    passes={"color": "colored_0", "gray": "image_0"},
    known={"visible_truth": "training/flow_noc/{scene}_10.png"},
    truth_format="kitti",
    card=Card(
        title="KITTI 2012",
        size="194 pairs, about 1240 x 375 px",
        truth="sparse 16-bit PNG (27 to 31 % known), with and without occlusions",
        splits="color, gray: the left cameras",
        licence="CC BY-NC-SA 3.0",
        protocol="Fl (over 3 px and over 5 %) pooled over valid pixels; end-point error as mean of "
        "the pairs' means",
        scores=_KITTI_SCORES,
    ),
)
_KITTI_2015 = Layout(
    name="kitti2015",
    anchors=("training/flow_occ/{scene}_10.png",),
    first="training/image_2/{scene}_10.png",
    second="training/image_2/{scene}_11.png",
    sequence="{scene}",
    known={
        "visible_truth": "training/flow_noc/{scene}_10.png",
        "objects": "training/obj_map/{scene}_10.png",
    },
    truth_format="kitti",
    card=Card(
        title="KITTI 2015",
        size="200 pairs, about 1242 x 375 px",
        truth="sparse 16-bit PNG, with and without occlusions, and a map of moving objects",
        splits="none: the training part",
        licence="CC BY-NC-SA 3.0",
        protocol="Fl (over 3 px and over 5 %) pooled over valid pixels, also over background and "
        "moving objects; end-point error as mean of the pairs' means",
        scores=(("fl_all", "pooled"), ("fl_bg", "pooled"), ("fl_fg", "pooled"), ("epe", "mean")),
    ),
)
_FLYINGCHAIRS = Layout(
    name="flyingchairs",
    anchors=("data/{n}_flow.flo",),
    first="data/{n}_img1.ppm",
    second="data/{n}_img2.ppm",
    sequence="{n}",
    listed="FlyingChairs_train_val.txt",
    card=Card(
        title="FlyingChairs",
        size="22,872 pairs of 512 x 384 px",
        truth="dense .flo",
        splits="train (22,232) and val (640), if FlyingChairs_train_val.txt lies beside data",
        licence="research only",
        protocol="mean end-point error; all pairs have the same size",
        scores=(("epe", "mean"), ("inlier_1px", "mean"), ("inlier_3px", "mean")),
    ),
)
_FLYINGTHINGS = Layout(
    name="flyingthings3d",
    anchors=(
        "optical_flow/{half}/{part}/{scene}/into_future/{side}/"
        "OpticalFlowIntoFuture_{n}_{letter}.pfm",
    ),
    first="frames_{pass}pass/{half}/{part}/{scene}/{side}/{n}.png",
    second="frames_{pass}pass/{half}/{part}/{scene}/{side}/{next}.png",
    sequence="{part}/{scene}/{side}/{n}",
    split="{half}-{taken}",
    passes={"clean": "clean", "final": "final"},
    truth_format="pfm",
    card=Card(
        title="FlyingThings3D",
        size="about 22,000 frames of 960 x 540 px in each pass",
        truth="dense .pfm; the motion into the future is read, of both cameras",
        splits="train-clean, train-final, test-clean, test-final",
        licence="research only, cite Mayer et al. 2016",
        protocol="mean end-point error; all pairs have the same size",
        scores=(("epe", "mean"), ("inlier_1px", "mean"), ("inlier_3px", "mean")),
    ),
)
_SPRING = Layout(
    name="spring",
    anchors=("train/{scene}/flow_FW_{side}/flow_FW_{side}_{n}.flo5",),
    first="train/{scene}/frame_{side}/frame_{side}_{n}.png",
    second="train/{scene}/frame_{side}/frame_{side}_{next}.png",
    sequence="{scene}/{n}",
    split="{side}",
    truth_format="flo5",
    truth_step=2,
    card=Card(
        title="Spring",
        size="about 5,000 frames of 1920 x 1080 px for each camera",
        truth="dense .flo5 at twice the resolution, in px of the frames; every second row and "
        "column is read",
        splits="left, right: the cameras; the forward motion is read",
        licence="CC BY 4.0",
        protocol="share of errors above 1 px, end-point error, Fl and WAUC over all pixels; the "
        "benchmark takes the best of the four truths of a pixel, here it is one of them",
        scores=tuple((key, "pooled") for key in ("outlier_1px", "epe", "fl_all", "wauc")),
    ),
)
_HD1K = Layout(
    name="hd1k",
    anchors=("hd1k_flow_gt/flow_occ/{scene}_{n}.png",),
    first="hd1k_input/image_2/{scene}_{n}.png",
    second="hd1k_input/image_2/{scene}_{next}.png",
    sequence="{scene}_{n}",
    truth_format="kitti",
    card=Card(
        title="HD1K",
        size="about 1,000 pairs of 2560 x 1080 px",
        truth="KITTI's 16-bit PNG; its uncertainties aren't read",
        splits="none: the training part",
        licence="non-commercial, cite Kondermann et al. 2016",
        protocol="as KITTI: Fl pooled over valid pixels; end-point error as mean of the pairs'",
        scores=(("fl_all", "pooled"), ("epe", "mean")),
    ),
)
_VIPER = Layout(
    name="viper",
    anchors=("{half}/flow/{scene}/{scene}_{n}.npz",),
    first="{half}/img/{scene}/{scene}_{n}.*",
    second="{half}/img/{scene}/{scene}_{next}.*",
    sequence="{scene}_{n}",
    split="{half}",
    truth_format="viper",
    card=Card(
        title="VIPER",
        size="about 13,000 pairs of 1920 x 1080 px, every tenth frame",
        truth=".npz of u and v in half precision, NaN where unknown",
        splits="train, val",
        licence="non-commercial research, cite Richter et al. 2017",
        protocol="WAUC: the inlier rate over thresholds up to 5 px, weighted",
        scores=(("wauc", "mean"), ("epe", "mean")),
    ),
)
_VKITTI = Layout(
    name="vkitti2",
    anchors=("{scene}/{variation}/frames/forwardFlow/{camera}/flow_{n}.png",),
    first="{scene}/{variation}/frames/rgb/{camera}/rgb_{n}.*",
    second="{scene}/{variation}/frames/rgb/{camera}/rgb_{next}.*",
    sequence="{scene}/{camera}/{n}",
    split="{variation}",
    truth_format="vkitti2",
    card=Card(
        title="Virtual KITTI 2",
        size="21,160 pairs of 1242 x 375 px over all variations, of one camera",
        truth="16-bit PNG in fractions of the frame; the sky is unknown",
        splits="the variations: clone, fog, morning, overcast, rain, sunset, turned cameras",
        licence="CC BY-NC-SA 3.0",
        protocol="as KITTI: Fl pooled over valid pixels; end-point error as mean of the pairs'",
        scores=(("fl_all", "pooled"), ("epe", "mean")),
    ),
)
_TARTANAIR = Layout(
    name="tartanair",
    anchors=(
        "{scene}/{level}/{path}/flow/{n}_{next}_flow.npy",
        "{scene}/{scene}/{level}/{path}/flow/{n}_{next}_flow.npy",
    ),
    first="{folder}/image_left/{n}_left.png",
    second="{folder}/image_left/{next}_left.png",
    sequence="{scene}/{path}/{n}",
    split="{level}",
    truth_format="npy",
    card=Card(
        title="TartanAir",
        size="about 1 million stereo frames of 640 x 480 px",
        truth=".npy of the left camera; its masks of occlusions aren't read",
        splits="easy, hard",
        licence="CC BY 4.0",
        protocol="mean end-point error; all pairs have the same size",
        scores=(("epe", "mean"), ("inlier_1px", "mean"), ("inlier_3px", "mean")),
    ),
)
_PLAIN = Layout(
    name="plain",
    is_named=False,
    anchors=("{dataset}/{scene}/frame1.png", "{scene}/frame1.png"),
    marks=("{dataset}/{scene}/frame1.png", "{scene}/flow.flo", "{scene}/flow.png"),
    first="{folder}/{scene}/frame1.png",
    second="{folder}/{scene}/frame2.png",
    sequence="{scene}",
    split="{dataset}",
    truth=("{folder}/{scene}/flow.flo", "{folder}/{scene}/flow.png"),
    known={
        "visible_truth": "{folder}/{scene}/flow_noc.png",
        "occluded": "{folder}/{scene}/occ.png",
        "invalid": "{folder}/{scene}/invalid.png",
        "objects": "{folder}/{scene}/obj_map.png",
    },
    card=Card(
        title="Folders of pairs",
        size="any",
        truth="flow.flo or flow.png (KITTI), with occ.png, flow_noc.png, invalid.png, obj_map.png",
        splits="the folders: ROOT/<dataset>/<sequence>, or ROOT itself as the one data set",
        licence="that of the data",
        protocol="mean of the pairs' means, and pooled over all pixels",
        scores=(("epe", "mean"), ("epe", "pooled"), ("fl_all", "mean"), ("fl_all", "pooled")),
        proved=_REAL,
    ),
)

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            _MIDDLEBURY,
            _SINTEL,
            _KITTI_2012,
            _KITTI_2015,
            _FLYINGCHAIRS,
            _FLYINGTHINGS,
            _SPRING,
            _HD1K,
            _VIPER,
            _VKITTI,
            _TARTANAIR,
            _PLAIN,
        )
    }
)
"""By the name that ``--layout`` takes."""


def card_of(layout: str, dataset: str = "") -> Card:
    """The card of a layout; of a folder in the plain one that of the data set it is named after.

    Examples
    --------
    >>> card_of("plain", "sintel").title
    'MPI Sintel'
    """
    if layout == "plain" and dataset in LAYOUTS:
        return LAYOUTS[dataset].card
    if layout == "samples":
        return SAMPLES
    return LAYOUTS[layout].card if layout in LAYOUTS else SEQUENCES
