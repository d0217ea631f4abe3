"""Why one lane is better than another, in words."""

from collections.abc import Mapping

from flowcore.lane import Lane
from flowcore.metrics.why import REGIONS, Share, Split, Why, explain
from flowcore.types import FramePair

__all__ = ["best_two", "explain_lanes", "name_of_part", "why_sentence"]

_TELLING = 0.1  # of the whole difference; smaller parts are not worth a clause
_MAX_CLAUSES = 2
_LEVEL = 0.5  # percent of the pixels by which one must be ahead to be named


def explain_lanes(pair: FramePair, one: Lane, other: Lane, *, by: Split = "region") -> Why:
    """``flowcore.metrics.why.explain`` of two lanes; its errors."""
    sides = [(lane.estimate.flow, lane.consistent) for lane in (one, other)]
    return explain(pair, *sides, by=by)


def best_two(lanes: Mapping[str, Lane]) -> tuple[str, str]:
    """The titles of the two lanes to be compared first: the best, and the one it has to beat.

    By EPE with gaps filled; where there is no truth by PSNR on common pixels, else on each one's
    own. Two lanes or more.
    """

    def rank(title: str) -> tuple[int, float]:
        metrics = lanes[title].metrics
        for place, (key, sign) in enumerate(_RANKED):
            if key in metrics:
                return place, sign * metrics[key].value
        return len(_RANKED), 0.0

    first, second, *_ = sorted(lanes, key=rank)
    return first, second


_RANKED = (("epe_filled", 1), ("psnr_common", -1), ("psnr", -1))


def name_of_part(part: str, one: str, other: str) -> str:
    """A part in words, such as "on occluded pixels"; some name the lanes."""
    if part.startswith("class_"):
        label = part.removeprefix("class_")
        return "on unlabelled pixels" if label == "0" else f"on class {label}"
    return REGIONS[part].format(one=one, other=other)


def why_sentence(why: Why, one: str, other: str) -> str:
    """Which of two lanes is better, by how much, and where that comes from.

    The better one by the mean is named first, whatever the order of the arguments; where the
    interval holds zero nobody is called better.
    """
    is_turned = why.difference.mean > 0
    better, worse = (other, one) if is_turned else (one, other)
    sign = 1 if is_turned else -1
    low_mean, high_mean = sorted(why.means)
    low, high = sorted(sign * end for end in (why.difference.low, why.difference.high))
    gap, unit = abs(why.difference.mean), why.unit
    what = "end-point error" if unit == "px" else "error after warping"
    if not why.difference.is_certain:
        return (
            f"No sure difference: the mean {what} of {better} is {low_mean:.3f} {unit}, that of "
            f"{worse} {high_mean:.3f} {unit}; with 95 % confidence the gap is between {low:+.3f} "
            f"and {high:+.3f} {unit}. {_closeness(why, one, other)}"
        )
    return (
        f"{better} is better than {worse} by {gap:.3f} {unit} of mean {what} "
        f"({low_mean:.3f} against {high_mean:.3f} {unit}; 95 % interval {low:.3f} to {high:.3f}). "
        f"{_causes(why, gap, sign, one, other)} {_closeness(why, one, other)}"
    )


def _causes(why: Why, gap: float, sign: int, one: str, other: str) -> str:
    """The parts that make the difference, and those that speak for the worse lane."""

    def told(shares: list[Share]) -> str:
        return " and ".join(
            f"{abs(share.difference):.3f} {why.unit} {name_of_part(share.part, one, other)}"
            for share in shares[:_MAX_CLAUSES]
        )

    telling = [share for share in why.shares if abs(share.difference) >= _TELLING * gap]
    gains = [share for share in telling if sign * share.difference > 0]
    losses = [share for share in reversed(telling) if sign * share.difference < 0]
    text = f"It gains {told(gains)}" if gains else "No part of the frame stands out"
    if losses:
        text += f"; {one if sign > 0 else other} wins back {told(losses)}"
    return f"{text}."


def _closeness(why: Why, one: str, other: str) -> str:
    """Who is closer on how many pixels, and by how much there."""
    (share, margin), (other_share, other_margin) = why.closer
    closer = "closer to the truth" if why.unit == "px" else "closer to the first frame"
    if abs(share - other_share) < _LEVEL:
        return f"Each is {closer} on {share:.0f} % of the pixels."
    rows = sorted(((share, margin, one), (other_share, other_margin, other)), reverse=True)
    (many, by, first), (few, by_few, second) = rows
    return (
        f"{first} is {closer} on {many:.0f} % of the pixels, there by {by:.3f} {why.unit} on "
        f"average; {second} on {few:.0f} %, by {by_few:.3f}."
    )
