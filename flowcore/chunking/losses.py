"""What chunks lose, measured beforehand: what to expect of a pair that is not measured yet."""

import pandas as pd

from flowcore.places import ASSETS

__all__ = ["TABLE", "measured_losses"]

TABLE = ASSETS / "chunk_losses.csv"


def measured_losses() -> pd.DataFrame:
    """What chunks lose against the whole frame: a row for each model, way of cutting and data.

    Returns
    -------
    DataFrame
        ``model``, ``chunks`` (rows x columns), ``overlap_px``, ``motion_aware``; ``measured_on``,
        a public dataset or "generated", and the number of ``pairs``; ``epe_loss_percent``, by how
        much the mean EPE is larger, lower is better, with its 95 % interval over the pairs,
        ``low_percent`` and ``high_percent``, NaN for the few pairs of a dataset. Written by
        ``tests/benchmarks/chunking.py``.
    """
    return pd.read_csv(TABLE)
