"""What a study of defects says in its summary: which measurement tells their errors, and on which training set they are smallest."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from nnip.declare.registry import quantities
from nnip.report.words import called, listed, markdown, share, widest

FORCES = ("plain_forces_rmse", "test_forces_rmse_coolest", "train_forces_rmse")  # the plain error that others are compared with: the first there is


def lines(tables: Mapping[str, pd.DataFrame], confidence: float) -> list[str]:
    """A line on measurements, from table outcome_league, and one for each framework on training sets, from table defect_errors."""
    made = []
    best = _best(tables)
    if len(best):
        told = best[best["p_corrected"] < 1 - confidence]
        words = [f"{_outcome(row)} by the {called(row, _modes(best))} ({share(row)})" for row in told.to_dict("records")]
        rest = [_outcome(row) for row in best[~best.index.isin(told.index)].to_dict("records")]
        line = f"**Errors of defects** are told best, of two trainings of a framework: {listed(words)}" if words else "**Errors of defects**"
        made.append(line + ((", but " if words else ": ") + f"no measurement is shown to tell {listed(rest)}" if rest else "") + ".")
    errors = tables.get("defect_errors")
    if errors is not None and errors["training_set"].nunique() > 1:
        made += [_smallest(str(framework), of) for framework, of in errors.groupby("framework", sort=False)]
    return made


def sections(tables: Mapping[str, pd.DataFrame], confidence: float) -> list[str]:
    """A table of the best measurement of each outcome beside the plain force error; none without table outcome_league."""
    best = _best(tables)
    if best.empty:
        return []
    league = widest(tables["outcome_league"])
    rows = []
    for row in best.to_dict("records"):
        plain = league[(league["outcome"] == row["outcome"]) & league["quantity"].isin(FORCES)]
        plain = plain.sort_values("quantity", key=lambda names: names.map(FORCES.index), kind="stable")
        other = f"{plain.iloc[0]['concordance']:.0%}, {called(plain.iloc[0].to_dict(), False)}" if len(plain) else "–"
        count = f"{row['n_trainings']}" + (f", {row['n_without']} failed" if row["n_without"] else "")
        rows.append((_outcome(row), called(row, _modes(best)), share(row), f"{row['p_corrected']:.2g}", other, count))
    header = ("outcome", "best measurement", f"names the better of two [{confidence:.0%}]", "p, corrected", "force error", "trainings")
    note = "Failed: the defect is no minimum, melts or does not converge, so it has no error. All measurements: `tables/outcome_league.csv`."
    return ["## Which measurement tells the errors of defects", f"{markdown(header, rows)}\n\n{note}"]


def _best(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The measurement with the highest concordance for each outcome."""
    league = widest(tables["outcome_league"]) if "outcome_league" in tables else pd.DataFrame({"outcome": []})
    if league.empty:
        return league
    return league.sort_values("concordance", ascending=False, kind="stable").drop_duplicates("outcome").sort_index()


def _smallest(framework: str, errors: pd.DataFrame) -> str:
    """Geometric means over models and seeds: the training set with the smallest error of each outcome."""
    words = []
    for outcome, of in errors.groupby("outcome", sort=False):
        means = np.exp(np.log(of["value"].astype(float)).groupby(of["training_set"], sort=False).mean()).sort_values(kind="stable")
        quantity = quantities()[str(outcome)]
        words.append(f"{quantity.label} on {means.index[0]} ({quantity.factor * means.iloc[0]:.3g} {quantity.unit})")
    return f"**{framework}**: smallest {listed(words)}."


def _outcome(row: Mapping[str, object]) -> str:
    return quantities()[str(row["outcome"])].label


def _modes(rows: pd.DataFrame) -> bool:
    return bool(rows["mode"].nunique() > 1)
