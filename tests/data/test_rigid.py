"""Rooms and cameras: planes move as their points in space do."""

import torch

from flowcore.data.draw import Draw
from flowcore.data.rigid import MAX_NEARNESS, draw_rig
from flowcore.ops.grid import pixel_grid

SIZE = (64, 96)


def rig(speed=10.0, batch=32, seed=0):
    draw = Draw(torch.Generator().manual_seed(seed), batch)
    return draw, draw_rig(draw, torch.full((batch,), speed), SIZE)


def homogeneous(points):
    return torch.cat([points, torch.ones_like(points[:, :1])], 1)


def test_a_plane_moves_as_its_points_do():
    _, made = rig()
    pixels = torch.rand(32, 2, 1) * 60
    rays = torch.linalg.inv(made.camera) @ homogeneous(pixels)
    for plane in made.room:
        inverse_depth = (plane[:, None] @ rays).squeeze()
        is_seen = inverse_depth > 0.02
        points = rays[..., 0] / inverse_depth[:, None]
        moved = torch.einsum("bij,bj->bi", made.turn, points) + made.shift
        expected = torch.einsum("bij,bj->bi", made.camera, moved)
        found = (made.matrix(plane) @ homogeneous(pixels))[..., 0]
        expected, found = (seen[:, :2] / seen[:, 2:] for seen in (expected, found))
        assert is_seen.any()
        assert torch.allclose(found[is_seen], expected[is_seen], atol=1e-2)


def test_every_pixel_shows_one_plane():
    _, made = rig()
    grid = pixel_grid(*SIZE, like=made.camera).expand(32, -1, -1, -1)
    far, *near = (plane.alpha(grid) for plane in made.planes())
    assert (far == 1).all()  # it lies behind the others
    assert [plane.max() for plane in near] == [1, 1, 1]
    total = sum(near)
    assert total.max() < 1.6  # in a corner of the room two or three meet
    assert ((total == 0) | (total == 1)).float().mean() > 0.9


def test_things_stand_before_the_room_and_the_camera_never_reaches_them():
    draw, made = rig(speed=1e3)
    center = torch.tensor([SIZE[1] / 2, SIZE[0] / 2]).expand(32, 2)
    ray = torch.linalg.inv(made.camera) @ homogeneous(center)[..., None]
    room = (made.room[:, :, None] @ ray).amax(0).squeeze()
    for nearness in (1.0, MAX_NEARNESS):
        standing = made.standing(draw, center, torch.full((32,), nearness))
        depth = (standing[:, None] @ ray).squeeze()
        assert torch.allclose(depth, nearness * room, rtol=1e-3)
        assert (1 + (made.shift[:, 2]) * depth > 0).all()


def test_no_speed_is_no_motion():
    _, made = rig(speed=0.0)
    for plane in made.room:
        matrix = made.matrix(plane)
        assert torch.allclose(matrix, torch.eye(3).expand(32, 3, 3), atol=1e-4)
