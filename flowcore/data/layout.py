"""How a data set lies in its folders: one row of patterns, from which its pairs are found."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from flowcore.data.files import PairFiles
from flowcore.data.roles import Role

__all__ = ["Card", "Layout", "natural_key"]

_FIELD = re.compile(r"\{(\w+)\}")
_PICTURES = (".png", ".jpg", ".ppm", ".jpeg", ".bmp", ".tif")


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is to be known of a data set before one uses it.

    Parameters
    ----------
    title, size, truth, splits, licence : str
        For people.
    protocol : str
        How its benchmark computes its numbers, for people.
    scores : tuple of (str, "mean" or "pooled")
        The same as keys of ``flowcore.metrics.definitions``, the deciding one first: the mean of
        the pairs' values, or over the pixels of all pairs.
    proved : str
        On what the reader was tried.
    """

    title: str
    size: str
    truth: str
    splits: str
    licence: str
    protocol: str
    scores: tuple[tuple[str, str], ...] = (("epe", "mean"), ("fl_all", "mean"))
    proved: str = "a small folder made in this layout"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the files of a data set lie, as patterns below its root.

    Patterns have fields such as ``{scene}``; ``{n}`` is the number of a frame, ``{next}`` the one
    after it, written as wide, ``{pass}`` one of ``passes``, ``{folder}`` what holds the anchor's
    folder, ``{dataset}`` the root's name where the anchor has none; ``.*`` at the end is any
    picture's suffix.

    Parameters
    ----------
    name : str
        What ``--layout`` calls it.
    card : Card
    anchors : tuple of str
        Each file that fits one of these makes a pair: the true flow, if ``truth`` says nothing.
    marks : tuple of str
        The files of which one tells this layout from others; the anchors, if left out.
    first, second : str
        The frames, in fields of the anchor.
    sequence : str
        The pair's name, likewise.
    split : str
        The name of the part it belongs to, likewise; empty where there are none.
    passes : mapping of str to str
        The ways in which the same motion was rendered or taken, and the word for ``{pass}``.
    truth : tuple of str
        The true flow, where it isn't the anchor.
    known : mapping of Role to str
    truth_format, truth_step : optional
        As of ``PairFiles``.
    listed : str
        A file in which line ``n`` tells by 1 or 2 whether pair ``n`` is for training or validation.
    is_named : bool
        Whether the name of the layout is part of the names of its data sets.
    """

    name: str
    card: Card
    anchors: tuple[str, ...]
    first: str
    second: str
    sequence: str
    marks: tuple[str, ...] = ()
    split: str = ""
    passes: Mapping[str, str] = field(default_factory=lambda: {"": ""})
    truth: tuple[str, ...] = ()
    known: Mapping[Role, str] = field(default_factory=dict)
    truth_format: str | None = None
    truth_step: int = 1
    listed: str = ""
    is_named: bool = True

    def fits(self, root: Path) -> bool:
        """Whether a folder is laid out like this: a mark is there, and the frames' folder."""
        marks = self.marks or self.anchors
        is_marked = any(True for pattern in marks for _ in _found(root, pattern))
        return is_marked and any(True for _ in self._passes(root))

    def find(self, root: Path) -> Iterator[PairFiles]:
        """The pairs below ``root``, in natural order of the anchors' names."""
        passes, lines = list(self._passes(root)), _lines(root / self.listed) if self.listed else []
        for pattern in self.anchors:
            for anchor, fields in sorted(
                _found(root, pattern), key=lambda one: natural_key(one[0])
            ):
                fields = {"dataset": root.resolve().name, **fields}
                fields["folder"] = str(PurePosixPath(anchor).parent.parent)
                if "n" in fields and "next" not in fields:
                    fields["next"] = str(int(fields["n"]) + 1).zfill(len(fields["n"]))
                for name in passes:
                    of_pass = {**fields, "pass": self.passes[name], "taken": name}
                    if not self._is_past_the_end(root, pattern, of_pass):
                        yield self._pair(root, anchor, of_pass, lines)

    def _pair(
        self, root: Path, anchor: str, fields: Mapping[str, str], lines: list[str]
    ) -> PairFiles:
        split = self.split.format_map(fields).lower() if self.split else ""
        if lines:
            split = _of_line(lines, fields["n"])
        truth = tuple(root / pattern.format_map(fields) for pattern in self.truth)
        return PairFiles(
            dataset="-".join(filter(None, (self.name if self.is_named else "", split))),
            sequence=self.sequence.format_map(fields),
            first=_picture(root, self.first.format_map(fields)),
            second=_picture(root, self.second.format_map(fields)),
            truth=truth or (root / anchor,),
            split=split,
            truth_format=self.truth_format,
            truth_step=self.truth_step,
            known={role: root / text.format_map(fields) for role, text in self.known.items()},
        )

    def _passes(self, root: Path) -> Iterator[str]:
        """Names of the passes whose folder is there: not everything need be downloaded."""
        for name, word in self.passes.items():
            before, _, _ = self.first.replace("{pass}", word).partition("{")
            if (root / before).is_dir():
                yield name

    def _is_past_the_end(self, root: Path, pattern: str, fields: Mapping[str, str]) -> bool:
        """Of the last frame of a scene some sets know the motion, but there is no next frame."""
        if "{next}" not in self.second or "{next}" in pattern:
            return False
        second = _picture(root, self.second.format_map(fields))
        after = pattern.format_map({**fields, "n": fields["next"]})
        return not second.is_file() and not (root / after).is_file()


def natural_key(name: str) -> list[tuple[int, str]]:
    """By what names are ordered so that numbers in them count by value: frame9 before frame10.

    Examples
    --------
    >>> sorted(["b10.png", "b9.png", "a"], key=natural_key)
    ['a', 'b9.png', 'b10.png']
    """
    parts = re.split(r"0*([0-9]+)", name.lower())  # words and numbers by turns
    return [(len(part) * (index % 2), part) for index, part in enumerate(parts)]


def _found(root: Path, pattern: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each path below ``root`` that fits a pattern, with the values of its fields."""
    regex, seen = "", set[str]()
    for index, part in enumerate(_FIELD.split(pattern)):
        if index % 2 == 0:
            regex += re.escape(part)
        elif part in seen:
            regex += f"(?P={part})"
        else:
            regex += rf"(?P<{part}>{r'[0-9]+' if part in ('n', 'next') else '[^/]+'})"
            seen.add(part)
    for path in root.glob(_FIELD.sub("*", pattern)):
        relative = path.relative_to(root).as_posix()
        if found := re.fullmatch(regex, relative):
            yield relative, found.groupdict()


def _picture(root: Path, text: str) -> Path:
    """The file of that name; if its suffix is left open, the first picture that is there."""
    if not text.endswith(".*"):
        return root / text
    candidates = [root / f"{text[:-2]}{suffix}" for suffix in _PICTURES]
    return next((path for path in candidates if path.is_file()), candidates[0])


def _lines(path: Path) -> list[str]:
    return path.read_text("ascii", "replace").split() if path.is_file() else []


def _of_line(lines: list[str], number: str) -> str:
    index = int(number) - 1
    return {"1": "train", "2": "val"}.get(lines[index], "") if index < len(lines) else ""
