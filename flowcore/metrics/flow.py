"""How far an estimated flow is from the true one.

Every function takes numpy flows ``(H, W, 2)`` with masks ``(H, W)``, or torch flows
``(B, 2, H, W)`` with masks ``(B, H, W)``; maps come back in the same kind, numbers as floats. All
pixels of a batch count alike. ``valid`` selects the pixels that count; all of them if left out.
A number over no pixel at all is nan, and a bin without pixels is left out: neither is ever zero.
"""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.metrics import statistics
from flowcore.types import FloatArray

__all__ = [
    "angular_error",
    "epe",
    "epe_by_class",
    "epe_by_occlusion_distance",
    "epe_by_speed",
    "epe_by_visibility",
    "epe_percentile",
    "fl_all",
    "inlier_rate",
    "mean_angular_error",
    "mean_epe",
    "outlier_rate",
    "wauc",
]

Array = TypeVar("Array", FloatArray, torch.Tensor)


def epe(estimate: Array, truth: Array) -> Array:
    """End-point error of every pixel: the L2 distance of the two vectors, px; lower is better.

    Parameters
    ----------
    estimate, truth : (H, W, 2) array or (B, 2, H, W) tensor

    Returns
    -------
    (H, W) array or (B, H, W) tensor

    Raises
    ------
    ShapeMismatchError
        The two differ in shape.
    InputError
        Not flows, or one array and one tensor.

    Examples
    --------
    >>> epe(np.array([[[3.0, 0.0]]]), np.array([[[0.0, 4.0]]])).tolist()
    [[5.0]]
    """
    _require_flows(estimate, truth)
    return _length(*_split(estimate - truth))


def mean_epe(estimate: Array, truth: Array, valid: Any = None) -> float:
    """Mean end-point error in px; lower is better, nan where nothing is valid."""
    return statistics.mean(_errors(estimate, truth, valid))


def epe_by_speed(estimate: Array, truth: Array, valid: Any = None) -> dict[str, float]:
    """Mean end-point error in px by true speed: ``s0_1, s0_10, s10_40, s40_plus`` px/frame.

    Each bin holds its lower end and not its upper one. The last three are those of Sintel (Butler
    et al., ECCV 2012); the first, a part of the second, is sub-pixel motion.
    """
    errors = _errors(estimate, truth, valid)
    return statistics.means_in(errors, statistics.speed_bins(_speeds(truth, valid)))


def epe_by_visibility(
    estimate: Array, truth: Array, occluded: Any, valid: Any = None
) -> dict[str, float]:
    """Mean end-point error in px of pixels seen in both frames and in one: ``matched, unmatched``.

    As Sintel (Butler et al., ECCV 2012). ``occluded`` is a mask shaped like ``valid``.
    """
    errors = _errors(estimate, truth, valid)
    hidden = _select(occluded, truth, valid).astype(bool)
    return statistics.means_in(errors, {"matched": ~hidden, "unmatched": hidden})


def epe_by_occlusion_distance(
    estimate: Array, truth: Array, occluded: Any, valid: Any = None
) -> dict[str, float]:
    """Mean end-point error in px by distance to the nearest occlusion boundary.

    Bins ``d0_10, d10_60, d60_140`` px, each with its lower end and without its upper one, as
    Sintel (Butler et al., ECCV 2012). ``occluded`` is a mask shaped like ``valid``.
    """
    errors = _errors(estimate, truth, valid)
    masks = _to_numpy(_require_mask(occluded, truth)).astype(bool)
    masks = masks.reshape(-1, *masks.shape[-2:])
    distances = np.stack([statistics.occlusion_distance(mask) for mask in masks])
    distances = distances[_selection(truth, valid).reshape(masks.shape)]
    return statistics.means_in(errors, statistics.distance_bins(distances))


def epe_by_class(estimate: Array, truth: Array, labels: Any, valid: Any = None) -> dict[int, float]:
    """Mean end-point error in px of each class; label 0, unlabelled, is left out."""
    errors = _errors(estimate, truth, valid)
    means = statistics.class_means(errors, _select(labels, truth, valid))
    return {label: value for label, (value, _) in means.items()}


def epe_percentile(estimate: Array, truth: Array, valid: Any = None, *, q: float) -> float:
    """The end-point error that ``q`` percent of the pixels do not exceed, px; lower is better.

    A50, A75 and A95 of Middlebury (Baker et al., IJCV 2011) are q = 50, 75 and 95. Between two
    pixels it is interpolated linearly.
    """
    return statistics.percentile(_errors(estimate, truth, valid), q)


def fl_all(estimate: Array, truth: Array, valid: Any = None) -> float:
    """Percent of pixels off by more than 3 px and by more than 5 % of the true speed.

    Lower is better. KITTI 2015 (Menze and Geiger, CVPR 2015): both conditions must hold, so the
    second one matters only beyond 60 px/frame.

    Examples
    --------
    4 px off is an outlier where the truth is 10 px long, and none where it is 100 px long:

    >>> truth = np.array([[[10.0, 0.0], [100.0, 0.0]]])
    >>> fl_all(truth + [4.0, 0.0], truth)
    50.0
    """
    return statistics.fl_percent(_errors(estimate, truth, valid), _speeds(truth, valid))


