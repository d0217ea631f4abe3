"""Operations counted against counts by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from flowcore.chunking.stitch import estimate_chunked
from flowcore.models.registry import build_untrained
from flowcore.operations import count_operations
from flowcore.ops.warp import warp
from flowcore.types import ChunkGrid, Prediction


class OneConv(nn.Module):
    """3 to 8 channels, 3x3, of the first frame, as often as there are iterations."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, first, second, *, iterations=None):
        for _ in range(iterations or 1):
            features = self.conv(first).relu()
        return Prediction(features[:, :2])


def by_hand(height, width):
    return height * width * 8 * 3 * 3 * 3


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (2160, 3840)])
def test_a_convolution_is_exact_at_every_size(size):
    assert count_operations(OneConv(), *size).macs == by_hand(*size)


def test_every_iteration_counts():
    assert count_operations(OneConv(), 16, 24, 5).macs == 5 * by_hand(16, 24)


def test_chunks_count_their_overlap():
    net = OneConv()

    def chunked(first, second):
        return estimate_chunked(net, first, second, ChunkGrid(1, 2, overlap=8))

    # two chunks of (40 + 8) / 2 = 24 px
    assert count_operations(net, 16, 40, estimate=chunked).macs == 2 * by_hand(16, 24)


def test_matrix_products_and_sampling_are_counted():
    net = OneConv()

    def work(first, second):
        flat = first.flatten(2)  # (1, 3, 48)
        flat.transpose(1, 2) @ flat  # 48 * 48 * 3
        warp(first, second[:, :2])  # 4 for each of 3 * 48 values
        F.interpolate(first, scale_factor=2, mode="bilinear")  # 4 for each of 3 * 192 values

    expected = 48 * 48 * 3 + 4 * 3 * 48 + 4 * 3 * 192
    assert count_operations(net, 6, 8, estimate=work).macs == expected


def test_what_has_no_count_is_listed_by_name():
    (relu,) = (
        op for op in count_operations(OneConv(), 4, 5, 2).uncounted if op.name == "aten.relu"
    )
    assert (relu.num_calls, relu.num_values) == (2, 2 * 8 * 4 * 5)
    names = [op.name for op in count_operations(OneConv(), 4, 5).uncounted]
    assert names == sorted(names)
    assert "aten.convolution" not in names


def test_counting_computes_nothing():
    net = OneConv()
    net.conv.weight.data.fill_(float("nan"))
    assert count_operations(net, 20_000, 20_000).macs == by_hand(20_000, 20_000)


def test_a_classical_method_is_not_counted_and_says_why():
    found = count_operations(lambda first, second: None, 16, 16)
    assert found.macs is None
    assert "outside torch" in found.note


def test_a_path_that_depends_on_values_is_not_counted_and_says_why():
    def work(first, second):
        return first if first.sum().item() > 0 else second

    found = count_operations(OneConv(), 16, 16, estimate=work)
    assert found.macs is None
    assert "depends on the values" in found.note


def test_a_real_net_counts_by_area():
    net = build_untrained("scope_035_4px").eval()
    small, large = (count_operations(net, side, side, 3).macs for side in (128, 256))
    assert 4 * small < large < 4.5 * small  # the all-pairs product grows faster than the area
    assert count_operations(net, 128, 128, 3).macs == small


@pytest.mark.parametrize("name", ["scope_035_4px", "scope_035"])
def test_a_real_net_counts_what_a_real_run_does(name):
    net = build_untrained(name).eval()
    small = count_operations(net, 128, 128, 3).macs
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        net(torch.zeros(1, 3, 128, 128), torch.zeros(1, 3, 128, 128), iterations=3)
    assert counter.get_total_flops() / 2 == pytest.approx(small, rel=0.05)  # without sampling
    assert counter.get_total_flops() / 2 < small


@pytest.mark.parametrize(
    ("name", "published", "saved"),
    [
        ("raft_small", 47.655e9, 3 * 9 * 64 * 96 * 64**2),
        ("raft_large", 211.007e9, 6 * 5 * 128 * 128 * 64**2),
    ],
)
def test_raft_counts_what_torchvision_states(name, published, saved):
    """For 512x512 px and 12 iterations, all upsampled; the GRU's context is used once here."""
    net = build_untrained(name).eval()

    def estimate(first, second):
        return net(first, second, iterations=12, keep=frozenset({"iterates"}))

    macs = count_operations(net, 512, 512, estimate=estimate).macs
    assert macs + 11 * saved == pytest.approx(published, rel=0.03)
