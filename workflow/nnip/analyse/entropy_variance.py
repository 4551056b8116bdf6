"""Sources of the variance of loss entropy (directions, seeds, models), and whether the landscapes can order the models."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.entropy import main_lines
from nnip.analyse.entropy_convergence import Lines, Settings, lines, own_entropy, resampled, resampling, widening
from nnip.declare import RUN, Analysis, Table, real, text, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("landscape",),
    tables={
        "resolution": Table(
            "The sources of the scatter of S (minimum kept) in a framework's main landscapes of one mode.",
            {
                "framework": RUN["framework"],
                "mode": text("how the directions were drawn"),
                "split": text("frames the loss is over"),
                "n_models": whole("models", "models"),
                "n_trainings": whole("trainings", "trainings"),
                "n_directions": whole("directions of a landscape", "directions"),
                "n_points": whole("points along a direction", "points"),
                "standard_error": real("root mean square standard error of S from the draw of directions", optional=True),
                "spread_of_seeds": real("standard deviation of the seeds of a model", optional=True),
                "spread_of_models": real("standard deviation of the models' means", optional=True),
                "share_directions": real("share of the variance of a single S that is due to the draw of directions", optional=True),
                "share_seeds": real("share due to the seeds; with one seed per model it is contained in share_models", optional=True),
                "share_models": real("share due to the models", optional=True),
                "n_pairs": whole("pairs of models", "pairs"),
                "n_unresolved": whole("pairs with a probability of reversal above 1 - confidence", "pairs"),
                "reversal_mean": real("probability that other directions reverse the order of two models, mean over pairs", optional=True),
                "reversal_largest": real("its largest value", optional=True),
                "model_a": text("one model of the pair of reversal_largest", optional=True),
                "model_b": text("its other model", optional=True),
            },
        )
    },
    settings=("entropy", "landscape.split", "statistics.n_bootstrap", "statistics.confidence", "seed"),
    published=False,
    doing="Whether the landscapes can order the models",
)


def resolution(landscape: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Table resolution: per framework, mode and split, the shares of directions, seeds and models in the variance of S (minimum kept), and the
    probability that another draw of directions reverses the order of two models.

    Trainings with an infinite S or a single direction are left out. Models are compared by their means over seeds.
    """
    groups: dict[tuple[str, ...], list[Lines]] = {}
    for scan in lines(landscape):
        groups.setdefault(tuple(scan.keys[name] for name in ("framework", "mode", "split")), []).append(scan)
    return frame("resolution", [row for key, group in groups.items() if (row := _row(key, group, settings))])


def _row(key: tuple[str, ...], group: list[Lines], settings: Settings) -> dict[str, Any] | None:
    values = {(scan.keys["model"], scan.keys["seed"]): own_entropy(scan, settings) for scan in group}
    group = [scan for scan in group if np.isfinite(values[scan.keys["model"], scan.keys["seed"]]) and scan.n_directions > 1]
    if not group:
        return None
    n_directions = min(scan.n_directions for scan in group)
    S: dict[str, list[float]] = {}
    deviations: dict[str, list[np.ndarray]] = {}
    for scan in group:
        draws = resampled(scan, scan.n_directions, settings)
        S.setdefault(scan.keys["model"], []).append(values[scan.keys["model"], scan.keys["seed"]])
        deviations.setdefault(scan.keys["model"], []).append((draws - draws.mean()) * widening(scan.n_directions))
    row = dict(zip(("framework", "mode", "split"), key, strict=True)) | {"n_models": len(S), "n_trainings": len(group)}
    row |= {"n_directions": n_directions, "n_points": group[0].n_points}
    errors = [deviation.var() for of_model in deviations.values() for deviation in of_model]
    return (
        row | components([np.array(of_model) for of_model in S.values()], float(np.mean(errors))) | reversals(S, deviations, 1 - settings.confidence)
    )


def components(S: list[np.ndarray], directions: float) -> dict[str, float]:
    """Standard deviations of S and the shares of its variance, by analysis of variance (a negative component is 0).

    S: per model the values of its seeds; directions: mean variance of one value due to the draw of directions. With one seed per model the share
    of the seeds is unknown (nan) and is contained in the share of the models.
    """
    repeated = [values for values in S if len(values) > 1]
    within = (
        float(sum(((values - values.mean()) ** 2).sum() for values in repeated) / sum(len(values) - 1 for values in repeated)) if repeated else np.nan
    )
    between = float(np.var([values.mean() for values in S], ddof=1)) if len(S) > 1 else np.nan
    of_a_value = within if repeated else directions
    seeds = max(within - directions, 0.0) if repeated else np.nan
    models = max(between - of_a_value * float(np.mean([1 / len(values) for values in S])), 0.0) if len(S) > 1 else np.nan
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
    """Probabilities that another draw of directions reverses the order of two models.

    Returned: the mean over all pairs, the number of pairs above `level`, and the largest with its pair.
    """
    means = {model: float(np.mean(values)) for model, values in S.items()}
    draws = {model: means[model] + np.mean(values, axis=0) for model, values in deviations.items()}
    probability = {}
    for a, b in combinations(sorted(means, key=means.__getitem__, reverse=True), 2):
        probability[a, b] = float(np.mean(draws[a] < draws[b]) + np.mean(draws[a] == draws[b]) / 2)
    if not probability:
        return {"n_pairs": 0, "n_unresolved": 0}
    worst = max(probability, key=probability.__getitem__)
    probabilities = np.array(list(probability.values()))
    return {
        "n_pairs": len(probability),
        "n_unresolved": int((probabilities > level).sum()),
        "reversal_mean": float(probabilities.mean()),
        "reversal_largest": probability[worst],
        "model_a": worst[0],
        "model_b": worst[1],
    }


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table resolution."""
    return {"resolution": resolution(main_lines(tables["landscape"], settings["landscape.split"]), resampling(settings))}
