"""How different two errors must be before they tell which training lives longer, in a study's summary."""

from collections.abc import Mapping

import pandas as pd

from nnip.declare.registry import quantities
from nnip.report.words import markdown, share, widest

SHOWN = ("train_forces_rmse", "test_forces_rmse_coolest", "test_forces_rmse_hottest")


def sections(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """A short table of table league_gaps: force errors, a row per range of their ratio; nothing without one."""
    gaps = widest(tables["league_gaps"]) if "league_gaps" in tables else pd.DataFrame()
    shown = [name for name in SHOWN if len(gaps) and (gaps["quantity"] == name).any()]
    if not shown:
        return []
    rows = []
    for (low, high), own in gaps[gaps["quantity"].isin(shown)].groupby(["ratio_low", "ratio_high"], dropna=False):
        of = own.set_index("quantity").to_dict("index")
        cells = [f"{share(of[name])}, {of[name]['n_pairs']} pairs" if name in of else "–" for name in shown]
        rows.append([f"{low:g} and more" if pd.isna(high) else f"{low:g} to {high:g}", *cells])
    header = ["the larger error is so many times the smaller", *(quantities()[name].label for name in shown)]
    return ["## How different errors must be to name the longer-lived", markdown(header, rows)]
