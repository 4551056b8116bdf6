"""The trainings of a study that gave no model, with reasons, and the check that any main model is left."""

from collections.abc import Mapping

import pandas as pd

from nnip.jobs.errors import InputError
from nnip.study.tables import frame

LAST_LINE = r"^.*its last line \(of [^)]*\): "  # nnip.potentials.command
KEYS = ("framework", "model", "training_set", "seed", "status", "reason")
SHOWN = 20  # kinds of failure named in a message, at most
ADVICE = {
    "diverged": "lower 'lr', or set 'clip_gradient'",
    "failed": "see the reasons, and the framework's log beside each training",
}


def missing(trainings: Mapping[str, pd.DataFrame], main_runs: list[str]) -> pd.DataFrame:
    """Table missing from the tables trainings by run: a row per training that gave no model, and the measurements missing as a result."""
    rows = []
    for run, rows_of_run in trainings.items():
        for row in rows_of_run[rows_of_run["status"] != "ok"].to_dict("records"):
            without = "errors, landscapes, MD" if run in main_runs else "errors"
            rows.append({"run": run, **{name: row[name] for name in KEYS}, "without": without})
    return frame("missing", rows)


def check_something_is_left(lost: pd.DataFrame, main_runs: list[str]) -> None:
    """InputError, which lists how all trainings ended, if none on the main training set gave a model.

    A reason that different models share is given once, and does not lie in the model table.
    """
    main = lost[lost["run"].isin(main_runs)]
    if len(main) < len(main_runs):
        return
    start = f"none of the {len(main_runs)} trainings on all frames gave a model, so there is nothing to measure and nothing to draw"
    if reason := common_reason(main):
        frameworks = " and ".join(sorted(set(main["framework"])))
        raise InputError(
            f"{start}. All {len(main)}, of {main['model'].nunique()} models ({frameworks}), failed for one reason:\n  {reason}\n"
            "Models with different settings share the data, so look there first: the file and frame that the reason names, the warnings in "
            "data/manifest.json, and 'datasets' in the config; then at what else they share, the machine and the environments. "
            "The framework's log beside each training says more. Then run the same command again."
        )
    kinds = in_words(main)
    advice = "; ".join(f"{status}: {words}" for status, words in ADVICE.items() if status in set(main["status"]))
    more = [f"and {len(kinds) - SHOWN} more kinds (every run's train/training.csv has its reason)"] if len(kinds) > SHOWN else []
    lines = "".join(f"\n  {line}" for line in [*kinds[:SHOWN], *more])
    raise InputError(f"{start}:{lines}\nWhat to do ({advice}), in the model table; then run the same command again: finished results are kept.")


def common_reason(lost: pd.DataFrame) -> str | None:
    """The last line that all failed trainings left, if they are of several models; None if they differ, diverged, or lacked memory."""
    reasons = lost["reason"].fillna("")
    last_lines = set(reasons.str.replace(LAST_LINE, "", regex=True))
    if lost["model"].nunique() < 2 or set(lost["status"]) != {"failed"} or len(last_lines) > 1 or reasons.str.contains("memory").any():
        return None
    return last_lines.pop() or None


def in_words(lost: pd.DataFrame) -> list[str]:
    """A line per model and reason: its trainings, how they ended and why."""
    lines = []
    for (framework, model, status, reason), part in lost.fillna({"reason": "no reason known"}).groupby(
        ["framework", "model", "status", "reason"], sort=False
    ):
        runs = ", ".join(part["run"].str.removeprefix(f"{model}.")) if len(part) < 4 else f"{len(part)} trainings"
        lines.append(f"{model} ({framework}; {runs}) {status}: {reason}")
    return lines
