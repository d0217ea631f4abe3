"""Every setting of a lane, once: its flag, its word in an address, its label, range and help.

The command line, the forms, links, presets, recipes and captions read this table, so that a new
field of ``PipelineConfig`` or ``ChunkGrid`` is one row here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import Any, get_args

from flowcore.errors import ConfigError
from flowcore.types import MAX_PASSES, Blend, ChunkGrid, PipelineConfig, Precision

__all__ = [
    "KNOBS",
    "WAYS_TO_CUT",
    "Knob",
    "caption",
    "config_from",
    "flags_of",
    "values_of",
]

_CHUNK_FIELDS = {field.name for field in fields(ChunkGrid)}
_DEFAULTS = {
    field.name: None if field.default is MISSING else field.default
    for field in (*fields(ChunkGrid), *fields(PipelineConfig))
} | {"chunks": None}


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One setting of a lane.

    Parameters
    ----------
    name : str
        The field of ``PipelineConfig`` or of ``ChunkGrid``; ``chunks`` is the latter's rows and
        columns.
    word : str
        ``--word`` on the command line; in an address the word, with the lane's number.
    label, help : str
        On a form.
    metavar : str
        What stands for the value in the command line's help.
    caption : str
        How a lane's title tells a value that is not the default, ``{}`` standing for it.
    parse, write : callable
        From text to the value, and back. ``parse`` raises ConfigError.
    low, high, step : float, optional
        The range that a form offers, of a number.
    choices : tuple of str
        All values there are.
    offered : tuple of str
        Some of many values, as text.
    needs : str
        "chunks", "iterations", "passes" or "weights": what a lane or its model must have for the
        setting to mean anything; empty for a setting of every lane.
    """

    name: str
    word: str
    label: str
    help: str
    metavar: str = ""
    caption: str = "{}"
    parse: Callable[[str], Any] = str
    write: Callable[[Any], str] = str
    low: float | None = None
    high: float | None = None
    step: float = 1
    choices: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    needs: str = ""

    @property
    def flag(self) -> str:
        """On the command line."""
        return f"--{self.word}"

    @property
    def default(self) -> Any:
        """The value of a lane that does not say."""
        return _DEFAULTS[self.name]

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off, and needs no value."""
        return isinstance(self.default, bool)


def _number(kind: type[int] | type[float]) -> Callable[[str], int | float]:
    def parse(text: str) -> int | float:
        try:
            return kind(text)
        except ValueError as error:
            article = "a whole number" if kind is int else "a number"
            raise ConfigError(f"Expected {article}, got {text[:40]!r}.") from error

    return parse


def _two_numbers(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"\s*(\d{1,5})\s*[x,]\s*(\d{1,5})\s*", text)
    if match is None:
        raise ConfigError(f"Expected two numbers such as 2x3 (rows x columns), got {text[:40]!r}.")
    return int(match[1]), int(match[2])


def _share_or_px(text: str) -> int | float:
    """Px; or a share of the chunk, with a percent sign or a decimal point."""
    plain = text.strip().removesuffix("px").strip()
    if plain.endswith("%"):
        return _number(float)(plain[:-1]) / 100
    return _number(float if "." in plain or "e" in plain else int)(plain)


def _write_overlap(value: int | float) -> str:
    """As percent where that is exact."""
    percent = f"{100 * value:.12g}%"
    return percent if isinstance(value, float) and _share_or_px(percent) == value else str(value)


def _bytes(text: str) -> int:
    return round(_number(float)(text.strip().lower().removesuffix("mb")) * 1e6)


KNOBS: Mapping[str, Knob] = MappingProxyType({knob.name: knob for knob in (
    Knob(
        name="model", word="model", metavar="NAME", label="Model",
        help="a name that `models` lists, or external:FILE for the flow of another tool "
        "(evaluate: external:FOLDER, laid out as --out writes it)",
    ),
    Knob(
        name="chunks", word="chunks", metavar="RxC", label="Chunks, rows x columns",
        help="Chunked inference: estimate each chunk by itself and stitch; any RxC, such as 2x2.",
        parse=_two_numbers, write=lambda size: f"{size[0]}x{size[1]}",
        offered=("1x2", "2x2", "3x3", "4x4", "2x4"),
    ),
    Knob(
        name="chunk_size", word="chunk-size", metavar="HxW", label="Chunk size, height x width",
        help="The largest chunk in px, instead of rows and columns.", caption="chunks of {} px",
        parse=_two_numbers, write=lambda size: f"{size[0]}x{size[1]}",
        offered=("128x128", "256x256", "256x320", "512x512"),
    ),
    Knob(
        name="max_bytes", word="memory", metavar="MB", label="Memory, MB",
        help="The most working memory, instead of rows and columns.", caption="within {} MB",
        parse=_bytes, write=lambda size: str(size / 1e6), low=1, high=1e6, step=10,
    ),
    Knob(
        name="overlap", word="overlap", metavar="PX", label="Overlap, px or %",
        help="What two chunks share, in px (32); or a share of the chunk, such as 10%.",
        caption="overlap {}", needs="chunks", parse=_share_or_px,
        write=_write_overlap,
        offered=("0", "16", "32", "64", "128", "10%", "25%"),
    ),
    Knob(
        name="halo", word="halo", metavar="PX", label="Halo, px", caption="halo {}",
        help="Context around a chunk that is computed and cropped away.",
        needs="chunks", parse=_number(int), low=0, high=512, step=8,
    ),
    Knob(
        name="blend", word="blend", label="Blend", caption="{} blend",
        help="Weights in the overlap (hann). none: the later chunk wins, as in a plain loop; "
        "winner: cut in the middle, so that no two motions are averaged.",
        needs="chunks", choices=get_args(Blend),
    ),
    Knob(
        name="motion_aware", word="motion-aware", label="Motion-aware", caption="motion-aware",
        help="A quick pass over the whole frame says where each chunk moves; the second frame is "
        "cropped there, so that matches lie inside.",
        needs="chunks",
    ),
    Knob(
        name="seam_blur", word="seam-blur", metavar="SIGMA", label="Blur of the seams, px",
        help="Gaussian blur of the stitched flow near the seams.", caption="seam blur {}",
        needs="chunks", parse=_number(float), low=0, high=20, step=0.5,
    ),
    Knob(
        name="refine_share", word="refine-share", metavar="S", label="Share to refine",
        help="Propose and refine: below 1 only the most doubtful share of the chunks is computed "
        "at full resolution, the rest at low resolution.",
        caption="refine {}", needs="chunks",
        parse=_number(float), low=0, high=1, step=0.1,
    ),
    Knob(
        name="scale", word="scale", metavar="S", label="Scale", caption="scale {}",
        help="Resize factor of both frames before the model.",
        parse=_number(float), low=0.1, high=4, step=0.25,
    ),
    Knob(
        name="blur_sigma", word="blur", metavar="SIGMA", label="Blur sigma, px",
        help="Gaussian blur of both frames.", caption="blur {}",
        parse=_number(float), low=0, high=20, step=0.5,
    ),
    Knob(
        name="iterations", word="iterations", metavar="N", label="Iterations",
        help="Refinement steps, for models that refine; the model's own if left empty.",
        caption="{} iterations", needs="iterations", parse=_number(int), low=1, high=100,
    ),
    Knob(
        name="passes", word="passes", metavar="N", label="Passes",
        help="How often a model that refines goes over the pair, each time on frames twice as "
        "large and begun from the flow so far: finer, at about six times the work. The model's "
        "own if left empty.",
        caption="{} passes", needs="passes", parse=_number(int), low=1, high=MAX_PASSES,
    ),
    Knob(
        name="precision", word="precision", label="Precision",
        help="Arithmetic of learnt models (float32).", needs="weights",
        choices=get_args(Precision),
    ),
)})  # fmt: skip
"""By the field's name, in the order in which they are shown."""

