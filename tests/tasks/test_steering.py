"""Algorithms on flow that is worked out by hand, and their gradients."""

import math

import pytest
import torch

from flowcore.errors import ConfigError, ShapeMismatchError
from flowcore.ops.convert import flow_to_tensor
from flowcore.ops.grid import pixel_grid
from flowcore.tasks.steering import ALGORITHMS, steer, without_turn
from flowcore.tasks.steering_contact import expansion
from flowcore.tasks.steering_map import focus_of_expansion, nearness
from flowcore.tasks.vehicle import MAX_TURN
from flowcore.tasks.world import World
from flowcore.tasks.world_camera import CAMERA, Camera, true_flow
from flowcore.tasks.world_course import Course
from flowcore.tasks.world_plan import Pose
from tests.tasks.courses import SMALL, box


def flow_in(plan, pose=Pose(0, 0, 0), *, forward=0.1, yaw=0.0):  # noqa: B008
    depth = World(Course(), plan, (0, 1, 2)).view(pose, SMALL).depth
    return flow_to_tensor(true_flow(depth, SMALL, forward=forward, yaw=yaw).uv)


def away_from(x, y, factor):
    """Every pixel goes this share of its distance away from a point."""
    return factor * (
        pixel_grid(48, 64, like=torch.zeros(1)) - torch.tensor([x, y]).view(1, 2, 1, 1)
    )


def test_the_own_turn_is_taken_out_exactly():
    straight, turned = (flow_in(box(), forward=0.2, yaw=yaw) for yaw in (0.0, 0.07))
    assert (straight - turned).abs().amax() > 2
    assert torch.allclose(without_turn(turned, SMALL, 0.07), straight, atol=1e-4)
    assert torch.allclose(without_turn(straight, SMALL, 0.0), straight, atol=1e-5)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_in_the_middle_it_goes_straight_and_beside_it_turns_back(name):
    middle = steer(name, flow_in(box(ahead=20.0)), SMALL, yaw=0.0)
    assert abs(middle.turn.item()) < 0.02 * MAX_TURN
    assert middle.throttle.item() == 1
    for x in (-0.5, 0.5):
        command = steer(name, flow_in(box(ahead=20.0), Pose(x, 0, 0)), SMALL, yaw=0.0)
        assert command.turn.item() * x < -0.1 * MAX_TURN * abs(x)


@pytest.mark.parametrize("name", ["contact", "map"])
def test_what_is_ahead_is_avoided_and_slows_down(name):
    for x in (-0.15, 0.15):
        flow = flow_in(box(ahead=20.0, pillars=[(x, 0.9, 0.2)]))
        command = steer(name, flow, SMALL, yaw=0.0)
        assert command.turn.item() * x < -0.1 * MAX_TURN * abs(x)
        assert 0.3 <= command.throttle.item() < 1


@pytest.mark.parametrize("name", ALGORITHMS)
def test_mirrored_flow_turns_the_other_way(name):
    flow = flow_in(box(pillars=[(0.3, 1.5, 0.2)]), Pose(0.2, 0, 0.1))
    mirrored = flow.flip(-1) * torch.tensor([-1.0, 1.0]).view(1, 2, 1, 1)
    one, other = (steer(name, both, SMALL, yaw=0.0) for both in (flow, mirrored))
    assert one.turn.item() == pytest.approx(-other.turn.item(), abs=1e-5)
    assert one.throttle.item() == pytest.approx(other.throttle.item(), abs=1e-5)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_batches_are_pair_by_pair_and_slopes_are_right(name):
    """What a batch gives is what each flow gives; the derivative is that of small differences."""
    flows = torch.cat([flow_in(box(ahead=20.0), Pose(x, 0, 0)) for x in (0.1, -0.2)]).double()
    batch = steer(name, flows, SMALL, yaw=0.02)
    alone = [steer(name, flow[None], SMALL, yaw=0.02).turn for flow in flows]
    assert torch.allclose(batch.turn, torch.cat(alone))
    random = torch.Generator().manual_seed(1)
    flow = flows[:1] + 0.01 * torch.randn(flows[:1].shape, generator=random)  # no two alike
    flow = flow.requires_grad_()
    (slope,) = torch.autograd.grad(steer(name, flow, SMALL, yaw=0.02).turn, flow)
    assert torch.isfinite(slope).all()
    nudge = 1e-5 * torch.randn(flow.shape, generator=random).double()
    with torch.no_grad():
        ahead, back = (
            steer(name, flow + way * nudge, SMALL, yaw=0.02).turn.item() for way in (1, -1)
        )
    assert (ahead - back) / 2 == pytest.approx((slope * nudge).sum().item(), rel=1e-3)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_no_motion_is_no_reason_to_turn(name):
    flow = torch.zeros(1, 2, 48, 64, requires_grad=True)
    command = steer(name, flow, SMALL, yaw=0.0)
    assert command.turn.item() == pytest.approx(0, abs=1e-6)
    assert command.throttle.item() == 1
    command.turn.sum().backward()
    assert torch.isfinite(flow.grad).all()


def test_expansion_is_the_inverse_of_the_frames_until_contact():
    """A wall at 2 m, 0.1 m a frame: from where the first frame is taken, 20 frames."""
    depth = torch.full((48, 64), 2.0).double().numpy()
    flow = flow_to_tensor(true_flow(depth, SMALL, forward=0.1, yaw=0.0).uv)
    assert expansion(flow, SMALL).tolist()[0] == pytest.approx([1 / 19] * 5, rel=1e-4)
    assert nearness(flow, SMALL)[0].tolist() == pytest.approx([1 / 19] * 64, rel=1e-2)


def test_the_focus_of_expansion_is_found():
    for x, y in ((31.5, 23.5), (40.0, 20.0)):  # drawn a little to the middle, 31.5, 23.5
        found = focus_of_expansion(away_from(x, y, 0.05), SMALL)[0]
        assert found[0].item() == pytest.approx(x, abs=0.1 * abs(x - 31.5) + 1e-3)
        assert found[1].item() == pytest.approx(y, abs=0.1 * abs(y - 23.5) + 1e-3)
    still = focus_of_expansion(torch.zeros(1, 2, 48, 64), SMALL)[0]
    assert still.tolist() == pytest.approx([31.5, 23.5])


def test_nearness_tells_directions_apart():
    """Left of a pillar is open, the pillar is near: 0.1 / (0.7 - 0.1) a frame at its nearest."""
    near = nearness(flow_in(box(ahead=20.0, half=5.0, pillars=[(0.0, 0.9, 0.2)])), SMALL)[0]
    assert near[32].item() == pytest.approx(1 / 6, rel=0.02)
    assert near[8].item() < 0.05


def test_turns_are_within_their_bounds():
    wild = 40 * torch.randn(4, 2, 48, 64, generator=torch.Generator().manual_seed(2))
    for name in ALGORITHMS:
        command = steer(name, wild, SMALL, yaw=0.0)
        assert command.turn.abs().amax().item() <= MAX_TURN
        assert 0 <= command.throttle.amin().item() <= command.throttle.amax().item() <= 1
    assert math.degrees(MAX_TURN) == pytest.approx(5)
    with pytest.raises(ConfigError, match="No algorithm is called 'luck'; there are balance"):
        steer("luck", wild, SMALL, yaw=0.0)
    with pytest.raises(ShapeMismatchError, match=r"The flow is 64x48, the camera's .* 160x120"):
        steer("map", wild, CAMERA, yaw=0.0)
    with pytest.raises(ConfigError, match="sides of 16 px or more"):
        steer("map", wild[..., :8, :8], Camera(8, 8, 4.0), yaw=0.0)
