"""Which bond breaks first, in a study's summary: how often the measurements of bonds name it."""

from collections.abc import Mapping

import pandas as pd

from nnip.analyse.bond_league import ELSEWHERE
from nnip.declare.registry import quantities
from nnip.report.words import bounds, markdown, widest

CALLED = {
    "barrier_eV": "barrier of the bond",
    "height_eV": "energy at the failure distance",
    "force_error_eV_per_A": "force error along the bond",
    ELSEWHERE: "breaks of the bond in other models",
}
ASKED = {"bonds": "which bond of a replica", "trainings": "in which of two trainings"}


def sections(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """A short table of table bond_league; nothing without one."""
    league = widest(tables["bond_league"]) if "bond_league" in tables else pd.DataFrame()
    if league.empty:
        return []
    rows = [
        (
            ASKED[row["view"]],
            CALLED.get(row["predictor"]) or quantities()[row["predictor"]].label,
            f"{row['concordance']:.0%}{bounds(row['low'], row['high'])}",
            f"{row['p_corrected']:.2g}",
        )
        for row in league.to_dict("records")
    ]
    first = league.iloc[0]
    counts = f"{first['n_broken']} replicas of {first['n_trainings']} trainings ended with a bond; {first['n_bonds']} different bonds broke."
    return ["## Which bond breaks first", markdown(("question", "measurement", "names it", "p, corrected"), rows) + f"\n\n{counts}"]
