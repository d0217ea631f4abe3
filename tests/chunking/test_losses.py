"""The table of measured losses that ships."""

from flowcore import models
from flowcore.chunking.losses import measured_losses

NUMBERS = ["overlap_px", "pairs", "epe_loss_percent"]


def test_every_row_says_what_was_measured_on_what():
    table = measured_losses()
    assert set(table["model"]) <= set(models.available())
    assert table["chunks"].str.fullmatch(r"\d+x\d+").all()
    assert table[NUMBERS].notna().all(axis=None)
    assert (table["pairs"] > 0).all()
    ways = ["model", "chunks", "overlap_px", "motion_aware", "measured_on"]
    assert not table.duplicated(ways).any()


def test_intervals_hold_their_value():
    rows = measured_losses().dropna()
    assert len(rows)
    assert (rows["low_percent"] <= rows["epe_loss_percent"]).all()
    assert (rows["epe_loss_percent"] <= rows["high_percent"]).all()
    assert set(rows["measured_on"]) == {"generated"}
