"""The tables of ``tests.benchmarks.semantics``, with verdicts, from its finished runs."""

import math
import re
import statistics
from collections.abc import Iterable

import numpy as np

from flowcore.data.classes import CLASS_SETS
from tests.benchmarks.ablations import verdict

__all__ = ["markdown", "tables"]

NAMES = CLASS_SETS["scenes"].names
MIXED = ", mixed precision"
MIXED_BASE = f"base{MIXED}"


def tables(kept: dict) -> str:
    """All tables that there are runs for, as Markdown."""
    parts = [
        overfit(kept),
        methods(kept, "methods", "Held-out scenes"),
        of_classes(kept),
        divergence(kept, "Divergence, one factor at a time", ["methods", "divergence"]),
        methods(kept, "learnt", "Begun from the shipped net, held-out scenes"),
        divergence(kept, "Divergence, begun from the shipped net", ["learnt"]),
        steps(kept),
        uncertainty(kept),
        cost(kept),
    ]  # fmt: skip
    return "\n\n".join(filter(None, parts))


def rows_of(kept: dict, table: str) -> dict[str, list[dict]]:
    """The runs of a table by row, one for each seed."""
    rows: dict[str, list[dict]] = {}
    for key, run in kept.items():
        if key.startswith(f"{table}/"):
            rows.setdefault(key.split("/")[1], []).append(run)
    return rows


