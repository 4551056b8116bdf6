"""What trainings and measurements cost: their times and memory, and the wall time of the measurement that a quantity comes from."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from nnip.declare.registry import analyses, measurements, quantities
from nnip.jobs.errors import InputError
from nnip.jobs.files import reading
from nnip.study.manifest import read_manifest
from nnip.study.tables import frame

RUN = ("framework", "model", "training_set", "seed")


def costs(manifests: Iterable[str | os.PathLike[str]], estimate: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Table costs from the manifests of trainings and measurements; a measurement of a training without a model has no row.

    estimate: cost/estimate.csv of the study, which `snakemake cost` may have made. CPU time and memory are blank for results of earlier versions.
    InputError for an estimate that is not one.
    """
    rows, expected = [], read_estimate(estimate)
    for path in manifests:
        manifest = read_manifest(path)
        if manifest.get("status") == "skipped":
            continue
        variant = Path(path).parent.name.removeprefix(manifest["stage"]).removeprefix("-")
        row = {name: manifest["settings"][name] for name in RUN} | {"stage": manifest["stage"], "variant": variant or None}
        row |= {name: manifest.get(name) for name in ("wall_s", "cpu_s", "max_memory_MB")}
        if manifest.get("resumed"):
            row["cpu_s"] = None  # that of the last attempt alone is not the job's
        rows.append(row | expected.get("/".join(Path(path).parts[-3:-1]), {}) | {"device": manifest["device"]})
    return frame("costs", rows)


def read_estimate(path: str | os.PathLike[str] | None) -> dict[str, dict[str, float]]:
    """Folder under runs/ -> estimated_s and estimated_MB; empty without a file."""
    if path is None or not Path(path).is_file():
        return {}
    try:
        with reading(path) as file:
            return {row["job"]: {name: float(row[name]) for name in ("estimated_s", "estimated_MB")} for row in csv.DictReader(file)}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: is not an estimate of this workflow ({error}); remove it, or run `snakemake cost` again") from None


def estimate_and_outcome(costs: pd.DataFrame) -> pd.DataFrame:
    """Of each stage: jobs with both numbers, their hours as estimated and as spent, the ratio, and the most memory of a job (MB).

    Spent is CPU time on a CPU and wall time on a GPU. Resumed jobs and those of earlier versions, whose CPU time is not known, are left out.
    """
    rows = []
    spent = costs["cpu_s"].where(costs["device"] != "cuda", costs["wall_s"]).astype(float)
    known = costs.assign(spent_s=spent).dropna(subset=["spent_s", "estimated_s"])
    for stage, group in known.groupby("stage", sort=False):
        estimated, outcome = group["estimated_s"].astype(float).sum() / 3600, group["spent_s"].sum() / 3600
        rows.append(
            {"stage": stage, "jobs": len(group), "estimated_h": estimated, "spent_h": outcome, "ratio": outcome / estimated}
            | {"estimated_MB": group["estimated_MB"].astype(float).max(), "max_memory_MB": group["max_memory_MB"].astype(float).max()}
        )
    return pd.DataFrame(rows)


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
