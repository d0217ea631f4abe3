"""What a run is told about classes: the table ``[semantic]`` of its config."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from flowcore.data.labelled import LabelledKind
from flowcore.losses import Denominator

__all__ = ["LabelledConfig", "SemanticConfig"]

Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Zoom = Annotated[float, Field(ge=0.1, le=10)]


@dataclass(frozen=True, kw_only=True)
class LabelledConfig:
    """The folder of a labelled data set.

    Parameters
    ----------
    kind : "viper", "vkitti2", "cityscapes" or "coco"
    folder : str
    weight : float
        How often a step learns from it, relative to ``generated`` and the other folders.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    kind: LabelledKind
    folder: str
    weight: Weight = 1.0


@dataclass(frozen=True, kw_only=True)
class SemanticConfig:
    """Losses that know the classes, and the labelled pairs to learn them from.

    Parameters
    ----------
    kind : "none", "v1", "new", "corrected" or "consistency"
        What is added to the flow's loss. ``v1``: the flow is smooth within a class, where both
        frames have the class at the pixel. ``new``: it jumps at the borders of classes, there too.
        ``corrected``: as v1, where the class is the same along the true motion and the pixel is
        visible. ``consistency``: the second frame's classes along the flow are the first one's.
    weight : float
        Of that loss.
    step_weights : tuple of float
        Of the refinement steps in that loss, instead of the flow's own; the last ones count where
        a stage has fewer steps.
    denominator : "counted" or "all"
        Pixels that both losses are averaged over: those that count, or all of them.
    truth : "all" or "visible"
        Where the truth of generated scenes is told to the flow's loss; real data sets often know
        it only where it is visible.
    visible : "all", "truth", "forward_backward" or "predicted"
        How ``corrected``, ``consistency`` and ``temporal`` know what is occluded.
    blur : float
        Sigma of the soft labels of ``consistency``, px.
    decoder, temporal, occlusion, scale : float
        Weights of the net's further heads: cross entropy of the classes of both frames, their
        consistency along the flow, cross entropy of the occlusion, likelihood of the error.
    balance : float
        How much the decoder's rare classes count: 0 counts every pixel alike, 1 every class.
    heads_alone : bool
        The heads alone learn; the rest of the net, and so its flow, stays bit for bit as it was.
    measure_every : int
        Steps between measurements of each part's gradient and of the angle between them; 0: never.
    samples : int
        Pairs of generated scenes that there are, seen again and again, as to overfit to them; 0 for
        new ones at every step.
    generated : float
        How often a step learns from generated scenes, relative to the folders.
    labelled : tuple of LabelledConfig
    zoom : (least, most)
        Pairs from folders are resized by a factor between them.
    validation : int
        Pairs of each folder that are kept for validation, drawn by the run's seed.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    kind: Literal["none", "v1", "new", "corrected", "consistency"] = "none"
    weight: Weight = 0.5
    step_weights: tuple[Weight, ...] = ()
    denominator: Denominator = "counted"
    truth: Literal["all", "visible"] = "all"
    visible: Literal["all", "truth", "forward_backward", "predicted"] = "truth"
    blur: Annotated[float, Field(ge=0, le=20)] = 0.0
    decoder: Weight = 0.0
    temporal: Weight = 0.0
    occlusion: Weight = 0.0
    scale: Weight = 0.0
    balance: Annotated[float, Field(ge=0, le=1)] = 0.0
    heads_alone: bool = False
    measure_every: Count = 0
    samples: Count = 0
    generated: Weight = 1.0
    labelled: tuple[LabelledConfig, ...] = ()
    zoom: tuple[Zoom, Zoom] = (1.0, 1.0)
    validation: Count = 100

    def __post_init__(self) -> None:
        if self.zoom[0] > self.zoom[1]:
            raise ValueError("the least zoom is below the most")
        if not self.class_sets:
            raise ValueError("nothing is learnt from: every weight of the data is zero")
        if self.decoder and len(self.class_sets) > 1:
            raise ValueError(
                "a decoder learns the classes of one data set; these have different ones: "
                + ", ".join(self.class_sets)
            )
        if self.temporal and not self.decoder:
            raise ValueError("temporal consistency is one of predicted classes: set decoder too")
        if self.heads_alone and not self.maps:
            raise ValueError("no head learns: set decoder, occlusion or scale")
        if self.heads_alone and self.kind != "none":
            raise ValueError("the flow rests, and so learns of no class: leave kind out")
        if self.visible == "predicted" and not self.occlusion:
            raise ValueError("an occlusion that is predicted must be learnt: set occlusion too")

    @property
    def class_sets(self) -> tuple[str, ...]:
        """Keys of the sets of classes that are learnt from."""
        kinds = (one.kind for one in self.labelled if one.weight)
        return tuple(dict.fromkeys([*(["scenes"] if self.generated else []), *kinds]))

    @property
    def maps(self) -> frozenset[str]:
        """What is asked of the net beside its flow."""
        wanted = {
            "classes": self.decoder,
            "second_classes": self.decoder,
            "occlusion": self.occlusion,
            "log_scale": self.scale,
        }
        return frozenset(name for name, weight in wanted.items() if weight)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss that it adds."""
        weights = {
            "semantic": self.weight if self.kind != "none" else 0,
            "decoder": self.decoder,
            "temporal": self.temporal,
            "occlusion": self.occlusion,
            "scale": self.scale,
        }
        return tuple(name for name, weight in weights.items() if weight)
