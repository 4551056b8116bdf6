"""Whether a study's landscapes tell its models apart: directions, seeds and models as sources of the scatter of loss entropy."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.entropy_convergence import Lines, Settings, lines, own_entropy, resampled, widening
from nnip.study.tables import frame


def resolution(landscape: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Table resolution: per framework, mode and split, how much of the scatter of S (minimum kept) is the draw of directions, the seed of a
    training, and the model, and how often another draw of directions would reverse the order of two models.

    Trainings with an infinite S or a single direction are left out. Models are compared by the means over their seeds.
    """
    groups: dict[tuple[str, ...], list[Lines]] = {}
    for found in lines(landscape):
        groups.setdefault(tuple(found.who[name] for name in ("framework", "mode", "split")), []).append(found)
    return frame("resolution", [row for key, group in groups.items() if (row := _row(key, group, settings))])


def _row(key: tuple[str, ...], group: list[Lines], settings: Settings) -> dict[str, Any] | None:
    values = {(found.who["model"], found.who["seed"]): own_entropy(found, settings) for found in group}
    group = [found for found in group if np.isfinite(values[found.who["model"], found.who["seed"]]) and found.n_directions > 1]
    if not group:
        return None
    n_directions = min(found.n_directions for found in group)
    S: dict[str, list[float]] = {}
    deviations: dict[str, list[np.ndarray]] = {}
    for found in group:
        draws = resampled(found, found.n_directions, settings)
        S.setdefault(found.who["model"], []).append(values[found.who["model"], found.who["seed"]])
        deviations.setdefault(found.who["model"], []).append((draws - draws.mean()) * widening(found.n_directions))
    row = dict(zip(("framework", "mode", "split"), key, strict=True)) | {"n_models": len(S), "n_trainings": len(group)}
    row |= {"n_directions": n_directions, "n_points": group[0].n_points}
    errors = [deviation.var() for own in deviations.values() for deviation in own]
    return row | components([np.array(own) for own in S.values()], float(np.mean(errors))) | reversals(S, deviations, 1 - settings.confidence)


def components(S: list[np.ndarray], directions: float) -> dict[str, float]:
    """Standard deviations of S and the shares of its variance, by analysis of variance (a negative component is 0).

    S: per model the values of its seeds; directions: mean variance of one value from its draw of directions. With one seed per model the share
    of the seeds is unknown (nan) and contained in that of the models.
    """
    repeated = [own for own in S if len(own) > 1]
    within = float(sum(((own - own.mean()) ** 2).sum() for own in repeated) / sum(len(own) - 1 for own in repeated)) if repeated else np.nan
    between = float(np.var([own.mean() for own in S], ddof=1)) if len(S) > 1 else np.nan
    of_a_value = within if repeated else directions
    seeds = max(within - directions, 0.0) if repeated else np.nan
    models = max(between - of_a_value * float(np.mean([1 / len(own) for own in S])), 0.0) if len(S) > 1 else np.nan
    whole = float(np.nansum([directions, seeds, models]))
    known = len(S) > 1 and whole > 0
    return {
        "standard_error": float(np.sqrt(directions)),
        "spread_of_seeds": float(np.sqrt(within)),
        "spread_of_models": float(np.sqrt(between)),
        "share_directions": directions / whole if known else np.nan,
        "share_seeds": seeds / whole if known else np.nan,
        "share_models": models / whole if known else np.nan,
    }


def reversals(S: dict[str, list[float]], deviations: dict[str, list[np.ndarray]], level: float) -> dict[str, Any]:
    """Probabilities that the order of two models turns round when the directions of both are drawn anew.

    The mean over all pairs, the number of pairs above `level`, and the largest with its pair.
    """
    means = {model: float(np.mean(own)) for model, own in S.items()}
    draws = {model: means[model] + np.mean(own, axis=0) for model, own in deviations.items()}
    found = {}
    for a, b in combinations(sorted(means, key=means.__getitem__, reverse=True), 2):
        found[a, b] = float(np.mean(draws[a] < draws[b]) + np.mean(draws[a] == draws[b]) / 2)
    if not found:
        return {"n_pairs": 0, "n_unresolved": 0}
    worst = max(found, key=found.__getitem__)
    probabilities = np.array(list(found.values()))
    return {
        "n_pairs": len(found),
        "n_unresolved": int((probabilities > level).sum()),
        "reversal_mean": float(probabilities.mean()),
        "reversal_largest": found[worst],
        "model_a": worst[0],
        "model_b": worst[1],
    }
