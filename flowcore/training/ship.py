"""From a finished run to a model: norms folded, half precision, and a card that tells its story."""

import copy
import json
import platform
import re
from pathlib import Path
from typing import Any, cast

import psutil
import torch
from torch import nn

from flowcore.cost import count_params
from flowcore.data.classes import CLASS_SETS
from flowcore.energy import JOULES_PER_KWH, estimated
from flowcore.models.norm import fold_norm
from flowcore.models.store import save_weights, user_folder
from flowcore.operations import count_operations
from flowcore.training.config import TrainingConfig
from flowcore.training.loop import Trainer
from flowcore.types import Weights

__all__ = ["card_beside", "cost_of_run", "describe_operations", "ship"]

_SIZE = (448, 1024)  # height, width: Sintel's, padded


def ship(trainer: Trainer, *, command: str, folder: Path | None = None) -> Weights:
    """Write the averaged weights of a run as ``MODEL.TAG`` into the weights folder.

    Parameters
    ----------
    trainer : Trainer
    command : str
        What repeats the run; goes on the card.
    folder : Path, optional
        The user's weights folder if left out.

    Raises
    ------
    WeightsError
        The folder cannot be written.
    """
    config, source = trainer.config, trainer.source
    net = copy.deepcopy(trainer.averaged.module).cpu().eval()
    fold_norm(net)
    state = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in net.state_dict().items()
    }
    kind = "photos" if config.photos else "generated patterns"
    data = f"scenes made on the fly from {source.num_textures} {kind}"
    if source.num_skipped:
        data += f" ({source.num_skipped} files could not be read)"
    if config.semantic and config.semantic.labelled:
        names = [CLASS_SETS[one.kind].name for one in config.semantic.labelled if one.weight]
        scenes = f", and {data}" if config.semantic.generated else ""
        data = f"labelled pairs of {', '.join(dict.fromkeys(names))}{scenes}"
    passes = 2 if config.stages[-1].twice else None
    if passes:
        cast(Any, net).default_passes = passes
    before = card_beside(config.init)
    return save_weights(
        f"{config.model}.{config.tag}",
        state,
        folder=folder or user_folder(),
        num_params=count_params(net),
        recipe="; then ".join(filter(None, [_earlier(before, config), _recipe(trainer)])),
        data=f"{data}: {config.card.data}" if config.card.data else data,
        licence=config.card.licence,
        passes=passes,
        training=_facts(trainer, command, before.get("training", {}))
        | {"operations": describe_operations(net)},
    )


def describe_operations(net: nn.Module) -> str:
    """The multiply-accumulates of one estimate of a common size, in words."""
    macs = count_operations(net, *_SIZE).macs or 0
    words = f"{macs / 1e9:.1f} GMAC for a pair of {_SIZE[1]}x{_SIZE[0]} px"
    if net.default_iterations is not None:
        words += f", {net.default_iterations} iterations"
    passes = getattr(net, "default_passes", None) or 1
    return words if passes == 1 else f"{words}, {passes} passes"


def cost_of_run(
    seconds: float, cores: int, *, before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Hardware and energy of a run on the processor, for its card.

    ``before`` is what the card of the runs before says of their training: ``core_hours`` and energy
    count these too, whatever number of cores they had.
    """
    earlier = before or {}
    match = re.match(r"(\d+) of ", str(earlier.get("hardware", "")))
    others = earlier.get("hours", 0) * (int(match[1]) if match else cores)
    core_hours = seconds / 3600 * cores + earlier.get("core_hours", others)
    energy = estimated(3600 * core_hours)
    typical, low, high = (
        f"{joules / JOULES_PER_KWH:.3f}" for joules in (energy.joules, energy.low, energy.high)
    )
    return {
        "hardware": f"{cores} of {psutil.cpu_count()} processor cores, {platform.machine()}",
        "core_hours": round(core_hours, 2),
        "energy": f"{typical} kWh ({low} to {high}), {energy.method}",
    }


def _earlier(before: dict[str, Any], config: TrainingConfig) -> str:
    """The recipe of the run that this one began with; of which size, where it was a smaller one."""
    recipe = str(before.get("recipe", ""))
    return f"as {config.init_model}: {recipe}" if recipe and config.init_model else recipe


def _recipe(trainer: Trainer) -> str:
    """The stages as far as the run has come."""
    parts, done = [], 0
    for stage in trainer.config.stages:
        steps = min(stage.steps, trainer.step - done)
        if steps > 0:
            size = f"{stage.size[1]}x{stage.size[0]} px"
            parts.append(f"{stage.name}: {steps} steps of {stage.batch} pairs, {size}")
        done += stage.steps
    return "; ".join(parts)


def _facts(trainer: Trainer, command: str, before: dict[str, Any]) -> dict[str, Any]:
    """What the card says of the training; steps, hours and energy count all runs so far."""
    seconds = trainer.seconds + 3600 * before.get("hours", 0)
    facts = {
        "command": command,
        "seed": trainer.config.seed,
        "steps": trainer.step + before.get("steps", 0),
        "hours": round(seconds / 3600, 2),
        "precision": trainer.precision,
        "failures": trainer.config.card.failures,
        **({"is_early": True} if trainer.config.card.is_early else {}),
        **({"study": trainer.config.card.study} if trainer.config.card.study else {}),
        **_heads(trainer.config),
    }
    if trainer.device.type != "cpu":
        return facts | {"hardware": torch.cuda.get_device_name(trainer.device)}
    cores = torch.get_num_threads() + trainer.num_loaders
    return facts | cost_of_run(trainer.seconds, cores, before=before)


def _heads(config: TrainingConfig) -> dict[str, str]:
    """What a decoder's numbers mean, the key of a set of classes; and whose flow stayed as it was.

    Of a net whose heads alone learnt, ``flow_of`` names the weights with the very same flow.
    """
    semantic, facts = config.semantic, {}
    if semantic and semantic.decoder:
        facts["classes"] = semantic.class_sets[0]
    if semantic and semantic.heads_alone and config.init:
        before = card_beside(config.init).get("training", {})
        facts["flow_of"] = before.get("flow_of", Path(config.init).stem)
    return facts


def card_beside(weights: str | None) -> dict[str, Any]:
    """The card of the weights that a run began with; empty if there is none that can be read."""
    if weights is None:
        return {}
    try:
        card = json.loads(Path(weights).with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}