WAYS_TO_CUT = ("chunks", "chunk_size", "max_bytes")


def config_from(values: Mapping[str, Any]) -> PipelineConfig:
    """The lane that these values make, by the fields' names; what is left out is the default.

    Raises
    ------
    ConfigError
        A value out of its range, two ways to cut, or a setting of chunks without any.

    Examples
    --------
    >>> config_from({"model": "dis_medium", "chunks": (2, 2), "halo": 8}).chunks.halo
    8
    """
    changed = {name: value for name, value in values.items() if value != KNOBS[name].default}
    grid = None
    if any(name in changed for name in WAYS_TO_CUT):
        rows, cols = changed.pop("chunks", (1, 1))
        cut = {name: changed.pop(name) for name in list(changed) if name in _CHUNK_FIELDS}
        grid = ChunkGrid(rows, cols, **cut)
    elif of_chunks := [KNOBS[name].flag for name in changed if name in _CHUNK_FIELDS]:
        raise ConfigError(f"{', '.join(of_chunks)}: of chunks, so --chunks is needed, such as 2x2.")
    return PipelineConfig(chunks=grid, **changed)


def values_of(config: PipelineConfig) -> dict[str, Any]:
    """What a lane sets, by the fields' names: all that is not the default, and the model.

    Examples
    --------
    >>> values_of(PipelineConfig("dis_medium", chunks=ChunkGrid(2, 3)))
    {'model': 'dis_medium', 'chunks': (2, 3)}
    """
    grid = config.chunks
    values: dict[str, Any] = {}
    for name, knob in KNOBS.items():
        if name == "chunks":
            is_counted = grid is not None and grid.chunk_size is None and grid.max_bytes is None
            value = (grid.rows, grid.cols) if grid is not None and is_counted else None
        elif name in _CHUNK_FIELDS:
            value = knob.default if grid is None else getattr(grid, name)
        else:
            value = getattr(config, name)
        if name == "model" or value != knob.default:
            values[name] = value
    return values


def flags_of(config: PipelineConfig) -> list[str]:
    """The words of a command line that set a lane.

    Examples
    --------
    >>> flags_of(PipelineConfig("dis_medium", blur_sigma=1.5))
    ['--model', 'dis_medium', '--blur', '1.5']
    """
    words = []
    for name, value in values_of(config).items():
        knob = KNOBS[name]
        words += [knob.flag] if knob.is_switch else [knob.flag, knob.write(value)]
    return words


def caption(config: PipelineConfig) -> str:
    """A lane's title: the model and all that is not the default.

    Examples
    --------
    >>> caption(PipelineConfig("dis_medium", scale=0.5, chunks=ChunkGrid(2, 2)))
    'dis_medium, 2x2, scale 0.5'
    """
    parts = []
    for name, value in values_of(config).items():
        text = KNOBS[name].write(value).removesuffix(".0")
        parts.append(KNOBS[name].caption.format(text))
    return ", ".join(parts)
