"""What a study of many molecules says in its summary: whether to label more molecules or more frames of each."""

from collections.abc import Mapping

import pandas as pd

from nnip.report.words import bounds, listed, markdown

QUANTITY = "forces_rmse_eV_per_A"
CELLS = ("unseen", "larger", "seen")  # of the answer: the molecules that a user asks about; the others are in the table


def lines(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """A line per framework from table balance: the setting with the lowest force error in the first test split, for each kind of molecules."""
    rows = _budget(tables)
    made = []
    for framework, of in rows[rows["best"].astype(bool)].groupby("framework", sort=False):
        first = of[(of["split"] == of["split"].iloc[0]) & of["cell"].isin(CELLS)]
        first = first.sort_values("cell", key=lambda cells: cells.map(CELLS.index), kind="stable")
        if first.empty:
            continue
        words = [f"{row.n_molecules} x {row.n_conformers} for {row.cell} molecules ({row.value:.2g} eV/Å)" for row in first.itertuples()]
        line = f"**{framework}**: with one number of labels, molecules x frames of each, the lowest force error in {first['split'].iloc[0]}"
        made.append(f"{line} is that of {listed(words)}.")
    return made


def sections(tables: Mapping[str, pd.DataFrame], confidence: float) -> list[str]:
    """A table of the best setting for each test split and kind of molecules, beside the fewest and the most molecules; none without a budget."""
    rows = _budget(tables)
    if rows.empty:
        return []
    cells = []
    for (framework, split, cell), of in rows.groupby(["framework", "split", "cell"], sort=False):
        best, sizes = of[of["best"].astype(bool)], of.sort_values("n_molecules")
        if best.empty:
            continue
        first = best.iloc[0]
        ends = [_ratio(row) for row in _ends(sizes, rows)]
        value = f"{first['value']:.3g}{bounds(first['low'], first['high'], '')}"
        cells.append((framework, split, cell, f"{first['n_molecules']} x {first['n_conformers']}", value, *ends))
    few, many = rows["n_molecules"].min(), rows["n_molecules"].max()
    header = (
        "framework",
        "split",
        "molecules",
        "best",
        f"force RMSE (eV/Å) [{confidence:.0%}]",
        f"of {few}: times that",
        f"of {many}: times that",
    )
    note = "Intervals are over draws. The best is chosen with the same draws. All settings and errors: `tables/balance.csv`, figure `balance`."
    return ["## More molecules or more frames of each", f"{markdown(header, cells)}\n\n{note}"]


def _ratio(row: Mapping[str, float]) -> str:
    if row["best"]:
        return "1"
    return "–" if pd.isna(row["ratio"]) else f"{row['ratio']:.2f}{bounds(row['ratio_low'], row['ratio_high'], '')}"


def _ends(sizes: pd.DataFrame, rows: pd.DataFrame) -> list[Mapping[str, float]]:
    """The rows of the fewest and of the most molecules of the design, blank where these molecules were not tested."""
    blank = {"best": False, "ratio": float("nan"), "ratio_low": float("nan"), "ratio_high": float("nan")}
    wanted = (rows["n_molecules"].min(), rows["n_molecules"].max())
    return [next(iter(sizes[sizes["n_molecules"] == n].to_dict("records")), blank) for n in wanted]


def _budget(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows = tables["balance"] if "balance" in tables else pd.DataFrame({"design": [], "quantity": [], "best": [], "framework": []})
    return rows[(rows["design"] == "budget") & (rows["quantity"] == QUANTITY)]
