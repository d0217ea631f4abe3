"""Sizes and errors that others have published: for orientation, not measured here."""

import pandas as pd

from flowcore.places import ASSETS

__all__ = ["published_models"]

_TABLE = ASSETS / "published_models.csv"
_BYTES_PER_PARAM = 4  # as published: single precision


def published_models() -> pd.DataFrame:
    """Published models by name, sorted by size.

    Returns
    -------
    DataFrame
        ``num_params``; ``megabytes`` of their parameters in single precision;
        ``epe_sintel_clean`` and ``epe_sintel_final``, mean end-point error on the two passes of
        Sintel's training set, in px, lower is better, NaN where unknown; ``is_verified``, whether
        the figure was read in ``source``; ``protocol``, what the model was trained on.
        The protocols differ, and none of the figures was measured by this project.
    """
    table = pd.read_csv(_TABLE, index_col="name")
    table.insert(1, "megabytes", table["num_params"] * _BYTES_PER_PARAM / 1e6)
    return table.sort_values("num_params", kind="stable")
