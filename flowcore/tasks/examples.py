"""Frames of drives with what they came to: what surrogates learn from and are judged on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from flowcore.errors import InputError
from flowcore.ops.convert import flow_to_tensor, frame_to_tensor
from flowcore.tasks.drive import Drive, Lane, Perturb, drive
from flowcore.tasks.surrogate import SURROGATES, seen_flow, seen_frames
from flowcore.tasks.world_camera import CAMERA, Camera
from flowcore.tasks.world_course import Course

__all__ = ["Examples", "collect", "examples_of"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Pairs of frames as they were seen, and what lane, algorithm and metric made of them.

    Parameters
    ----------
    frames : (N, 6, H/2, W/2) float16
        As `seen_frames` gives them; half the precision is a tenth of a gray level.
    flows : (N, 2, H/4, W/4) float32
        The lane's, as `seen_flow` gives them.
    ahead : (N,) float32
        Least clearance if the command were kept, m.
    turn : (N,) float32
        The command, rad a frame.
    places : tuple of (Course, int)
        Where each is from: the course, and the number of its second frame.
    """

    frames: torch.Tensor
    flows: torch.Tensor
    ahead: torch.Tensor
    turn: torch.Tensor
    places: tuple[tuple[Course, int], ...]

    def __len__(self) -> int:
        return len(self.places)

    def seen_by(self, kind: str, number: torch.Tensor) -> torch.Tensor:
        """What a kind of surrogate sees of the examples with these numbers (B,)."""
        is_flow = SURROGATES[kind].channels == self.flows.shape[1]
        return self.flows[number] if is_flow else self.frames[number].float()


def examples_of(drives: Iterable[Drive]) -> Examples:
    """The examples of some drives, in order.

    Raises
    ------
    InputError
        There are none.
    """
    frames, flows, ahead, turn, places = [], [], [], [], []
    for one in drives:
        first = frame_to_tensor(one.start)
        for step in one.steps:
            second = frame_to_tensor(step.seen)
            frames.append(seen_frames(first, second).half())
            flows.append(seen_flow(flow_to_tensor(step.flow.uv)))
            ahead.append(step.moment.ahead)
            turn.append(step.moment.turn)
            places.append((one.course, step.moment.number))
            first = second
    if not places:
        raise InputError("There is no drive to learn from.")
    return Examples(
        torch.cat(frames),
        torch.cat(flows),
        torch.tensor(ahead),
        torch.from_numpy(np.deg2rad(turn).astype(np.float32)),
        tuple(places),
    )


def collect(
    courses: Sequence[Course],
    algorithm: str,
    lane: Lane,
    perturbations: Sequence[Perturb],
    *,
    camera: Camera = CAMERA,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Examples:
    """Drive through every course, under these perturbations in turn, and keep every frame.

    Perturbations lead the vehicle off the way that it would take, and show what they do to the
    flow; both is needed to learn what the metric depends on.
    """

    def drives() -> Iterable[Drive]:
        for number, course in enumerate(courses):
            progress(number / len(courses))
            yield drive(
                course,
                algorithm,
                lane,
                perturb=perturbations[number % len(perturbations)],
                camera=camera,
                threads=threads,
                device=device,
            )

    return examples_of(drives())
