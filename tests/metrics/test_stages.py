"""Updates and stopping points, by hand."""

import numpy as np
import pytest

from flowcore.errors import ConfigError, InputError
from flowcore.metrics.stages import settled_share, stopping_point, update_size


def flows(*rows):
    """One flow per stage whose u is given for each of its pixels, v zero."""
    return [np.stack([np.float32([row]), np.zeros((1, len(row)), np.float32)], -1) for row in rows]


def test_updates_are_lengths_and_the_first_starts_from_rest():
    first = np.float32([[[3, -4], [0, 0]]])
    second = np.float32([[[3, -4], [0, 2]]])
    assert update_size([first, second], 0).tolist() == [[5, 0]]
    assert update_size([first, second], 1).tolist() == [[0, 2]]


def test_a_vector_stops_where_it_never_leaves_again():
    # at once; at the second; near, away and back; never before the end; exactly on the tolerance
    iterates = flows([5, 1, 5, 1, 4.5], [5, 5, 9, 2, 4.5], [5, 5, 5, 3, 4.5], [5, 5, 5, 5, 5])
    assert stopping_point(iterates, tolerance=0.5).tolist() == [[0, 1, 2, 3, 0]]
    assert stopping_point(iterates, tolerance=0.4).tolist() == [[0, 1, 2, 3, 3]]
    assert stopping_point(iterates, tolerance=0).dtype == np.int32


def test_one_stage_has_stopped_from_the_start():
    assert stopping_point(flows([7.0, 0.0]), tolerance=0).tolist() == [[0, 0]]


def test_everything_has_settled_at_the_end():
    assert settled_share(np.array([[0, 0, 1, 3]], np.int32), 4) == [50, 75, 75, 100]


def test_nonsense_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="no stage 2 of 2"):
        update_size(flows([1.0], [2.0]), 2)
    with pytest.raises(InputError, match="no stage -1"):
        update_size(flows([1.0]), -1)
    with pytest.raises(InputError, match="at least one stage"):
        stopping_point([], tolerance=0.1)
    with pytest.raises(ConfigError, match=r"0 px or more, got -0\.1"):
        stopping_point(flows([1.0]), tolerance=-0.1)
