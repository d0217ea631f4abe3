"""The norm of training: where it is put, frozen statistics, and folding that changes nothing."""

import pytest
import torch
from torch import nn

from flowcore.models.norm import CellConv, NormedConv, fold_norm, freeze_norm, insert_norm


@pytest.fixture
def net():
    return nn.Sequential(
        NormedConv(3, 8, stride=2), nn.ReLU(), NormedConv(8, 4, 1), nn.Conv2d(4, 2, 1)
    )


@pytest.fixture
def trained(net):
    """The net after some steps, its norms away from where they began."""
    insert_norm(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        net(1 + 2 * torch.randn(4, 3, 16, 20)).square().mean().backward()
        optimizer.step()
    return net.eval()


def statistics(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items() if "running" in name}


def test_only_normed_convolutions_get_a_norm(net):
    insert_norm(net)
    norms = {name for name, part in net.named_modules() if isinstance(part, nn.BatchNorm2d)}
    assert norms == {"0.norm", "2.norm"}
    assert net[0](torch.rand(2, 3, 9, 12)).shape == (2, 8, 5, 6)


def test_pixels_of_a_cell_are_its_channels():
    block, frames = CellConv(3, 5, cell=4), torch.rand(2, 3, 16, 24)
    expected = block.conv(nn.functional.pixel_unshuffle(frames, 4))
    torch.testing.assert_close(block(frames), expected)


def test_folding_keeps_the_outputs(trained):
    frames = torch.randn(2, 3, 33, 40)
    with torch.no_grad():
        before = trained(frames)
        fold_norm(trained)
        after = trained(frames)
    assert torch.allclose(before, after, atol=1e-4)
    assert before.std() > 0.01
    assert not any(isinstance(part, nn.BatchNorm2d) for part in trained.modules())


def test_folded_weights_have_the_names_of_a_fresh_net(trained):
    fold_norm(trained)
    fresh = nn.Sequential(
        NormedConv(3, 8, stride=2), nn.ReLU(), NormedConv(8, 4, 1), nn.Conv2d(4, 2, 1)
    )
    fresh.load_state_dict(trained.state_dict(), strict=True)
    frames = torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(fresh(frames), trained(frames))


def test_folding_twice_is_folding_once(trained):
    fold_norm(trained)
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    fold_norm(trained)
    assert all(torch.equal(before[name], after) for name, after in trained.state_dict().items())


def test_frozen_statistics_stay(trained):
    trained.train()
    frames = 3 + torch.randn(4, 3, 16, 16)
    before = statistics(trained)
    freeze_norm(trained)
    trained(frames).sum().backward()
    assert all(torch.equal(before[name], after) for name, after in statistics(trained).items())
    assert trained[0].norm.weight.grad is not None  # what is learnt goes on learning
    trained.train()
    trained(frames)
    assert not torch.equal(before["0.norm.running_mean"], trained[0].norm.running_mean)


def test_a_norm_without_statistics_cannot_be_folded(net):
    net[0].norm = nn.BatchNorm2d(8, track_running_stats=False)
    with pytest.raises(ValueError, match="running statistics"):
        fold_norm(net)
