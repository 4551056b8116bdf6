"""Oddities of the released files, found in the files themselves; each is a row of table `notes`."""

import numpy as np
import pandas as pd

from nnip.published.files import DURATION_FS, MISLABELLED, REPLICAS, TEMPERATURES_K, TEST_FRAMES, split_errors


def notes(
    framework: str, switches: pd.DataFrame, landscape: pd.DataFrame, times: pd.DataFrame, learning: pd.DataFrame, errors: pd.DataFrame
) -> pd.DataFrame:
    """Oddities in one framework's files: framework, model ("(all)" for all), table, note."""
    oddities: list[tuple[str, str, str]] = []
    models = list(switches.index)
    edge, points = landscape["x"].max(), landscape["x"].nunique()
    oddities.append(
        (
            "(all)",
            "landscape",
            f"t as released, {points} points to +-{edge:g}; the code that made them stops at +-{2 * edge * (points // 2) / points:.4f}",
        )
    )
    oddities.append(
        (
            "(all)",
            "landscape",
            "directions of the released code are all positive and nearly the same: mode 'paper' of this study, not N orthogonal ones",
        )
    )
    curves = {model: rows[["f", "e"]].to_numpy() for model, rows in landscape.groupby("model", sort=False)}
    points_of = {model: rows[["n", "e", "f"]].to_numpy() for model, rows in learning.groupby("model", sort=False)}
    for table, values in (("landscape", curves), ("errors", points_of)):
        oddities += [
            (other, table, f"the same numbers as {model}, digit for digit")
            for index, model in enumerate(values)
            for other in list(values)[index + 1 :]
            if np.array_equal(values[model], values[other])
        ]
    oddities += [
        (other, "hyperparameters", f"every switch as {model}: one choice of settings under two names")
        for index, model in enumerate(models)
        for other in models[index + 1 :]
        if (switches.loc[model] == switches.loc[other]).all()
    ]
    for model, rows in landscape.groupby("model", sort=False):
        for column, what in (("f", "forces"), ("e", "energy")):
            lowest = rows.loc[rows[column].idxmin()]
            if lowest["x"] != 0:
                oddities.append(
                    (model, "landscape", f"{what} RMSE is lowest at t = {lowest['x']:g} ({lowest[column]:.4g}), not at the trained weights")
                )
    for model, rows in times.groupby("model", sort=False):
        ended = rows["explosion"]
        if len(rows) != REPLICAS:
            lacking = sorted(set(range(1, REPLICAS + 1)) - set(rows["num"]))
            oddities.append(
                (model, "failures", f"{len(rows)} runs instead of {REPLICAS}: number {', '.join(map(str, lacking))} is not in the release")
            )
        if len(rows) > 1 and ended.nunique() == 1:
            oddities.append((model, "failures", f"all {len(rows)} times are {ended.iloc[0]} fs: the runs share one start and are one measurement"))
        elif (ties := len(ended[ended <= DURATION_FS]) - ended[ended <= DURATION_FS].nunique()) > 0:
            oddities.append((model, "failures", f"{ties} of {len(rows)} times repeat another run's"))
        if (short := ended[ended <= 1]).size:
            oddities.append((model, "failures", f"{short.size} time of {short.iloc[0]} frame: failed in the first step, or a broken run; kept"))
        if late := int((ended > DURATION_FS).sum()):
            oddities.append(
                (model, "failures", f"{late} of {len(rows)} runs did not fail within {DURATION_FS} fs; the paper's mean counts them as failed then")
            )
    oddities += _error_notes(framework, learning, errors)
    oddities += [(model, "errors", "no errors by temperature in the release") for model in models if model not in set(errors["label"])]
    oddities += [(model, "errors", "no learning curve in the release") for model in models if model not in set(learning["model"])]
    return pd.DataFrame([{"framework": framework, "model": model, "table": table, "note": note} for model, table, note in oddities])


def _error_notes(framework: str, learning: pd.DataFrame, errors: pd.DataFrame) -> list[tuple[str, str, str]]:
    oddities = []
    first, repeated = split_errors(framework, errors)
    for (where, label, n), true in MISLABELLED.items():
        if where == framework:
            oddities.append(
                (true, "errors", f"n = {n} by temperature is released as a second row of {label}; the learning file shows it is this model's")
            )
    for model, rows in repeated.groupby("label", sort=False):
        sizes = ", ".join(map(str, rows["nsamples"]))
        oddities.append(
            (model, "errors", f"errors by temperature released twice with other values, n = {sizes}; the second set is table errors_repeated")
        )
    overall = learning.set_index(["model", "n"])["f"]
    for _, row in first.iterrows():
        squares = np.array([row[f"test_{temperature}K_forces"] for temperature in TEMPERATURES_K], dtype=float) ** 2
        together = np.sqrt(np.average(squares, weights=TEST_FRAMES))
        alone = overall.get((row["label"], row["nsamples"]), np.nan)
        if abs(together / alone - 1) > 1e-3:
            oddities.append(
                (
                    row["label"],
                    "errors",
                    f"n = {row['nsamples']}: force RMSE over all test frames is released as {alone:.5f} eV/A, the temperatures give {together:.5f}",
                )
            )
    return oddities
