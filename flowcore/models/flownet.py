"""The family of FlowNet2: its networks alone, their stacks, and thin ones.

The numbers are those of NVIDIA's public implementation, the names of the networks too, so that
public weights fit; see flownet_layouts.
"""

from torch import nn

from flowcore.models.flownet_net import FlowNet2
from flowcore.models.flownet_parts import FULL, FlowNetC, FlowNetS, FlowNetSD, Fusion, Width
from flowcore.models.registry import register

__all__ = [
    "flownet2",
    "flownet2_small",
    "flownet_c",
    "flownet_c_pinard",
    "flownet_c_thin",
    "flownet_cs",
    "flownet_cs_thin",
    "flownet_css",
    "flownet_css_thin",
    "flownet_s",
    "flownet_s_pinard",
    "flownet_s_thin",
    "flownet_sd",
    "flownet_ss",
    "flownet_ss_thin",
]

_PAPER = "Ilg et al., FlowNet 2.0, CVPR 2017"
_FIRST_PAPER = "Dosovitskiy et al., FlowNet, ICCV 2015"
_PLAIN, _STACKED = 6, 12  # channels that a network sees: alone, after another
_MEAN = (0.411, 0.432, 0.45)  # mean color of the FlowNet authors' frames, RGB
_THIN = Width(3 / 8)


def _stack(
    letters: str, width: Width = FULL, *, reach: int = 20, spacing: int = 2
) -> dict[str, nn.Module]:
    """The networks that the paper writes as letters, such as "css"."""
    stack: dict[str, nn.Module] = {}
    for letter in letters:
        if letter == "c":
            stack["flownetc"] = FlowNetC(width, reach=reach, spacing=spacing)
        else:
            number = sum(name.startswith("flownets") for name in stack) + 1
            stack[f"flownets_{number}"] = FlowNetS(width, _STACKED if stack else _PLAIN)
    return stack


@register(family="flownet", source=_PAPER)
def flownet2() -> FlowNet2:
    """All five networks at full width, 162,518,834 parameters."""
    return FlowNet2(_stack("css"), small=FlowNetSD(), fusion=Fusion(), bytes_per_pixel=2200)


@register(family="flownet", source=_PAPER)
def flownet2_small() -> FlowNet2:
    """All five networks, thin enough for 3 MB together: trained by this project.

    Every displacement up to 80 px is compared, rather than every second one up to 160 px: of
    motion below 16 px FlowNetC sees too little otherwise to begin to learn on small scenes.
    """
    width = Width(1 / 4, widest=40)
    return FlowNet2(
        _stack("css", width, reach=10, spacing=1),
        small=FlowNetSD(width),
        fusion=Fusion(width),
        unit=4.0,
        small_unit=1.0,
        mean=_MEAN,
        bytes_per_pixel=1000,
    )


@register(family="flownet", source=_FIRST_PAPER)
def flownet_s() -> FlowNet2:
    """FlowNetS at full width, 38,676,506 parameters."""
    return FlowNet2(_stack("s"), bytes_per_pixel=1000)


@register(family="flownet", source=_FIRST_PAPER)
def flownet_c() -> FlowNet2:
    """FlowNetC at full width, 39,175,298 parameters."""
    return FlowNet2(_stack("c"), bytes_per_pixel=1000)


@register(family="flownet", source=_PAPER)
def flownet_sd() -> FlowNet2:
    """FlowNetSD alone, 45,371,666 parameters; alone it works in units of 20 px."""
    return FlowNet2({"flownets_d": FlowNetSD()}, bytes_per_pixel=1000)


@register(family="flownet", source=_PAPER)
def flownet_ss() -> FlowNet2:
    """Two FlowNetS."""
    return FlowNet2(_stack("ss"), bytes_per_pixel=1000)


@register(family="flownet", source=_PAPER)
def flownet_cs() -> FlowNet2:
    """FlowNetC and FlowNetS, 77,870,620 parameters."""
    return FlowNet2(_stack("cs"), bytes_per_pixel=1000)


@register(family="flownet", source=_PAPER)
def flownet_css() -> FlowNet2:
    """FlowNetC and two FlowNetS, 116,565,942 parameters; CSS-ft-sd is this net too."""
    return FlowNet2(_stack("css"), bytes_per_pixel=1000)


@register(family="flownet", source=_PAPER)
def flownet_s_thin() -> FlowNet2:
    """The paper's FlowNet2-s: three eighths of the channels."""
    return FlowNet2(_stack("s", _THIN), bytes_per_pixel=500)


@register(family="flownet", source=_PAPER)
def flownet_c_thin() -> FlowNet2:
    """The paper's FlowNet2-c."""
    return FlowNet2(_stack("c", _THIN), bytes_per_pixel=500)


@register(family="flownet", source=_PAPER)
def flownet_ss_thin() -> FlowNet2:
    """The paper's FlowNet2-ss."""
    return FlowNet2(_stack("ss", _THIN), bytes_per_pixel=500)


@register(family="flownet", source=_PAPER)
def flownet_cs_thin() -> FlowNet2:
    """The paper's FlowNet2-cs."""
    return FlowNet2(_stack("cs", _THIN), bytes_per_pixel=500)


@register(family="flownet", source=_PAPER)
def flownet_css_thin() -> FlowNet2:
    """The paper's FlowNet2-css."""
    return FlowNet2(_stack("css", _THIN), bytes_per_pixel=500)


@register(family="flownet", source=_FIRST_PAPER)
def flownet_s_pinard() -> FlowNet2:
    """FlowNetS as in Clement Pinard's implementation, 38,675,536 parameters."""
    network = FlowNetS(has_bias=False)
    return FlowNet2({"flownets_1": network}, mean=_MEAN, bytes_per_pixel=1000)


@register(family="flownet", source=_FIRST_PAPER)
def flownet_c_pinard() -> FlowNet2:
    """FlowNetC as in Clement Pinard's implementation, 39,174,320 parameters."""
    network = FlowNetC(has_bias=False)
    return FlowNet2({"flownetc": network}, mean=_MEAN, bytes_per_pixel=1000)
