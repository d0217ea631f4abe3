"""Which lane is best, and where nobody may say so."""

import csv
import io
import math

import numpy as np
import pytest

from flowcore.export.table import best_lanes, metrics_csv, metrics_latex, metrics_table
from flowcore.lane import Lane
from flowcore.metrics.summary import Measurement
from flowcore.types import Estimate, FlowField, PipelineConfig, Timing


def lane(seconds=None, **metrics):
    timing = seconds and Timing(seconds, seconds, 1, 2)
    flow = FlowField(np.zeros((2, 2, 2)))
    estimate = Estimate(flow, PipelineConfig("made_up"), timing)
    return Lane(estimate, None, {key: Measurement(*found) for key, found in metrics.items()})


def test_lower_or_higher_is_better_as_the_metric_says():
    lanes = {"a": lane(epe=(2, 9), psnr=(30, 9)), "b": lane(epe=(1, 9), psnr=(20, 9))}
    assert best_lanes(lanes, "epe") == ["b"]
    assert best_lanes(lanes, "psnr") == ["a"]


def test_nobody_is_best_over_other_pixels_or_where_all_agree():
    gaps = {"a": lane(epe=(1, 5), epe_filled=(4, 9)), "b": lane(epe=(2, 9), epe_filled=(2, 9))}
    assert best_lanes(gaps, "epe") == []
    assert best_lanes(gaps, "epe_filled") == ["b"]
    assert best_lanes({"a": lane(epe=(1, 9)), "b": lane(epe=(1, 9))}, "epe") == []


def test_an_external_flow_has_no_time_and_cannot_win_it():
    lanes = {"ours": lane(2.0), "theirs": lane(), "quick": lane(1.0)}
    assert best_lanes(lanes, "seconds") == ["quick"]
    table = metrics_table(lanes)
    assert math.isnan(table.loc["theirs", "seconds"])
    assert math.isnan(table.loc["theirs", "threads"])


def test_latex_marks_the_best_and_escapes_names():
    lanes = {"dis_fast": lane(epe=(2, 9)), "100%": lane(epe=(1.2345, 9), fl_all=(3, 9))}
    text = metrics_latex(lanes, ("epe", "fl_all", "psnr"))
    assert r"dis\_fast & 2.000 & --" in text
    assert r"100\% & \textbf{1.234} & 3.000" in text
    assert "PSNR" not in text
    assert r"Fl-all (\%) $\downarrow$" in text


def test_latex_has_the_chosen_columns_in_their_order_and_needs_booktabs():
    lanes = {"a^b\\": lane(epe=(2, 9), psnr=(math.inf, 9), fl_all=(1, 9))}
    text = metrics_latex(lanes, ("psnr", "epe"))
    assert text.startswith("% \\usepackage{booktabs}\n")
    assert r"& PSNR (dB) $\uparrow$ & EPE (px) $\downarrow$ \\" in text
    assert r"a\textasciicircum{}b\textbackslash{} & $\infty$ & 2.000 \\" in text
    assert "Fl-all" not in text


@pytest.mark.parametrize("key", ["psnr_identity", "ssim_identity"])
def test_no_lane_wins_by_the_frames_as_they_are(key):
    assert best_lanes({"a": lane(**{key: (1, 9)}), "b": lane(**{key: (2, 9)})}, key) == []


def test_latex_table_escapes_names(shown):
    _, lanes = shown
    latex = metrics_latex({"a_b, 50 %": lanes["ours"]}, ["epe", "fl_all"])
    assert r"a\_b, 50 \%" in latex
    assert r"EPE (px) $\downarrow$" in latex
    assert r"\toprule" in latex


def test_no_title_is_a_formula_for_a_spreadsheet_or_ends_a_row():
    lanes = {"=1+1": lane(epe=(2, 9)), "-a": lane(epe=(-1, 9)), "b\nc": lane(epe=(1, 9))}
    rows = list(csv.DictReader(io.StringIO(metrics_csv(lanes))))
    assert [(row["lane"], float(row["epe"])) for row in rows] == [
        ("'=1+1", 2), ("'-a", -1), ("b\nc", 1),
    ]  # fmt: skip
    assert "b c & " in metrics_latex(lanes, ("epe",))
