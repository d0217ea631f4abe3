"""Corruptions and attacks as the commands that repeat them.

They work on a folder that holds ``first.png`` and ``second.png`` (and ``truth.flo``), as
``flowcore sample NAME FOLDER`` writes it.
"""

import shlex
from collections.abc import Sequence

from flowcore.knobs import flags_of
from flowcore.robustness.attacks.threat import Threat
from flowcore.types import FlowField, PipelineConfig

__all__ = ["attack_command", "corrupt_command", "patch_command"]


def corrupt_command(
    configs: Sequence[PipelineConfig],
    kinds: Sequence[str],
    *,
    mode: str,
    seed: int,
    has_truth: bool = False,
    threads: int | None = None,
    folder: str = "pair",
) -> str:
    """The command that measures lanes on corruptions; all of them if ``kinds`` is empty.

    Examples
    --------
    >>> corrupt_command([PipelineConfig("dis_fast")], ["fog"], mode="same", seed=0)
    'flowcore corrupt pair/first.png pair/second.png --model dis_fast --kind fog --mode same'
    """
    words = _begun("corrupt", configs, has_truth, threads, folder)
    if kinds:
        words += ["--kind", *kinds]
    words += ["--mode", mode]
    return shlex.join(words + (["--seed", str(seed)] if seed else []))


def attack_command(
    configs: Sequence[PipelineConfig],
    threat: Threat,
    *,
    extras: Sequence[str] = (),
    has_truth: bool = False,
    threads: int | None = None,
    folder: str = "pair",
) -> str:
    """The command that attacks the first lane and measures the others; a given flow as a file.

    ``extras`` are further words, such as ``--matrix``.

    Examples
    --------
    >>> attack_command([PipelineConfig("scope_035.scenes")], Threat.of("fgsm", 0.01))
    ... # doctest: +NORMALIZE_WHITESPACE
    'flowcore attack pair/first.png pair/second.png --model scope_035.scenes --attack fgsm
    --epsilon 0.01 --out attacked'
    """
    words = _begun("attack", configs, has_truth, threads, folder)
    words += ["--attack", threat.method, "--epsilon", f"{threat.epsilon:g}"]
    if isinstance(threat.target, FlowField):
        words += ["--target", f"{folder}/target.flo"]
    elif threat.is_targeted:
        words += ["--target", threat.target]
    usual = Threat.of(threat.method, target="negative")  # which every method takes
    for name in ("norm", "frames", "loss", "steps", "seed", "box"):
        if getattr(threat, name) != getattr(usual, name):
            words += [f"--{name}", str(getattr(threat, name))]
    return shlex.join([*words, *extras, "--out", "attacked"])


def patch_command(
    configs: Sequence[PipelineConfig],
    x: float,
    y: float,
    *,
    angle: float = 0.0,
    scale: float = 1.0,
    frames: str = "joint",
    has_truth: bool = False,
    threads: int | None = None,
    folder: str = "pair",
) -> str:
    """The command that places ``patch.png`` and measures the lanes."""
    words = _begun("attack", configs, has_truth, threads, folder)
    words += ["--patch", "patch.png", "--at", f"{x:g},{y:g}", "--frames", frames]
    for name, value, usual in (("angle", angle, 0), ("scale", scale, 1)):
        words += [] if value == usual else [f"--patch-{name}={value:g}"]
    return shlex.join([*words, "--out", "attacked"])


def _begun(
    command: str,
    configs: Sequence[PipelineConfig],
    has_truth: bool,
    threads: int | None,
    folder: str,
) -> list[str]:
    """What the commands have in common; ``--on`` takes its names up to the next option."""
    first, *others = configs
    words = ["flowcore", command, f"{folder}/first.png", f"{folder}/second.png", *flags_of(first)]
    if others:
        words += ["--on", *(config.model for config in others)]
    if has_truth:
        words += ["--truth", f"{folder}/truth.flo"]
    return words + ([] if threads is None else ["--threads", str(threads)])
