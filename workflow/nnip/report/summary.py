"""The summary of a study: the answer first, then a short table per question; every number is from its tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.entropy import main_lines
from nnip.report.answer import answer, short_tables
from nnip.study.missing import in_words


def summary(
    study: str,
    tables: Mapping[str, pd.DataFrame],
    confidence: float,
    split: str,
    warnings: Sequence[str] = (),
    notes: Sequence[str] = (),
    chosen: Mapping[str, Any] | None = None,
) -> str:
    """Markdown page from tables models, predictors, failures, best, pairs, league, within_between, prediction, choice and models_needed.

    Optional tables: balance, outcome_league, defect_errors, league_gaps and bond_league (nnip.report.diversity, defects, gaps and bonds), notes,
    trainings and missing (what is odd or missing), entropy (landscapes that are infinite), md_start. split: frames of the main landscapes; warnings,
    notes: what the data stage found odd, and what else it says; chosen: league.chosen of the config. nnip.report.details has the numbers behind it.
    """
    odd = ["## Warnings about the data", "\n".join(f"- {warning}" for warning in warnings)] if warnings else []
    parts = [f"# {study}: what the data support", "\n".join(f"- {line}" for line in answer(tables, confidence, chosen))]
    parts += ["Every correlation, effect and interval: [details.md](details.md) and `tables/`.", *short_tables(tables, confidence, chosen)]
    parts += ["## What there is", " ".join([what_there_is(tables), *notes]), *odd]
    if lacking := missing_words(tables, split):
        parts += ["## What is missing", lacking]
    if "notes" in tables:
        counts = tables["notes"].groupby("table", sort=False).size()
        parts += [
            "## Oddities of the data",
            "Kept, and named in table notes: " + ", ".join(f"{count} of {name}" for name, count in counts.items()) + ".",
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def what_there_is(tables: Mapping[str, pd.DataFrame]) -> str:
    """One paragraph: models, replicas, censored times, trainings that gave no model."""
    failures, models = tables["failures"], tables["models"]
    counts = models.drop_duplicates(["framework", "model"]).groupby("framework", sort=False).size()
    seeds = failures.groupby("model")["seed"].nunique()
    text = [
        "Models: " + ", ".join(f"{count} of {framework}" for framework, count in counts.items()) + ".",
        f"Trainings with hot MD per model: {seeds.min()}" + (f" to {seeds.max()}" if seeds.max() > seeds.min() else "") + "."
        if len(seeds)
        else "No hot MD was run.",
    ]
    if len(failures):
        censored = int((~failures["failed"].astype(bool)).sum())
        text.append(f"Replicas: {len(failures)}, of which {censored} had not failed when their run ended (censored).")
    if "md_start" in tables:
        starts = tables["md_start"].drop_duplicates(["formula", "start"])
        text += [f"Hot MD of {row.formula} ({row.start})." for row in starts.itertuples()]
    if "trainings" in tables:
        lost = tables["trainings"][tables["trainings"]["status"] != "ok"]
        text.append(
            f"Trainings that gave no model: {len(lost)} of {len(tables['trainings'])}"
            + (": " + ", ".join(f"{row.model} ({row.training_set}, {row.status})" for row in lost.itertuples()) if len(lost) else "")
            + "."
        )
    return " ".join(text)


def missing_words(tables: Mapping[str, pd.DataFrame], split: str) -> str:
    """A line for every training that gave no model, with its reason, and for models with infinite landscapes or with lost or censored replicas."""
    lines = in_words(tables["missing"]) if "missing" in tables else []
    failures = tables["failures"]
    for (framework, model), replicas in failures.groupby(["framework", "model"], sort=False):
        failed = replicas["failed"].astype(bool)
        exploded = int((replicas["reason"] == "nonfinite").sum())
        at_start = int((failed & (replicas["time_fs"] == 0)).sum())
        of = f"of {len(replicas)} replicas of {model} ({framework})"
        lines += [f"{exploded} {of} exploded: energies, forces or positions that are not finite (counted as failed)"] if exploded else []
        lines += [f"{at_start} {of} failed at the start frame (time to failure 0)"] if at_start else []
        lines += [f"none {of} failed: the time to failure is censored, its mean a lower bound"] if not failed.any() else []
    flat = main_lines(tables["entropy"], split) if "entropy" in tables else tables["models"].iloc[:0].assign(S=0.0)
    infinite = flat[~np.isfinite(flat["S"].to_numpy(float))]
    for framework, model in dict.fromkeys(infinite[["framework", "model"]].itertuples(index=False, name=None)):
        lines.append(f"the landscape of {model} ({framework}) is infinite everywhere along its lines: no loss entropy")
    return "\n".join(f"- {line[0].upper() if line.split()[0] in ('none', 'the') else line[0]}{line[1:]}." for line in lines)
