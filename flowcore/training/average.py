"""The mean of what a run was at several of its steps, which may be better than any of them.

Wortsman et al., Model soups, ICML 2022: weights that began alike and learnt further, on whatever
scenes, lie in one basin, and their mean knows some of what each knows.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from flowcore.errors import ConfigError
from flowcore.models.store import NAME_PATTERN, card_of, save_weights, user_folder
from flowcore.models.weights import read_state
from flowcore.types import Weights

__all__ = ["average_weights"]


def average_weights(
    name: str, files: Sequence[Path], *, command: str, folder: Path | None = None
) -> Weights:
    """Write the mean of weights of one architecture, each counting alike.

    Parameters
    ----------
    name : str
        ``architecture.tag`` of the mean.
    files : sequence of path
        Two or more weight files of this project's own, each with its card beside it. The mean's
        card is that of the last one and says how many steps each had.
    command : str
        What repeats it; goes on the card, behind that of the last run.
    folder : Path, optional
        The user's weights folder if left out.

    Raises
    ------
    ConfigError
        The name is malformed, or there are fewer than two files.
    WeightsError
        A file or its card cannot be read, or is of another architecture; the folder cannot be
        written.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise ConfigError(f"Weights are named architecture.tag, got {name[:99]!r}.")
    if len(files) < 2:
        raise ConfigError(f"A mean needs two or more files of weights, got {len(files)}.")
    states = [read_state(file, name.partition(".")[0]) for file in files]
    cards = [card_of(file.with_suffix(".json")) for file in files]
    last, steps = cards[-1], [f"{card.training.get('steps', 0):,}" for card in cards]
    return save_weights(
        name,
        {
            key: torch.stack([state[key] for state in states]).mean(0).half().contiguous()
            for key in states[0]
        },
        folder=folder or user_folder(),
        num_params=last.num_params,
        recipe=f"{last.recipe}; the mean of the weights after {', '.join(steps[:-1])} and "
        f"{steps[-1]} steps",
        data=last.data,
        licence=last.licence,
        passes=last.passes,
        training={**last.training, "command": f"{last.training.get('command')}; then {command}"},
    )
