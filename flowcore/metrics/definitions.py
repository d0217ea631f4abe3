"""What each number means: one table, from which pages, reports and tooltips take their words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from flowcore.errors import InputError
from flowcore.metrics.parts import PARTS

__all__ = ["METRICS", "Direction", "Metric", "describe"]

Direction: TypeAlias = Literal["lower", "higher"]


class Metric(NamedTuple):
    """What a number means.

    ``direction`` says which is better; ``definition`` is one sentence for a tooltip; metrics of
    one ``group`` belong together on screen.
    """

    key: str
    label: str
    unit: str
    direction: Direction
    definition: str
    source: str
    group: str


_BARRON = "Barron, Fleet and Beauchemin, IJCV 1994"
_LAI = "Lai et al., ECCV 2018, of flows"
_KITTI = "Menze and Geiger, CVPR 2015 (KITTI)"
_MIDDLEBURY = "Baker et al., IJCV 2011 (Middlebury)"
_OTTE = "Otte and Nagel, ECCV 1994"
_RAFT = "Teed and Deng, ECCV 2020 (RAFT)"
_SPRING = "Mehl et al., CVPR 2023 (Spring)"
_SUNDARAM = "Sundaram, Brox and Keutzer, ECCV 2010"
_VIPER = "Richter, Hayder and Koltun, ICCV 2017 (VIPER)"
_WANG = "Wang et al., IEEE TIP 2004"


def _rows(
    group: str,
    unit: str,
    direction: Direction,
    source: str,
    entries: Mapping[str, tuple[str, str]],
) -> list[Metric]:
    """Metrics that share all but key, label and definition."""
    return [
        Metric(key, label, unit, direction, definition, source, group)
        for key, (label, definition) in entries.items()
    ]


def _error_rows() -> list[Metric]:
    epe = "Mean length of the difference between estimated and true vector"
    angle = "Mean angle between (u, v, 1) of estimate and truth."
    percentiles = {
        f"a{q}": (f"A{q}", f"The end-point error that {q} % of the pixels do not exceed.")
        for q in (50, 75, 95)
    }
    return [
        *_rows("error", "px", "lower", _OTTE, {"epe": ("EPE", f"{epe}.")}),
        *_rows("error", "px", "lower", _KITTI, {
            "epe_filled": ("EPE, gaps filled", f"{epe}; gaps take the smaller vector beside them."),
        }),
        *_rows("error", "degrees", "lower", _BARRON, {"angular_error": ("Angular error", angle)}),
        *_rows("error", "px", "lower", _MIDDLEBURY, percentiles),
    ]  # fmt: skip


def _part_rows() -> list[Metric]:
    """What is measured of parts of the frame."""
    numbers: Mapping[str, tuple[str, str, Direction, str]] = {
        "epe": ("EPE", "px", "lower", "Mean end-point error"),
        "outlier_1px": ("Outliers 1 px", "%", "lower", "Share with an error above 1 px"),
        "fl": ("Fl", "%", "lower", "Share off by more than 3 px and 5 % of the true speed"),
        "wauc": ("WAUC", "%", "higher", "Weighted area under the curve of inlier rates"),
    }
    rows = []
    for name, part in PARTS.items():
        for metric in part.metrics:
            label, unit, direction, words = numbers[metric]
            source = part.source if metric in ("epe", "fl") else _SPRING
            definition = f"{words}, {part.where}."
            title = f"{label} {part.label}"
            key = f"{metric}_{name}"
            rows.append(Metric(key, title, unit, direction, definition, source, part.group))
    return rows


def _rate_rows() -> list[Metric]:
    def above(px: float) -> str:
        return f"Share of pixels with an end-point error above {px} px."

    fl = "Share of pixels off by more than 3 px and by more than 5 % of the true speed."
    wauc = "Inlier rates at 0.05 to 5 px, averaged with weights that favor small thresholds."
    outliers = {f"outlier_{px}px": (f"Outliers {px} px", above(px)) for px in (1, 3, 4, 5)}
    inliers = {
        f"inlier_{px}px": (f"Inliers {px} px", f"Share of pixels with an EPE below {px} px.")
        for px in (1, 3, 5)
    }
    return [
        *_rows("rate", "%", "lower", _KITTI, {
            "fl_all": ("Fl-all", fl),
            "fl_all_filled": ("Fl-all, gaps filled", f"{fl} Gaps take the smaller vector beside."),
        }),
        *_rows("rate", "%", "higher", _VIPER, {"wauc": ("WAUC", wauc)}),
        *_rows("rate", "%", "lower", _SPRING, outliers),
        *_rows("rate", "%", "higher", _RAFT, inliers),
        *_rows("rate", "%", "lower", _MIDDLEBURY, {
            "r0_5": ("R0.5", above(0.5)), "r1": ("R1", above(1)), "r2": ("R2", above(2)),
        }),
    ]  # fmt: skip


def _frame_rows() -> list[Metric]:
    warped = " of the first frame and the second one warped by the flow, over visible pixels."
    identity = " of the two frames as they are, over the same pixels: what no motion would score."
    psnr, ssim = "Peak signal-to-noise ratio, peak 255,", "Structural similarity, window 11x11 px,"
    gray = "Mean absolute difference"
    common = " of the first frame and the warped second one, over the pixels that all lanes see."
    entire = "Share of pixels whose forward and backward flow undo each other."
    median = "Median distance by which the round trip misses its start, where it stays in frame."
    return [
        *_rows("warp", "dB", "higher", _WANG, {
            "psnr": ("PSNR", psnr + warped), "psnr_identity": ("PSNR unwarped", psnr + identity),
            "psnr_common": ("PSNR, common pixels", psnr + common),
        }),
        *_rows("warp", "1", "higher", _WANG, {
            "ssim": ("SSIM", ssim + warped), "ssim_identity": ("SSIM unwarped", ssim + identity),
            "ssim_common": ("SSIM, common pixels", ssim + common),
        }),
        *_rows("warp", "gray levels", "lower", _MIDDLEBURY, {
            "photometric_error": ("Photometric error", gray + warped),
            "photometric_error_identity": ("Photometric error unwarped", gray + identity),
            "photometric_error_common": ("Photometric error, common pixels", gray + common),
        }),
        *_rows("consistency", "%", "higher", _SUNDARAM, {
            "consistent_share": ("Consistent pixels", entire),
        }),
        *_rows("consistency", "px", "lower", _SUNDARAM, {
            "consistency_median": ("Round-trip error", median),
        }),
        *_rows("density", "%", "higher", _BARRON, {
            "density": ("Density", "Share of pixels for which the estimate has a vector."),
        }),
    ]  # fmt: skip


def _time_rows() -> list[Metric]:
    """What is measured from one pair to the next."""
    words = "Mean length of what a pixel's vector changes by until the next pair"
    return _rows("time", "px", "lower", _LAI, {
        "flicker": ("Flicker", f"{words}, over visible pixels; a still flow has none."),
        "flicker_truth": ("Flicker of the truth", f"{words}: of the true flow, over the same."),
    })  # fmt: skip


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        row.key: row
        for rows in (_error_rows, _part_rows, _rate_rows, _frame_rows, _time_rows)
        for row in rows()
    }
)


def describe(key: str) -> Metric:
    """The meaning of any key that `measure` returns, ``epe_class_N`` included.

    Raises
    ------
    InputError
        No metric has that key.
    """
    label = key.removeprefix("epe_class_")
    if label != key and label.isdecimal():
        definition = f"Mean end-point error of the pixels of class {label}."
        return Metric(key, f"EPE class {label}", "px", "lower", definition, _OTTE, "class")
    if key not in METRICS:
        raise InputError(f"Unknown metric {key!r}; known are {', '.join(METRICS)}.")
    return METRICS[key]
