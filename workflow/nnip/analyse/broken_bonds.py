"""The bonds of every training, what was measured of them, and how often each ended a replica of its hot MD."""

from typing import Any

import pandas as pd

from nnip.analyse.trainings import KEYS
from nnip.declare import RUN, Analysis, Table, flag, real, text, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("failures", "bond_barriers"),
    uses=("reference_scan_bonds",),
    tables={
        "broken_bonds": Table(
            "A bond of a training, and how often it ended its hot MD.",
            RUN
            | {
                "bond": text("elements and numbers of its atoms"),
                "atom_i": whole("an atom of the bond"),
                "atom_j": whole("the other, of a larger number"),
                "in_ring": flag("whether it is in a ring"),
                "barrier_eV": real("its barrier (table bond_barriers); the lowest one if images of an atom are bonded too", "eV", optional=True),
                "height_eV": real("its energy at the failure distance above the relaxed start", "eV", optional=True),
                "force_error_eV_per_A": real("error of the force along it (table reference_scan_bonds)", "eV/A", optional=True),
                "n_broken": whole("replicas that it ended", "replicas"),
                "n_replicas": whole("replicas of the training", "replicas"),
                "replica_fs": real("time of all its replicas together", "fs"),
            },
        ),
    },
    doing="Count the replicas that each bond ended",
)
PAIR = ["atom_i", "atom_j"]


def ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with columns PAIR, the smaller number first; elements, if there are any, go with their atoms."""
    turned = (rows["atom_i"] > rows["atom_j"]).fillna(False).astype(bool)
    swapped = rows.rename(columns={"atom_i": "atom_j", "atom_j": "atom_i", "element_i": "element_j", "element_j": "element_i"})
    return rows.where(~turned, swapped[rows.columns])


def broken_bonds(failures: pd.DataFrame, barriers: pd.DataFrame, scans: pd.DataFrame | None = None) -> pd.DataFrame:
    """Table broken_bonds from tables failures, bond_barriers and reference_scan_bonds, of trainings that have MD."""
    bonds = ordered(barriers).sort_values("barrier_eV", kind="stable").drop_duplicates([*KEYS, *PAIR]).sort_index()
    if scans is not None:
        bonds = bonds.merge(ordered(scans)[[*KEYS, *PAIR, "force_error_eV_per_A"]].drop_duplicates([*KEYS, *PAIR]), on=[*KEYS, *PAIR], how="left")
    broken = ordered(failures[failures["reason"] == "bond"]).groupby([*KEYS, *PAIR]).size().rename("n_broken").reset_index()
    lived = failures.groupby(KEYS)["time_fs"].agg(n_replicas="size", replica_fs="sum").reset_index()
    rows = bonds.merge(lived, on=KEYS).merge(broken, on=[*KEYS, *PAIR], how="left").fillna({"n_broken": 0})
    named = rows["element_i"] + rows["atom_i"].astype("string") + "-" + rows["element_j"] + rows["atom_j"].astype("string")
    rows = rows.assign(bond=named)
    return frame("broken_bonds", rows[[name for name in ANALYSIS.tables["broken_bonds"].columns if name in rows]])


def analyse(tables: dict[str, pd.DataFrame], _: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table broken_bonds."""
    return {"broken_bonds": broken_bonds(tables["failures"], tables["bond_barriers"], tables.get("reference_scan_bonds"))}
