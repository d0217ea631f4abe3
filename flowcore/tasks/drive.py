"""The closed loop: look, estimate flow, steer, move, and look again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import torch

from flowcore.hardware import use_threads
from flowcore.ops.convert import flow_to_tensor
from flowcore.pipeline import run
from flowcore.tasks.metrics import Moment, Score, clearance, clearance_ahead, progress, score_of
from flowcore.tasks.steering import algorithm_named, steer
from flowcore.tasks.vehicle import Command, moved
from flowcore.tasks.world import World, build_world
from flowcore.tasks.world_camera import CAMERA, Camera, true_flow
from flowcore.tasks.world_course import Course
from flowcore.tasks.world_plan import LENGTH, Pose
from flowcore.types import FlowField, FramePair, PipelineConfig, UInt8Array

__all__ = ["Drive", "Lane", "Perturb", "Sight", "Step", "drive", "lane_name", "most_frames"]

Lane: TypeAlias = PipelineConfig | Literal["truth"]

_PATIENCE = 2.0  # times what the path takes at cruise speed; then it is late


class Sight(NamedTuple):
    """What is about to be looked at: all that a perturbation may know.

    Parameters
    ----------
    world : World
    pose : Pose
        From where ``second`` is seen.
    yaw : float
        How far the vehicle turned since ``first``, rad.
    algorithm : str
    camera : Camera
    number : int
        Of ``second``; the first one to be perturbed is 1.
    first : (H, W, 3) uint8
        As it was seen, perturbation included.
    second : (H, W, 3) uint8
        Clean.
    """

    world: World
    pose: Pose
    yaw: float
    algorithm: str
    camera: Camera
    number: int
    first: UInt8Array
    second: UInt8Array


Perturb: TypeAlias = Callable[[Sight], UInt8Array]
"""The second frame as it will be seen. Every frame is perturbed once, when it is new."""


class Step(NamedTuple):
    """One frame of a run: its numbers, the frame as it was seen, the flow to it from the last."""

    moment: Moment
    seen: UInt8Array
    flow: FlowField


@dataclass(frozen=True, eq=False)
class Drive:
    """A run through a course.

    Parameters
    ----------
    course : Course
    algorithm : str
    lane : PipelineConfig or "truth"
    start : (H, W, 3) uint8
        Frame 0.
    steps : tuple of Step
        At least one.
    score : Score
    is_stopped : bool
        Told to stop on the way; what was done is here.
    seconds : float
    """

    course: Course
    algorithm: str
    lane: Lane
    start: UInt8Array
    steps: tuple[Step, ...]
    score: Score
    is_stopped: bool
    seconds: float

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The numbers of all frames."""
        return tuple(step.moment for step in self.steps)


def drive(
    course: Course,
    algorithm: str,
    lane: Lane,
    *,
    perturb: Perturb = lambda sight: sight.second,
    camera: Camera = CAMERA,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[Step], None] = lambda step: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Drive:
    """An algorithm driving through a course by the flow of a lane; the same every time.

    Parameters
    ----------
    course : Course
    algorithm : str
        Of `flowcore.tasks.steering.ALGORITHMS`.
    lane : PipelineConfig or "truth"
        Where the flow is from; the true one heeds no perturbation.
    perturb : callable
        What happens to each new frame before it is seen.
    camera : Camera
    threads, device : optional
        As of ``flowcore.pipeline.run``.
    progress : callable
        Is told every `Step`.
    should_stop : callable
        Is asked after every step.

    Raises
    ------
    FlowcoreError
        No such algorithm or model, or a config that contradicts it.
    """
    algorithm_named(algorithm)
    begin = time.perf_counter()
    world = build_world(course)
    pose, forward, yaw = world.plan.start, course.speed, 0.0
    view = world.view(pose, camera)
    start = first = view.frame
    steps: list[Step] = []
    is_stopped = False
    with use_threads(threads):
        while not is_stopped and len(steps) < most_frames(course):
            pose = moved(pose, forward=forward, yaw=yaw)
            true = true_flow(view.depth, camera, forward=forward, yaw=yaw)
            view, number = world.view(pose, camera), len(steps) + 1
            sight = Sight(world, pose, yaw, algorithm, camera, number, first, view.frame)
            second = perturb(sight)
            flow = true
            if lane != "truth":
                flow = run(FramePair(first, second), lane, device=device).flow
            command, true_command = (
                steer(algorithm, flow_to_tensor(one.uv), camera, yaw=yaw) for one in (flow, true)
            )
            furthest = steps[-1].moment.progress if steps else 0.0
            moment = _moment(world, pose, number, command, true_command, furthest)
            steps.append(Step(moment, second, flow))
            progress(steps[-1])
            if moment.clearance <= 0 or moment.progress >= 1:
                break
            is_stopped = should_stop()
            first, yaw = second, command.turn.item()
            forward = course.speed * command.throttle.item()
    score = score_of([step.moment for step in steps])
    seconds = time.perf_counter() - begin
    return Drive(course, algorithm, lane, start, tuple(steps), score, is_stopped, seconds)


def most_frames(course: Course) -> int:
    """After so many frames a vehicle is late: twice what the path takes at cruise speed."""
    return round(_PATIENCE * LENGTH / course.speed)


def lane_name(lane: Lane) -> str:
    """The model, or "truth"."""
    return lane if isinstance(lane, str) else lane.model


def _moment(
    world: World, pose: Pose, number: int, command: Command, true: Command, furthest: float
) -> Moment:
    """What this frame and the command that it brought are worth."""
    turn, true_turn = (one.turn.rad2deg().item() for one in (command, true))
    return Moment(
        number,
        pose,
        clearance(world.plan, torch.tensor(pose[:2], dtype=torch.float64)).item(),
        clearance_ahead(world.plan, pose, command, world.course.speed).item(),
        turn,
        true_turn,
        command.throttle.item(),
        max(furthest, progress(world.plan, pose)),
    )
