"""What the vehicle sees is where it should be, and its flow is exact."""

import math

import numpy as np
import pytest

from flowcore.errors import ConfigError
from flowcore.ops.convert import flow_to_tensor, frame_to_tensor
from flowcore.ops.warp import lands_inside, warp
from flowcore.tasks.vehicle import moved
from flowcore.tasks.world import World, build_world
from flowcore.tasks.world_camera import CAMERA, Camera, true_flow
from flowcore.tasks.world_course import LAYOUTS, RANGES, Course, draw_courses
from flowcore.tasks.world_paint import DENSITY, atlas_of, paint
from flowcore.tasks.world_plan import LENGTH, Pose, plan_of
from flowcore.tasks.world_rays import cast
from tests.tasks.courses import SMALL, box


def tensor_of(depth):
    return flow_to_tensor(np.stack([depth, depth], -1).astype(np.float32))[:, :1]


def seen_again(second, flow, depth, *, forward, yaw):
    """Where what the first frame shows is visible in the second one, (H, W) bool."""
    down = (depth - forward) * math.cos(yaw)
    across = CAMERA.slopes()[0] * depth * math.sin(yaw)
    expected = across + down  # its depth then
    uv = flow_to_tensor(flow.uv)
    found = warp(tensor_of(second.depth), uv)[0, 0].numpy()
    inside = lands_inside(uv)[0].numpy() & flow.valid
    return inside & (np.abs(found - expected) < 0.01 * expected)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("forward", "yaw"), [(0.12, 0.0), (0.1, 0.06), (0.05, -0.08)])
def test_the_second_frame_warped_is_the_first(layout, forward, yaw):
    world = build_world(Course(layout, seed=4, texture=1.0))
    pose = world.plan.start
    first = world.view(pose)
    second = world.view(moved(pose, forward=forward, yaw=yaw))
    flow = true_flow(first.depth, CAMERA, forward=forward, yaw=yaw)
    visible = seen_again(second, flow, first.depth, forward=forward, yaw=yaw)
    back = warp(frame_to_tensor(second.frame), flow_to_tensor(flow.uv))[0].permute(1, 2, 0).numpy()
    error = np.abs(255 * back - first.frame).mean(2)
    still = np.abs(second.frame.astype(float) - first.frame).mean(2)
    assert visible.mean() > 0.7
    assert np.median(error[visible]) < 2
    assert error[visible].mean() < 0.35 * still[visible].mean()
    wrong = (
        warp(frame_to_tensor(second.frame), -flow_to_tensor(flow.uv))[0].permute(1, 2, 0).numpy()
    )
    assert error[visible].mean() < 0.2 * np.abs(255 * wrong - first.frame).mean(2)[visible].mean()


def test_a_wall_ahead_expands_by_hand():
    """From 2 m to 1.5 m every pixel goes a third of its distance away from the middle."""
    flow = true_flow(np.full((48, 64), 2.0), SMALL, forward=0.5, yaw=0.0)
    y, x = np.mgrid[:48, :64]
    assert flow.uv[..., 0] == pytest.approx((x - 31.5) / 3, abs=1e-5)
    assert flow.uv[..., 1] == pytest.approx((y - 23.5) / 3, abs=1e-5)


def test_a_turn_alone_is_the_same_at_all_depths():
    near, far = (
        true_flow(np.full((5, 5), depth), Camera(5, 5, 10.0), forward=0.0, yaw=0.1)
        for depth in (0.5, 50.0)
    )
    assert near.uv == pytest.approx(far.uv, abs=1e-5)
    assert near.uv[2, 2].tolist() == pytest.approx([-10 * math.tan(0.1), 0], abs=1e-5)


def test_what_falls_behind_the_camera_has_no_flow():
    flow = true_flow(np.full((3, 3), 0.2), Camera(3, 3, 2.0), forward=0.3, yaw=0.0)
    assert not flow.valid.any()
    assert not flow.uv.any()


def test_rays_meet_walls_and_pillars_where_they_stand():
    camera = Camera(1, 3, 1.0)  # 45 degrees left, ahead, 45 degrees right
    met = cast(box(), Pose(0.25, 0, 0), camera)
    assert met.depth.tolist() == pytest.approx([1.25, 3.0, 0.75])
    assert not met.is_pillar.any()
    met = cast(box(pillars=[(0.0, 2.0, 0.5)]), Pose(0, 0, 0), camera)
    assert met.depth[1] == pytest.approx(1.5)
    assert met.is_pillar.tolist() == [False, True, False]
    turned = cast(box(), Pose(0, 0, math.pi / 2), camera)  # looks to the right
    assert turned.depth[1] == pytest.approx(1.0)
    assert turned.depth[0] == pytest.approx(1.0)


