"""What a study lacks, and why: the trainings that gave no model, and whether anything is left to go on with."""

from collections.abc import Mapping

import pandas as pd

from nnip.jobs.errors import InputError
from nnip.study.tables import frame

KEYS = ("framework", "model", "seed", "n_train", "noise", "status", "reason")
SHOWN = 20  # kinds of failure named in a message, at most
ADVICE = {
    "diverged": "lower 'lr', or set 'clip_gradient'",
    "failed": "see the reasons, and the framework's log beside each training",
}


def missing(trainings: Mapping[str, pd.DataFrame], main_runs: list[str]) -> pd.DataFrame:
    """Table missing from the table trainings of every run by its name: a row per training that gave no model, and what is not measured for it."""
    rows = []
    for run, own in trainings.items():
        for row in own[own["status"] != "ok"].to_dict("records"):
            without = "errors, landscapes, MD" if run in main_runs else "errors"
            rows.append({"run": run, **{name: row[name] for name in KEYS}, "without": without})
    return frame("missing", rows)


def check_something_is_left(lost: pd.DataFrame, main_runs: list[str]) -> None:
    """InputError, which says how every training ended, where none of those on all frames gave a model: there is no study without one."""
    own = lost[lost["run"].isin(main_runs)]
    if len(own) < len(main_runs):
        return
    kinds = in_words(own)
    advice = "; ".join(f"{status}: {words}" for status, words in ADVICE.items() if status in set(own["status"]))
    more = [f"and {len(kinds) - SHOWN} more kinds (every run's train/training.csv has its reason)"] if len(kinds) > SHOWN else []
    lines = "".join(f"\n  {line}" for line in [*kinds[:SHOWN], *more])
    raise InputError(
        f"none of the {len(main_runs)} trainings on all frames gave a model, so there is nothing to measure and nothing to draw:{lines}\n"
        f"What to do ({advice}), in the model table; then run the same command again: what is well stays as it is."
    )


def in_words(lost: pd.DataFrame) -> list[str]:
    """A line per model and reason: which of its trainings, how they ended and why."""
    lines = []
    for (framework, model, status, reason), own in lost.fillna({"reason": "no reason known"}).groupby(
        ["framework", "model", "status", "reason"], sort=False
    ):
        runs = ", ".join(own["run"].str.removeprefix(f"{model}.")) if len(own) < 4 else f"{len(own)} trainings"
        lines.append(f"{model} ({framework}; {runs}) {status}: {reason}")
    return lines
