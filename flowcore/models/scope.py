"""The size ladder: one small recurrent net in several widths, trained by this project."""

from dataclasses import replace

from flowcore.models.registry import register
from flowcore.models.scope_net import ScopeNet, ScopeSizes

__all__ = [
    "SCOPE_SOURCE",
    "SMALLEST",
    "SMALLEST_4PX",
    "USUAL",
    "scope_035",
    "scope_035_4px",
    "scope_035_split",
    "scope_070",
    "scope_070_4px",
    "scope_070_near",
    "scope_200",
    "scope_1000",
]

SCOPE_SOURCE = (
    "Flowscope; after RAFT (Teed and Deng, ECCV 2020) and PWC-Net (Sun et al., CVPR 2018)"
)

SMALLEST = ScopeSizes(
    features=(24, 30, 32),
    matching=32,
    coarse=(24, 16, 20),
    fine=(16, 12, 16),
    closer=(5, 8),
    is_far_sighted=True,
    bytes_per_pixel=170,
)
SMALLEST_4PX = replace(SMALLEST, closer=None, is_far_sighted=False)
USUAL = ScopeSizes(
    features=(32, 44, 48),
    matching=40,
    coarse=(36, 24, 28),
    fine=(24, 16, 20),
    closer=(16, 20),
    is_far_sighted=True,
    bytes_per_pixel=230,
)


@register(family="scope", source=SCOPE_SOURCE)
def scope_035() -> ScopeNet:
    """The smallest: at most 0.35 MB."""
    return ScopeNet(SMALLEST)


@register(family="scope", source=SCOPE_SOURCE)
def scope_035_4px() -> ScopeNet:
    """The smallest without closer look and far sight, whose weights a net with them begins with."""
    return ScopeNet(SMALLEST_4PX)


@register(family="scope", source=SCOPE_SOURCE)
def scope_035_split() -> ScopeNet:
    """That net, its frames encoded in 2x2 chunks; the weights have the same shapes."""
    return ScopeNet(replace(SMALLEST_4PX, encoder_chunks=(2, 2)))


@register(family="scope", source=SCOPE_SOURCE)
def scope_070() -> ScopeNet:
    """At most 0.70 MB."""
    return ScopeNet(USUAL)


@register(family="scope", source=SCOPE_SOURCE)
def scope_070_4px() -> ScopeNet:
    """The 0.70 MB net without its closer look, whose weights a net with it begins with."""
    return ScopeNet(replace(USUAL, closer=None, is_far_sighted=False))


@register(family="scope", source=SCOPE_SOURCE)
def scope_070_near() -> ScopeNet:
    """The 0.70 MB net before it was far-sighted, whose weights such a net begins with."""
    return ScopeNet(replace(USUAL, is_far_sighted=False))


@register(family="scope", source=SCOPE_SOURCE)
def scope_200() -> ScopeNet:
    """At most 2.0 MB."""
    return ScopeNet(
        ScopeSizes(
            features=(48, 72, 96),
            matching=64,
            coarse=(64, 48, 48),
            fine=(40, 32, 32),
            closer=(16, 24),
            is_far_sighted=True,
            bytes_per_pixel=310,
        )
    )


@register(family="scope", source=SCOPE_SOURCE)
def scope_1000() -> ScopeNet:
    """About 10 MB."""
    return ScopeNet(
        ScopeSizes(
            features=(96, 160, 176),
            blocks=(2, 2, 2),
            matching=128,
            coarse=(128, 80, 96),
            fine=(96, 64, 64),
            closer=(32, 48),
            is_far_sighted=True,
            bytes_per_pixel=550,
        )
    )