def markdown(title: str, header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header, rows = list(header), [list(row) for row in rows]
    if not rows:
        return ""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join([f"**{title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])


def band(runs: list[dict], name: str, digits: int = 3) -> str:
    """Mean and half the range over seeds."""
    values = [run[name] for run in runs if name in run]
    if not values:
        return "-"
    mean = f"{statistics.mean(values):.{digits}f}"
    return f"{mean} ± {(max(values) - min(values)) / 2:.{digits}f}" if len(values) > 1 else mean


def against(runs: list[dict], base: list[dict]) -> str:
    """The difference to the baseline's EPE with its interval over pairs, and the verdict.

    That of ``ablations`` over the seeds, but undecided where the pairs leave it open.
    """
    alike = [(a, b) for a, b in zip(runs, base, strict=False) if "epe" in a and "epe" in b]
    if not alike or runs is base:
        return "-"
    gaps = np.mean([np.subtract(a["epe_of_pairs"], b["epe_of_pairs"]) for a, b in alike], 0)
    drawn = np.random.default_rng(0).integers(0, len(gaps), (2000, len(gaps)))
    low, high = np.percentile(gaps[drawn].mean(1), [2.5, 97.5])
    is_certain = low > 0 or high < 0
    said = "one seed" if len(alike) < 2 else _said(runs, base) if is_certain else "undecided"
    return f"{gaps.mean():+.3f} ({low:+.3f} to {high:+.3f}), {said}"


def _said(runs: list[dict], base: list[dict]) -> str:
    count = min(len(runs), len(base))
    errors = [[run.get("epe", math.nan) for run in some[:count]] for some in (runs, base)]
    return verdict(*errors)


def overfit(kept: dict) -> str:
    rows = rows_of(kept, "overfit")
    return markdown(
        "Overfit on 100 samples (on these samples)",
        ["", "flow loss, first", "last", "semantic loss, first", "last", "EPE, px", "V1 penalty"],
        [
            [
                name,
                *(
                    f"{run.get(when, {}).get(part, math.nan):.3f}"
                    for part in ("flow_loss", "semantic_loss")
                    for when in ("early", "late")
                ),
                band([run], "epe"),
                band([run], "v1_loss"),
            ]
            for name, (run, *_) in rows.items()
        ],
    )


def methods(kept: dict, name: str, title: str) -> str:
    rows = rows_of(kept, name)
    sets = sorted({name for runs in rows.values() for run in runs for name in run.get("real", ())})
    real = [
        [band([{"x": run["real"][one][0]} for run in runs if "real" in run], "x", 2)
         for one in sets]
        for runs in rows.values()
    ]  # fmt: skip
    return markdown(
        title,
        ["", "seeds", "EPE, px", "Fl, %", "below 1 px, %", "V1 penalty", "mIoU, %",
         "EPE against base", *(f"EPE on {one}" for one in sets)],
        [
            [
                name,
                str(len(runs)),
                band(runs, "epe"),
                band(runs, "fl_all", 2),
                band(runs, "inlier_1px", 1),
                band(runs, "v1_loss"),
                band(runs, "miou", 1),
                against(runs, rows.get(baseline_of(name), [])),
                *cells,
            ]
            for (name, runs), cells in zip(rows.items(), real, strict=True)
        ],
    )  # fmt: skip


def baseline_of(name: str) -> str:
    """The row that a row is held against: in mixed precision one that is in it as well."""
    is_mixed = name != MIXED_BASE and name.endswith(MIXED)
    return MIXED_BASE if is_mixed else "base"


def of_classes(kept: dict) -> str:
    rows = rows_of(kept, "methods")
    numbers = range(1, len(NAMES))
    return markdown(
        "EPE by class, px",
        ["", *NAMES[1:]],
        [
            [
                name,
                *(
                    band(
                        [{"x": by[key]} for run in runs if (by := run.get("epe_by_class"))
                         and (key := str(n) if str(n) in by else n) in by],
                        "x",
                    )
                    for n in numbers
                ),
            ]
            for name, runs in rows.items()
        ],
    )  # fmt: skip


def divergence(kept: dict, title: str, names: Iterable[str]) -> str:
    rows = {
        name: runs
        for table in names
        for name, runs in rows_of(kept, table).items()
        if table != "methods" or name in ("base", "v1", "corrected")
    }

    still = kept.get("still", {}).get("epe", math.inf)

    def row(name: str, runs: list[dict]) -> list[str]:
        at = [run["diverged_at"] for run in runs if run["diverged_at"] is not None]
        late = [run.get("late", {}) for run in runs]
        return [
            name,
            f"{len(at)} of {len(runs)}",
            ", ".join(map(str, at)) or "-",
            ", ".join(filter(None, map(stopped_at, runs))) or "-",
            f"{sum(gave_up(run, still) for run in runs)} of {len(runs)}",
            band(runs, "epe", 2),
            band(runs, "train_epe", 2),
            band(runs, "gradient_norm", 2),
            band(late, "flow_gradient", 2),
            band(late, "semantic_gradient", 2),
            band(late, "angle", 0),
        ]

    table = markdown(
        title,
        ["", "diverged", "least error at step", "stopped at", "gave up",
         f"EPE, px (no motion: {still:.2f})", "training EPE at the end, px", "gradient norm",
         "flow's", "semantic's", "angle, degrees"],
        [row(name, runs) for name, runs in rows.items()],
    )  # fmt: skip
    return f"{table}\n\n{causes(rows, still)}" if table else ""


def stopped_at(run: dict) -> str:
    """The step at which the guard of training ended a run, as its message says; or nothing."""
    found = re.search(r"at step (\d+)", run["message"])
    return found[1] if found else ""


def gave_up(run: dict, still: float) -> bool:
    """Whether a run ended no better than a flow of zero, by less than a tenth."""
    return run.get("epe", 0) > 0.9 * still


def causes(rows: dict[str, list[dict]], still: float) -> str:
    """What ended most runs of the first version badly, and what the others did there."""

    def failed(run: dict) -> bool:
        return run["diverged_at"] is not None or gave_up(run, still)

    def count(name: str) -> str:
        runs = rows.get(name, [])
        return f"{sum(map(failed, runs))} of {len(runs)}" if runs else "not run"

    found = [
        f"{name.removeprefix('v1, ')}: first version {count(name)}"
        + "".join(
            f", {other} {count(name.replace('v1', other, 1))}" for other in ("base", "corrected")
        )
        for name, runs in rows.items()
        if name.startswith("v1,") and 2 * sum(map(failed, runs)) > len(runs)
    ]
    if not found:
        return "No factor made the first version diverge or give up in most of its runs."
    return "Diverged or gave up in most runs under " + "; ".join(found) + "."


def steps(kept: dict) -> str:
    rows = rows_of(kept, "steps")
    counts = [4, 8, 12, 16, 24, 32]
    return markdown(
        "EPE in px by refinement steps at evaluation",
        ["trained with", *map(str, counts)],
        [
            [name, *(f"{_at(run, count):.3f}" for count in counts)]
            for name, (run, *_) in rows.items()
        ],
    )


def _at(run: dict, count: int) -> float:
    found = run.get("epe_at", {})
    return found.get(str(count), found.get(count, math.nan))


def uncertainty(kept: dict) -> str:
    found = {name: one for name, one in kept.get("uncertainties", {}).items() if name != "shares"}
    return markdown(
        "Uncertainty: area between sparsification curve and oracle, lower is better",
        ["", "AUSE", "EPE of its flow, px"],
        [[name, f"{one['ause']:.3f}", f"{one['epe']:.3f}"] for name, one in found.items()],
    )


def cost(kept: dict) -> str:
    seconds = [run["cpu_seconds"] for run in kept.values() if "cpu_seconds" in run]
    if not seconds:
        return ""
    total, longest = sum(seconds), max(seconds)
    return f"{len(seconds)} runs, {total / 3600:.2f} CPU hours, the longest {longest:.0f} s."
