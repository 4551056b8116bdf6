"""What trainings and measurements cost: their wall times, and those of the measurement that a quantity comes from."""

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from nnip.declare.registry import analyses, measurements, quantities
from nnip.study.manifest import read_manifest
from nnip.study.tables import frame

RUN = ("framework", "model", "training_set", "seed")


def costs(manifests: Iterable[str | os.PathLike[str]]) -> pd.DataFrame:
    """Table costs from the manifests of trainings and measurements; a measurement of a training without a model has no row."""
    rows = []
    for path in manifests:
        manifest = read_manifest(path)
        if manifest.get("status") == "skipped":
            continue
        variant = Path(path).parent.name.removeprefix(manifest["stage"]).removeprefix("-")
        row = {name: manifest["settings"][name] for name in RUN} | {"stage": manifest["stage"], "variant": variant or None}
        rows.append(row | {"wall_s": manifest["wall_s"], "device": manifest["device"]})
    return frame("costs", rows)


def measured_by(table: str) -> str | None:
    """The measurement whose table this is, or from whose tables an analysis makes it; None if it is made of no measurement's table alone."""
    made = {name: measurement for measurement, each in measurements().items() for name in each.tables}
    if table in made:
        return made[table]
    sources = {source for analysis in analyses().values() if table in analysis.tables for source in map(measured_by, analysis.needs) if source}
    return sources.pop() if len(sources) == 1 else None


def seconds(quantity: str, mode: str, costs: pd.DataFrame | None, own: pd.Series | None = None) -> float:
    """Median wall time in s of the measurement of one training that a quantity comes from, of its landscape mode if it has one; nan if unknown.

    own: wall times that the quantity's own table has; otherwise those of the whole jobs in table costs.
    """
    if own is not None and own.notna().any():
        return float(own.astype(float).median())
    if costs is None:
        return float("nan")
    jobs = costs[costs["stage"] == measured_by(quantities()[quantity].table)]
    return float(jobs.loc[jobs["variant"].fillna("") == mode, "wall_s"].astype(float).median())
