"""Public weights of RAFT: the tensor names of its authors, and the files they published."""

import re

from flowcore.models.weights import KnownFile, Layout, State, register_layout

__all__ = ["from_princeton"]

_RENAMES = [
    (r"^fnet\.", "feature_encoder."),
    (r"^cnet\.", "context_encoder."),
    (r"^(\w+_encoder)\.conv1\.", r"\1.convnormrelu.0."),
    (r"^(\w+_encoder)\.norm1\.", r"\1.convnormrelu.1."),
    (r"^(\w+_encoder)\.conv2\.", r"\1.conv."),
    (r"(layer\d\.\d)\.conv(\d)\.", r"\1.convnormrelu\2.0."),
    (r"(layer\d\.\d)\.norm(\d)\.", r"\1.convnormrelu\2.1."),
    (r"^update_block\.encoder\.convc(\d)\.", r"update_block.motion_encoder.convcorr\1.0."),
    (r"^update_block\.encoder\.convf(\d)\.", r"update_block.motion_encoder.convflow\1.0."),
    (r"^update_block\.encoder\.conv\.", "update_block.motion_encoder.conv.0."),
    (r"^update_block\.gru\.(conv[zrq])([12])\.", r"update_block.recurrent_block.convgru\2.\1."),
    (r"^update_block\.gru\.(conv[zrq])\.", r"update_block.recurrent_block.convgru1.\1."),
    (r"^update_block\.mask\.0\.", "mask_predictor.convrelu.0."),
    (r"^update_block\.mask\.2\.", "mask_predictor.conv."),
]
_SHORTCUT_NORM = re.compile(r"layer\d\.\d\.norm3\.")  # the same tensors as downsample.1


def from_princeton(state: State) -> State:
    """A state dict of the authors' code, large or small, under our names."""
    return {_renamed(key): state[key] for key in state if not _SHORTCUT_NORM.search(key)}


def _renamed(key: str) -> str:
    for pattern, replacement in _RENAMES:
        key = re.sub(pattern, replacement, key)
    return key


_OFFICIAL_SMALL = "c7d41b9cc88442bb8aa911dbb33086dac55a226394b142937ff22d5578717332"

register_layout(Layout("princeton", "raft_large", from_princeton))
register_layout(
    Layout("princeton", "raft_small", from_princeton),
    known_files={
        _OFFICIAL_SMALL: KnownFile(
            tag="things",
            recipe="the authors' training: 100k steps on FlyingChairs, 100k on FlyingThings3D",
            data="FlyingChairs, FlyingThings3D",
            licence="BSD-3-Clause",
        )
    },
)