def outlier_rate(estimate: Array, truth: Array, valid: Any = None, *, px: float) -> float:
    """Percent of pixels with an end-point error above ``px``; lower is better.

    R0.5, R1 and R2 of Middlebury (Baker et al., IJCV 2011) are px = 0.5, 1 and 2.
    """
    return statistics.outlier_percent(_errors(estimate, truth, valid), px)


def inlier_rate(estimate: Array, truth: Array, valid: Any = None, *, px: float) -> float:
    """Percent of pixels with an end-point error below ``px``; higher is better."""
    return statistics.inlier_percent(_errors(estimate, truth, valid), px)


def wauc(estimate: Array, truth: Array, valid: Any = None) -> float:
    """Weighted area under the curve of inlier rates from 0.05 to 5 px, percent; higher is better.

    ``sum(w_i share(error <= i / 20 px)) / sum(w_i)`` with ``w_i = 1 - (i - 1) / 100`` and
    i = 1 .. 100 (VIPER: Richter, Hayder and Koltun, ICCV 2017; Spring: Mehl et al., CVPR 2023).
    """
    return statistics.wauc_percent(_errors(estimate, truth, valid))


def angular_error(estimate: Array, truth: Array) -> Array:
    """Angle between ``(u, v, 1)`` of estimate and truth at every pixel, degrees; lower is better.

    Barron, Fleet and Beauchemin, IJCV 1994, as the arctangent of cross and dot product of the
    unit vectors: the arccosine of the dot product alone loses small angles in float32.

    Examples
    --------
    >>> angular_error(np.array([[[1.0, 0.0]]]), np.array([[[0.0, 0.0]]])).tolist()
    [[45.0]]
    """
    _require_flows(estimate, truth)
    a, b, c = _unit(estimate)
    d, e, f = _unit(truth)
    cross = _length(_length(b * f - c * e, c * d - a * f), a * e - b * d)
    dot = a * d + b * e + c * f
    if isinstance(cross, torch.Tensor):
        return torch.rad2deg(torch.atan2(cross, dot))
    degrees: FloatArray = np.rad2deg(np.arctan2(cross, dot))
    return degrees


def mean_angular_error(estimate: Array, truth: Array, valid: Any = None) -> float:
    """Mean angular error in degrees; lower is better, nan where nothing is valid."""
    return statistics.mean(_select(angular_error(estimate, truth), truth, valid))


def _errors(estimate: Array, truth: Array, valid: Any) -> statistics.Numbers:
    """End-point errors of the selected pixels, 1-D."""
    return _select(epe(estimate, truth), truth, valid).astype(np.float64)


def _speeds(truth: Array, valid: Any) -> statistics.Numbers:
    """True speeds of the selected pixels, 1-D."""
    return _select(_length(*_split(truth)), truth, valid).astype(np.float64)


def _select(values: Any, flow: Array, valid: Any) -> npt.NDArray[Any]:
    """The values of a map at the selected pixels, as a 1-D numpy array."""
    return _to_numpy(_require_mask(values, flow))[_selection(flow, valid)]


def _selection(flow: Array, valid: Any) -> npt.NDArray[np.bool_]:
    if valid is None:
        return np.ones(_map_shape(flow), bool)
    return _to_numpy(_require_mask(valid, flow)).astype(bool)


def _split(flow: Array) -> tuple[Array, Array]:
    """The components u and v."""
    if isinstance(flow, torch.Tensor):
        return flow[:, 0], flow[:, 1]
    return flow[..., 0], flow[..., 1]


def _length(x: Array, y: Array) -> Array:
    if isinstance(x, torch.Tensor):
        return torch.hypot(x, y)
    return np.hypot(x, y)


def _unit(flow: Array) -> tuple[Array, Array, Array]:
    """``(u, v, 1)`` brought to length one."""
    u, v = _split(flow)
    one = u * 0 + 1
    length = _length(_length(u, v), one)
    return u / length, v / length, one / length


def _to_numpy(values: Any) -> npt.NDArray[Any]:
    if isinstance(values, torch.Tensor):
        return values.detach().cpu().numpy()
    return np.asarray(values)


def _map_shape(flow: Any) -> tuple[int, ...]:
    if isinstance(flow, torch.Tensor):
        return (flow.shape[0], *flow.shape[2:])
    return tuple(flow.shape[:2])


def _require_mask(mask: Any, flow: Any) -> Any:
    if tuple(mask.shape) != _map_shape(flow):
        raise ShapeMismatchError(
            f"A map over this flow has shape {_map_shape(flow)}, got {tuple(mask.shape)}."
        )
    return mask


def _require_flows(estimate: Any, truth: Any) -> None:
    if isinstance(estimate, torch.Tensor) != isinstance(truth, torch.Tensor):
        raise InputError("Estimate and truth must both be arrays or both tensors, got one of each.")
    for flow in (estimate, truth):
        is_flow = (
            flow.ndim == 4 and flow.shape[1] == 2
            if isinstance(flow, torch.Tensor)
            else flow.ndim == 3 and flow.shape[2] == 2
        )
        if not is_flow:
            raise InputError(
                "A flow is an (H, W, 2) array or a (B, 2, H, W) tensor, "
                f"got shape {tuple(flow.shape)}."
            )
    if estimate.shape != truth.shape:
        raise ShapeMismatchError(
            f"The estimate has shape {tuple(estimate.shape)}, the truth {tuple(truth.shape)}."
        )
