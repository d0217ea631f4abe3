"""The corruptions by name, and the pair that one of them leaves.

After the common corruptions of Hendrycks and Dietterich, ICLR 2019 (ImageNet-C), and the families
of RobustSpring (Schmalfuss et al., 2025). What the two frames share decides how much a corruption
harms: noise that is the same in both is a texture that stands still.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from flowcore.errors import ConfigError, ShapeMismatchError
from flowcore.robustness.corruptions import blur, light, noise, quality, weather
from flowcore.robustness.corruptions.draw import Draw, Mode, draws
from flowcore.types import FloatArray, FlowField, FramePair, UInt8Array
from flowcore.types.arrays import size_text

__all__ = ["CORRUPTIONS", "MODES", "SEVERITIES", "Corruption", "corrupt", "mode_of"]

SEVERITIES = (1, 2, 3, 4, 5)
MODES: Mapping[Mode, str] = MappingProxyType(
    {
        "same": "the same in both frames",
        "independent": "drawn for each frame by itself",
        "moving": "moving with the scene; rain and snow move by themselves",
    }
)

_Frames: TypeAlias = tuple[UInt8Array, UInt8Array]
_OfFrame: TypeAlias = Callable[[FloatArray, int, Draw], FloatArray]


@dataclass(frozen=True)
class Corruption:
    """One way in which frames go bad.

    Parameters
    ----------
    label : str
    family : str
        "noise", "blur", "quality", "light" or "weather".
    modes : tuple of str
        Of `MODES`, those that make a difference.
    apply : callable
        From two frames, a severity and their draws to two frames.
    """

    label: str
    family: str
    modes: tuple[Mode, ...]
    apply: Callable[[_Frames, int, tuple[Draw, Draw]], _Frames]


def _each(of_frame: _OfFrame) -> Callable[[_Frames, int, tuple[Draw, Draw]], _Frames]:
    def apply(frames: _Frames, severity: int, drawn: tuple[Draw, Draw]) -> _Frames:
        first, second = (
            _levels(of_frame(frame.astype(np.float32) / np.float32(255), severity, draw))
            for frame, draw in zip(frames, drawn, strict=True)
        )
        return first, second

    return apply


def _levels(frame: FloatArray) -> UInt8Array:
    return np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)


def _of_field(label: str, family: str, of_frame: _OfFrame) -> Corruption:
    return Corruption(label, family, ("same", "independent", "moving"), _each(of_frame))


def _of_strength(label: str, family: str, of_frame: _OfFrame) -> Corruption:
    return Corruption(label, family, ("same", "independent"), _each(of_frame))


def _of_both(label: str, of_frames: Callable[[_Frames, int], _Frames]) -> Corruption:
    return Corruption(
        label, "quality", ("same",), lambda frames, severity, _: of_frames(frames, severity)
    )


CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        "gaussian_noise": _of_field("Gaussian noise", "noise", noise.gaussian_noise),
        "shot_noise": _of_field("Shot noise", "noise", noise.shot_noise),
        "impulse_noise": _of_field("Impulse noise", "noise", noise.impulse_noise),
        "speckle_noise": _of_field("Speckle noise", "noise", noise.speckle_noise),
        "defocus_blur": _of_strength("Defocus blur", "blur", blur.defocus_blur),
        "motion_blur": _of_strength("Motion blur", "blur", blur.motion_blur),
        "zoom_blur": _of_strength("Zoom blur", "blur", blur.zoom_blur),
        "glass_blur": _of_field("Glass blur", "blur", blur.glass_blur),
        "jpeg": _of_both("JPEG", quality.jpeg_compression),
        "av1": _of_both("Video (AV1)", quality.av1_video),
        "pixelation": _of_both("Pixelation", quality.pixelation),
        "banding": _of_both("Banding", quality.banding),
        "brightness": _of_strength("Brightness", "light", light.brightness),
        "contrast": _of_strength("Contrast", "light", light.contrast),
        "saturation": _of_strength("Saturation", "light", light.saturation),
        "exposure": _of_strength("Exposure", "light", light.exposure),
        "fog": _of_field("Fog", "weather", weather.fog),
        "rain": _of_field("Rain", "weather", weather.rain),
        "snow": _of_field("Snow", "weather", weather.snow),
        "dirt": _of_field("Dirt on the lens", "weather", weather.dirt),
    }
)


def corrupt(
    pair: FramePair,
    kind: str,
    severity: int,
    *,
    mode: Mode = "same",
    seed: int = 0,
    motion: FlowField | None = None,
) -> FramePair:
    """The pair with both frames corrupted; its truth stays true.

    Parameters
    ----------
    pair : FramePair
    kind : str
        Of `CORRUPTIONS`.
    severity : int
        1..5; higher is worse.
    mode : str
        Of `MODES`: what the corruptions of the two frames have in common.
    seed : int
        The same seed gives the same frames.
    motion : FlowField, optional
        With what "moving" moves, first -> second; the pair's truth if left out.

    Raises
    ------
    ConfigError
        No such corruption, severity, mode or seed; or no motion to move with.
    ShapeMismatchError
        A motion of another size.
    """
    found = _require(kind, severity, mode, seed)
    if mode == "moving" and motion is None:
        motion = pair.truth
    if motion is not None and motion.size != pair.size:
        raise ShapeMismatchError(
            f"The motion is {size_text(motion.size)}, the frames {size_text(pair.size)}."
        )
    drawn = draws(mode, seed, motion if mode == "moving" else None)
    first, second = found.apply((pair.first, pair.second), severity, drawn)
    return replace(pair, first=first, second=second, name=f"{pair.name}, {found.label} {severity}")


def mode_of(kind: str, wanted: Mode) -> Mode:
    """The mode that a corruption takes where one is wanted for many: "same" if it has no other."""
    is_unknown = wanted not in MODES or kind not in CORRUPTIONS  # `corrupt` will say so
    return wanted if is_unknown or wanted in CORRUPTIONS[kind].modes else "same"


def _require(kind: str, severity: int, mode: Mode, seed: int) -> Corruption:
    if kind not in CORRUPTIONS:
        raise ConfigError(f"No corruption is called {kind!r}; there are {', '.join(CORRUPTIONS)}.")
    if severity not in SEVERITIES:
        raise ConfigError(f"Severity is a whole number in 1..5, got {severity}.")
    if mode not in MODES:
        raise ConfigError(f"No mode is called {mode!r}; there are {', '.join(MODES)}.")
    if seed < 0:
        raise ConfigError(f"A seed is 0 or more, got {seed}.")
    found = CORRUPTIONS[kind]
    if mode not in found.modes:
        raise ConfigError(f"{found.label} cannot be {mode}: choose from {', '.join(found.modes)}.")
    return found
