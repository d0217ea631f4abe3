"""Windows hold all of what they are around, and scenes are the same as if everything were drawn."""

import pytest
import torch
from torch.nn import functional as F

from flowcore.data.draw import Draw
from flowcore.data.motion import Motion, draw_motion
from flowcore.data.scenes import SceneConfig, make_scenes
from flowcore.data.textures import make_textures
from flowcore.data.windows import Window

FRAME = 60, 100  # height, width


def window(*bounds):
    """Around bounds (left, top, right, bottom) of as many scenes."""
    low, high = torch.tensor(bounds).float().split(2, dim=1)
    return Window.around(torch.arange(len(bounds)), (low, high), FRAME)


def test_what_is_cut_is_put_back_where_it_was():
    two = window((10, 20, 15, 22), (90, 50, 130, 70))
    canvas = torch.rand(2, 3, *FRAME)
    copy = canvas.clone()
    cut = two.cut(canvas)
    two.put(canvas, 1 - cut)
    for item, (top, left) in enumerate(two.corners):
        inside = slice(top, top + two.size[0]), slice(left, left + two.size[1])
        assert torch.equal(canvas[item, :, *inside], 1 - copy[item, :, *inside])
        canvas[item, :, *inside] = copy[item, :, *inside]
    assert torch.equal(canvas, copy)
    x, y = two.grid(like=canvas)[0, :, 0, 0].tolist()
    assert (y, x) == two.corners[0]


@pytest.mark.parametrize(
    "bounds", [(-50, -50, -20, -20), (300, 10, 310, 20), (-torch.inf,) * 2 + (torch.inf,) * 2]
)
def test_windows_lie_inside_the_frame(bounds):
    height, width = window(bounds).size
    (top, left) = window(bounds).corners[0]
    assert 0 <= top < top + height <= FRAME[0]
    assert 0 <= left < left + width <= FRAME[1]


def test_all_of_a_box_stays_within_the_bounds_of_its_motion():
    generator, center = torch.Generator().manual_seed(0), torch.full((64, 2), 100.0)
    motion = draw_motion(
        Draw(generator, 64), center[:, 0] / 2, center[:, 0] / 2, center, turning=1.0, bending=1.0
    )
    line = torch.linspace(50, 150, 80)
    box = torch.stack(torch.meshgrid(line, line, indexing="xy"))[None].expand(64, -1, -1, -1)
    moved = motion.forward(box).flatten(2)
    low, high = motion.bounds((center - 50, center + 50))
    assert (moved.amin(2) >= low).all()
    assert (moved.amax(2) <= high).all()
    assert (high - low).amax() < 250


def test_beyond_a_horizon_there_are_no_bounds():
    matrix = torch.eye(3)[None].clone()
    matrix[0, 2, 0] = -0.02  # x = 50 goes to infinity
    low, high = Motion(matrix).bounds((torch.tensor([[40.0, 0.0]]), torch.tensor([[60.0, 9.0]])))
    assert torch.isinf(low).all()
    assert torch.isinf(high).all()


@pytest.mark.parametrize("rigid", [0.0, 1.0])
def test_drawing_objects_where_they_are_leaves_nothing_of_them_out(rigid, monkeypatch):
    shapes = F.pad(torch.full((1, 1, 126, 126), 255, dtype=torch.uint8), (1, 1, 1, 1))
    config = SceneConfig(min_motion=10, max_motion=90, turning=1.0, bending=1.0, rigid=rigid)

    def made():
        generator = torch.Generator().manual_seed(0)
        for _ in range(6):
            scenes = make_scenes(
                make_textures(3), shapes, batch=1, size=(200, 240), config=config,
                generator=generator,
            )  # fmt: skip
            yield {key: value for key, value in vars(scenes).items() if value is not None}

    def everywhere(items, bounds, frame, around=Window.around):
        anywhere = torch.full_like(bounds[0], torch.inf)
        return around(items, (-anywhere, anywhere), frame)

    cut = list(made())
    monkeypatch.setattr(Window, "around", everywhere)
    torch.testing.assert_close(cut, list(made()), rtol=0, atol=1e-4)