def test_floor_and_ceiling_lie_at_their_heights():
    world = World(Course(), box(ahead=50.0, half=50.0), (0, 1, 2))
    depth = world.view(Pose(0, 0, 0), SMALL).depth
    assert depth[47] == pytest.approx(np.full(64, 0.5 * 32 / 23.5))  # 0.5 m below the camera
    assert depth[0] == pytest.approx(np.full(64, 0.7 * 32 / 23.5))
    assert depth[23].max() < 50.1


def test_a_plain_world_differs_in_brightness_only():
    """Without texture a straight corridor has a few colors, one for each surface."""
    world = build_world(Course("corridor", seed=1, texture=0.0))
    frame = world.view(world.plan.start).frame
    assert len(np.unique(frame.reshape(-1, 3), axis=0)) <= 6
    assert len(np.unique(build_world(Course(seed=1)).view(world.plan.start).frame)) > 100


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_course_is_the_same_world(layout):
    course = Course(layout, seed=7)
    once, again = (build_world(Course(**course.as_json())) for _ in range(2))
    assert np.array_equal(once.view(once.plan.start).frame, again.view(again.plan.start).frame)
    other = build_world(Course(layout, seed=8))
    assert other.plan.start != once.plan.start


def test_turn_and_size_do_what_they_say():
    path = plan_of(Course("bend", turn=90)).path
    assert np.linalg.norm(np.diff(path, axis=0), axis=1) == pytest.approx(np.full(40, 0.125))
    assert len(path) == round(LENGTH / 0.125) + 1
    last, first = path[-1] - path[-2], path[1] - path[0]
    assert abs(last @ first) < 0.05 * 0.125**2
    assert plan_of(Course("room", obstacle_size=0.3)).pillars[:, 2].tolist() == [0.3] * 7
    assert plan_of(Course("gate", obstacle_size=0.3)).pillars[:, 2].tolist() == [0.6] * 2
    assert len(plan_of(Course("corridor")).pillars) == 0


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "room"])
def test_a_corridor_is_as_wide_as_it_is_where_it_turns_most(layout):
    """Walls lie 0.9 m beside the path and never cross it."""
    plan = plan_of(Course(layout, turn=90))
    corners = plan.walls[:, :2]
    gaps = np.linalg.norm(plan.path[:, None] - corners, axis=2).min(1)
    assert gaps == pytest.approx(np.full(len(gaps), 0.9), abs=0.02)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"layout": "maze"}, "No layout is called 'maze'; there are corridor"),
        ({"speed": 0.5}, r"Speed lies in 0.06..0.25 m a frame, got 0.5"),
        ({"obstacle_size": math.nan}, "Obstacle size lies in"),
        ({"seed": -1}, "A seed is 0 or more, got -1"),
    ],
)
def test_courses_refuse(settings, words):
    with pytest.raises(ConfigError, match=words):
        Course(**settings)
    with pytest.raises(ConfigError, match="sides of 1 to 1024 px"):
        Camera(0, 5)


def test_drawn_courses_take_layouts_in_turn_and_keep_to_ranges():
    courses = draw_courses(30, ("gate", "room"), seed=3, hardness=1.0)
    assert [course.layout for course in courses[:3]] == ["gate", "room", "gate"]
    assert courses == draw_courses(30, ("gate", "room"), seed=3, hardness=1.0)
    assert len({course.seed for course in courses}) == 30
    for name, (low, high, usual, _) in RANGES.items():
        values = [getattr(course, name) for course in courses]
        assert low <= min(values) < usual < max(values) <= high
    assert draw_courses(1, ("gate",), hardness=0.0)[0].speed == RANGES["speed"].usual


def test_pictures_go_on_over_their_border():
    """Mirrored, not cut: one level of a pyramid sampled just before and behind its edge agrees."""
    edge = 480 / DENSITY
    across = np.float32([[edge - 0.1, edge + 0.1, -0.1, 0.1]])
    zeros = np.zeros((1, 4), np.float32)
    colors = paint(atlas_of((3, 5)), zeros.astype(int) + 1, across, zeros + 1, zeros, contrast=1)
    assert colors[0, 0] == pytest.approx(colors[0, 1])
    assert colors[0, 2] == pytest.approx(colors[0, 3])
    assert not np.allclose(colors[0, 0], colors[0, 2])
