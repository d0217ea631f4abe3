"""FlowNet2: networks that are stacked, each improving on the flow of the one before.

Ilg et al., FlowNet 2.0, CVPR 2017, figure 2. The first network sees the two frames. Each later one
sees them too, and the second frame warped by the flow so far, that flow, and the brightness error
between first and warped frame. Beside this stack for large motion stands a network for small
motion; the fusion network sees both flows and what each leaves unexplained.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional as F

from flowcore.errors import ConfigError
from flowcore.models.base import require_frames
from flowcore.models.flownet_parts import FlowNetC, FlowNetSD, Fusion
from flowcore.ops.matching import MatchingLevel
from flowcore.ops.warp import warp
from flowcore.types import FeatureMap, Prediction

__all__ = ["STAGES", "FlowNet2"]

_UNIT = 20.0  # px; the public networks for large motion work in it
STAGES = {
    "flownetc": "FlowNetC",
    "flownets_1": "FlowNetS 1",
    "flownets_2": "FlowNetS 2",
    "flownets_d": "FlowNetSD",
    "flownetfusion": "Fusion",
}
_SCALES = ("1/64", "1/32", "1/16", "1/8", "1/4")  # of a network's own flows, coarse to fine


class FlowNet2(nn.Module):
    """A stack of networks for large motion; a network for small motion and a fusion, if given.

    Parameters
    ----------
    stack : mapping of name to network
        In their order; the first sees the frames alone.
    small : FlowNetSD, optional
    fusion : Fusion, optional
        Where there is one, the networks are "flownets_d" and "flownetfusion".
    unit, small_unit : float
        Px that the networks of the stack work in, and the one for small motion.
    mean : (r, g, b), optional
        Is subtracted from both frames; their own mean color if left out, as FlowNet2 does.
    is_warping : bool
        Whether the later networks see the warped second frame and the brightness error.
    bytes_per_pixel : int
        Peak working memory per px of a frame, measured.
    """

    stride = 64
    min_size = 64
    default_iterations = None

    def __init__(
        self,
        stack: Mapping[str, nn.Module],
        *,
        small: FlowNetSD | None = None,
        fusion: Fusion | None = None,
        unit: float = _UNIT,
        small_unit: float = 1 / _UNIT,
        mean: tuple[float, float, float] | None = None,
        is_warping: bool = True,
        bytes_per_pixel: int,
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(stack)
        self.stacked = list(stack)
        if small is not None and fusion is not None:
            self.networks.update({"flownets_d": small, "flownetfusion": fusion})
        self.unit, self.small_unit = unit, small_unit
        self.mean, self.is_warping = mean, is_warping
        self.bytes_per_pixel = bytes_per_pixel

    def parts(self) -> dict[str, nn.Module]:
        """The networks by name; each can learn while the others rest."""
        return dict(self.networks.items())

    def forward(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        iterations: int | None = None,
        keep: frozenset[str] = frozenset(),
        heads_of: Sequence[str] = (),
    ) -> Prediction:
        """The flow of frames ``(B, 3, H, W)``, RGB in [0, 1].

        The iterates are the flows of the networks, in the paper's order; of one that stands alone,
        its decoder's, coarse to fine. The maps are what the networks saw of each other.

        With ``heads_of`` the networks run as far as the last of these, and the iterates are the
        decoders' flows of them all: what training wants.
        """
        require_frames(self, first, second)
        if iterations is not None:
            raise ConfigError("FlowNet2 does not refine in steps, so it takes no iterations.")
        unknown = set(heads_of) - set(self.networks)
        if unknown:
            raise ConfigError(f"No network {min(unknown)}; there are {', '.join(self.networks)}.")
        mean = self._mean_color(first, second)
        run = _Run(self, first - mean, second - mean, heads_of)
        flow = run.all_networks()
        if heads_of:
            return Prediction(flow, tuple(run.heads))
        meanings = self.maps
        maps = {
            name: FeatureMap(
                values + mean if name.startswith("warped") else values, 1, meanings[name]
            )
            for name, values in run.maps.items()
            if name in keep
        }
        if "iterates" not in keep:
            return Prediction(flow, maps=maps)
        if len(run.flows) == 1:
            return Prediction(flow, tuple(run.heads), maps, _SCALES)
        stages = tuple(STAGES[name] for name in run.flows)
        return Prediction(flow, tuple(run.flows.values()), maps, stages)

    @property
    def maps(self) -> dict[str, str]:
        """What the networks see of each other: names, and what they mean."""
        has_fusion = "flownetfusion" in self.networks
        judged = [*self.stacked, "flownets_d"] if has_fusion else self.stacked[:-1]
        found = {}
        for name in judged if self.is_warping else ():
            found[f"warped_{name}"] = f"second frame fetched by {STAGES[name]}'s flow, in [0, 1]"
            found[f"error_{name}"] = f"brightness error of {STAGES[name]}, 0 where the frames agree"
        if has_fusion:
            found["fusion_choice"] = (
                "1 where the fused flow follows the stack, 0 where it follows FlowNetSD"
            )
        return found

    def matching(
        self, first: torch.Tensor, second: torch.Tensor, *, iterations: int | None = None
    ) -> tuple[MatchingLevel, ...]:
        """What FlowNetC compares at the head of the stack, of frames ``(1, 3, H, W)``.

        Raises
        ------
        ConfigError
            The stack does not begin with a FlowNetC, or iterations were asked for.
        """
        require_frames(self, first, second)
        head = self.networks[self.stacked[0]]
        if not isinstance(head, FlowNetC):
            raise ConfigError(
                "This network has no cost volume to look into: FlowNetS and FlowNetSD estimate "
                "flow without comparing features of the two frames."
            )
        mean = self._mean_color(first, second)
        return (head.matching(torch.cat([first - mean, second - mean], 1)),)

    def memory_bytes(self, height: int, width: int) -> int:
        """The working memory of one pair."""
        return self.bytes_per_pixel * height * width

    def _mean_color(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        if self.mean is not None:
            return first.new_tensor(self.mean).view(1, 3, 1, 1)
        return torch.stack([first, second], 2).mean((2, 3, 4))[..., None, None]


class _Run:
    """One pair on its way through the networks, and what is seen on the way."""

    def __init__(
        self, net: FlowNet2, first: torch.Tensor, second: torch.Tensor, heads_of: Sequence[str]
    ) -> None:
        self.net, self.first, self.second, self.heads_of = net, first, second, heads_of
        self.frames = torch.cat([first, second], 1)
        self.flows: dict[str, torch.Tensor] = {}
        self.maps: dict[str, torch.Tensor] = {}
        self.heads: list[torch.Tensor] = []

    def all_networks(self) -> torch.Tensor:
        """The flow of the last network, or of the last whose heads are wanted."""
        seen = self.frames
        stacked = () if set(self.heads_of) == {"flownets_d"} else self.net.stacked
        for name in stacked:
            large = self._estimate(name, seen, self.net.unit)
            if self._is_done(name):
                return self.flows[name]
            seen = self._improvable(name)
        small = self._estimate("flownets_d", self.frames, self.net.small_unit)
        if self._is_done("flownets_d"):
            return self.flows["flownets_d"]
        self._estimate("flownetfusion", self._both(small, large), 1.0)
        fused = self.flows["flownetfusion"]
        self.maps["fusion_choice"] = _choice(
            fused, self.flows["flownets_d"], self.flows[self.net.stacked[-1]]
        )
        return fused

    def _estimate(self, name: str, seen: torch.Tensor, unit: float) -> torch.Tensor:
        """The finest flow of a network, in px of the frame but on the network's own grid."""
        flows: list[torch.Tensor] = [unit * f.float() for f in self.net.networks[name](seen)]
        size = self.first.shape[-2:]
        full = [F.interpolate(flow, size, mode="bilinear") for flow in flows]
        if name in self.heads_of or len(self.net.networks) == 1:
            self.heads += full
        self.flows[name] = full[-1]
        return flows[-1]

    def _is_done(self, name: str) -> bool:
        """Whether nothing is wanted of the networks that come after this one."""
        names = list(self.net.networks)
        last = max(map(names.index, self.heads_of), default=len(names) - 1)
        return names.index(name) == last

    def _improvable(self, name: str) -> torch.Tensor:
        """What the next network sees of the flow of this one, (B, 12, H, W)."""
        flow = self.flows[name]
        if not self.net.is_warping:
            return torch.cat([self.frames, flow / self.net.unit], 1)
        warped, error = self._warp(name, flow)
        return torch.cat([self.frames, warped, flow / self.net.unit, error], 1)

    def _both(self, small: torch.Tensor, large: torch.Tensor) -> torch.Tensor:
        """What the fusion network sees of the two flows on their grids, (B, 11, H, W)."""
        flows = [F.interpolate(flow, scale_factor=4, mode="nearest") for flow in (small, large)]
        names = ("flownets_d", self.net.stacked[-1])
        errors = [self._warp(name, flow)[1] for name, flow in zip(names, flows, strict=True)]
        return torch.cat([self.first, *flows, *map(_length, flows), *errors], 1)

    def _warp(self, name: str, flow: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The second frame fetched by a network's flow, and the brightness error it leaves."""
        warped = warp(self.second, flow)
        error = _length(self.first - warped)
        self.maps |= {f"warped_{name}": warped, f"error_{name}": error}
        return warped, error


def _length(vectors: torch.Tensor) -> torch.Tensor:
    """Their L2 norm over channels, (B, 1, H, W); its gradient is finite at zero."""
    return (vectors.square().sum(1, keepdim=True) + 1e-12).sqrt()


def _choice(fused: torch.Tensor, small: torch.Tensor, large: torch.Tensor) -> torch.Tensor:
    """0 where the fused flow equals the small one, 1 where it equals the large one."""
    to_small, to_large = _length(fused - small), _length(fused - large)
    return to_small / (to_small + to_large)
