"""The raw tables that the paper's authors released (doi 10.1088/2632-2153/acf115), as the tables of a study.

Model names stay as released. Nothing is left out or mended in silence: every oddity is a row of table `notes`.
"""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from nnip.errors import InputError
from nnip.tables import frame

FRAMEWORKS = ("nequip", "mace")
KINDS = {
    "hyperparams": ("seed",),
    "losslands": ("model", "x", "f", "e"),
    "explosion": ("name", "explosion", "model", "num"),
    "learning": ("model", "n", "e", "f"),
    "extrapolation_errors": ("nsamples", "label", "test_300K_energy", "test_600K_energy", "test_1200K_energy", "test_300K_forces"),
}
FILES = tuple(f"{framework}_{kind}.csv" for framework in FRAMEWORKS for kind in KINDS)
TEMPERATURES_K = (300, 600, 1200)
DURATION_FS = 6000  # 6001 frames of 1 fs, the first at time 0, without a failure
REPLICAS = 30
# The second row of v2-ema with n = 5 is v2-swa's: its three splits, weighted by their frames, give v2-swa's point of the learning file.
MISLABELLED = {("mace", "v2-ema", 5): "v2-swa"}
TEST_FRAMES = (1669, 2138, 2139)  # of test_300K, test_600K, test_1200K: with these weights the splits give the learning file's points


def read_release(directory: str | Path) -> dict[str, pd.DataFrame]:
    """The ten released files by name without ending, all values as released; InputError names a missing file or column."""
    release = {}
    for name in FILES:
        path = Path(directory) / name
        try:
            data = pd.read_csv(path, index_col=0, keep_default_na=False, dtype=str if "hyperparams" in name else None)
        except FileNotFoundError:
            raise InputError(f"{path}: this file of the release is missing") from None
        if missing := [column for column in KINDS[name.split("_", 1)[1].removesuffix(".csv")] if column not in data]:
            raise InputError(f"{path}: column {', '.join(missing)} is missing; is this the released file?")
        release[path.stem] = data
    return release


def import_release(directory: str | Path) -> dict[str, pd.DataFrame]:
    """Tables hyperparameters, errors, errors_repeated, landscape, failures and notes from the released files in `directory`."""
    release = read_release(directory)
    parts: dict[str, list[pd.DataFrame]] = {}
    for framework in FRAMEWORKS:
        switches, landscape, times, learning, errors = (release[f"{framework}_{kind}"] for kind in KINDS)
        seeds = switches["seed"].astype(int).to_dict()
        first, repeated = split_errors(framework, errors)
        tables = {
            "hyperparameters": hyperparameters(framework, switches),
            "errors": pd.concat([errors_of(framework, seeds, first), learning_points(framework, seeds, learning)]),
            "errors_repeated": errors_of(framework, seeds, repeated),
            "landscape": landscapes(framework, seeds, landscape),
            "failures": failures(framework, seeds, times),
            "notes": notes(framework, switches, landscape, times, learning, errors),
        }
        for name, table in tables.items():
            parts.setdefault(name, []).append(table)
    return {name: frame(name, pd.concat(tables, ignore_index=True)) for name, tables in parts.items()}


def landscapes(framework: str, seeds: dict[str, int], data: pd.DataFrame) -> pd.DataFrame:
    """The mean of 20 lines at 81 points; t as released (see the note), split train, mode published."""
    return pd.DataFrame(
        {
            "framework": framework,
            "model": data["model"],
            "seed": data["model"].map(seeds),
            "mode": "published",
            "split": "train",
            "t": data["x"],
            "energy_rmse_eV_per_atom": data["e"],
            "forces_rmse_eV_per_A": data["f"],
        }
    )


def failures(framework: str, seeds: dict[str, int], data: pd.DataFrame) -> pd.DataFrame:
    """Frames (of 1 fs) until a bond was longer than 2 A as times; 6001 frames = not failed within 6 ps."""
    failed = data["explosion"] <= DURATION_FS
    return pd.DataFrame(
        {
            "framework": framework,
            "model": data["model"],
            "seed": data["model"].map(seeds),
            "replica": data["num"],
            "time_fs": data["explosion"].clip(upper=DURATION_FS),
            "failed": failed,
            "reason": failed.map({True: "unknown", False: "none"}),
        }
    )


def split_errors(framework: str, data: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first row of every model and size, and the rows released again; the mislabelled one goes to its model."""
    data = data.copy()
    again = data.duplicated(["label", "nsamples"])
    for (where, label, n), true in MISLABELLED.items():
        data.loc[again & (data["label"] == label) & (data["nsamples"] == n) & (where == framework), "label"] = true
    again = data.duplicated(["label", "nsamples"])
    return data[~again], data[again]


def errors_of(framework: str, seeds: dict[str, int], data: pd.DataFrame) -> pd.DataFrame:
    """One row per model, size and test temperature."""
    parts = [
        pd.DataFrame(
            {
                "framework": framework,
                "model": data["label"],
                "seed": data["label"].map(seeds),
                "n_train": data["nsamples"],
                "noise": 0.0,
                "split": f"{temperature}K",
                "energy_rmse_eV_per_atom": data[f"test_{temperature}K_energy"],
                "forces_rmse_eV_per_A": data[f"test_{temperature}K_forces"],
            }
        )
        for temperature in TEMPERATURES_K
    ]
    return pd.concat(parts)


def learning_points(framework: str, seeds: dict[str, int], data: pd.DataFrame) -> pd.DataFrame:
    """Errors over all test frames together: split "all"."""
    return pd.DataFrame(
        {
            "framework": framework,
            "model": data["model"],
            "seed": data["model"].map(seeds),
            "n_train": data["n"],
            "noise": 0.0,
            "split": "all",
            "energy_rmse_eV_per_atom": data["e"],
            "forces_rmse_eV_per_A": data["f"],
        }
    )


def _l_hidden(row: pd.Series) -> str:
    return max(re.findall(r"x(\d)[eo]", row["hidden_irreps"] if "hidden_irreps" in row else row["feature_irreps_hidden"]))


def _loss(row: pd.Series, which: str) -> str:
    given = ast.literal_eval(row["loss_coeffs"])[which]
    return f"{given[0] if isinstance(given, list) else given:g}"


def _null_unless(on: str, column: str) -> Callable[[pd.Series], str]:
    return lambda row: row[column] if row[on] == "True" else "null"


# Switches under this study's names (config/README.md): a column of the release, or a function of a released row.
SWITCHES: dict[str, dict[str, str | Callable[[pd.Series], str]]] = {
    "nequip": {
        "layers": "num_layers",
        "l_max": "l_max",
        "l_hidden": _l_hidden,
        "features": "num_features",
        "n_bessel": "num_basis",
        "bessel_trainable": lambda row: row["BesselBasis_trainable"].lower(),
        "cutoff_A": "r_max",
        "rescale": lambda row: str("PerSpeciesRescale" in row["model_builders"]).lower(),
        "amsgrad": lambda row: row["optimizer_amsgrad"].lower(),
        "ema_decay": _null_unless("use_ema", "ema_decay"),
        "swa": lambda _: "null",
        "lr": "learning_rate",
        "lr_factor": "lr_scheduler_factor",
        "lr_patience": "lr_scheduler_patience",
        "weight_decay": "optimizer_weight_decay",
        "clip_gradient": "max_gradient_norm",
        "energy_weight": lambda row: _loss(row, "total_energy"),
        "forces_weight": lambda row: _loss(row, "forces"),
        "epochs": "max_epochs",
        "patience": lambda row: str(ast.literal_eval(row["early_stopping_patiences"])["training_loss"]),
        "batch_size": "batch_size",
        "dtype": "default_dtype",
    },
    "mace": {
        "layers": "num_interactions",
        "l_max": "max_ell",
        "l_hidden": _l_hidden,
        "body_order": lambda row: str(int(row["correlation"]) + 1),
        "features": lambda row: row["hidden_irreps"].split("x")[0],
        "n_bessel": "num_radial_basis",
        "bessel_trainable": lambda row: str(row["trainable_bessel"] == "True").lower(),
        "cutoff_A": "r_max",
        "rescale": lambda row: str(row["scaling"] != "no_scaling").lower(),
        "amsgrad": lambda row: row["amsgrad"].lower(),
        "ema_decay": _null_unless("ema", "ema_decay"),
        "swa": lambda row: (
            f"{{start_epoch: {row['start_swa']}, lr: {row['swa_lr']}, energy_weight: {row['swa_energy_weight']}, "
            f"forces_weight: {row['swa_forces_weight']}}}"
            if row["swa"] == "True"
            else "null"
        ),
        "lr": "lr",
        "lr_factor": "lr_factor",
        "lr_patience": "scheduler_patience",
        "weight_decay": "weight_decay",
        "clip_gradient": "clip_grad",
        "energy_weight": "energy_weight",
        "forces_weight": "forces_weight",
        "epochs": "max_num_epochs",
        "patience": "patience",
        "batch_size": "batch_size",
        "dtype": "default_dtype",
    },
}


def hyperparameters(framework: str, data: pd.DataFrame) -> pd.DataFrame:
    """Every model's switches under this study's names, then every released column that is not blank as `released.<column>`."""
    rows = []
    for model, row in data.iterrows():
        switches = {name: row[source] if isinstance(source, str) else source(row) for name, source in SWITCHES[framework].items()}
        released = {f"released.{name}": value for name, value in row.items() if value != ""}
        rows += [{"framework": framework, "model": model, "name": name, "value": value} for name, value in {**switches, **released}.items()]
    return pd.DataFrame(rows)


def notes(
    framework: str, switches: pd.DataFrame, landscape: pd.DataFrame, times: pd.DataFrame, learning: pd.DataFrame, errors: pd.DataFrame
) -> pd.DataFrame:
    """Oddities found in one framework's files: framework, model (blank = all), table, note."""
    found: list[tuple[str, str, str]] = []
    models = list(switches.index)
    edge, points = landscape["x"].max(), landscape["x"].nunique()
    found.append(
        (
            "(all)",
            "landscape",
            f"t as released, {points} points to +-{edge:g}; the code that made them stops at +-{2 * edge * (points // 2) / points:.4f}",
        )
    )
    found.append(
        (
            "(all)",
            "landscape",
            "directions of the released code are all positive and nearly the same: mode 'paper' of this study, not N orthogonal ones",
        )
    )
    curves = {model: rows[["f", "e"]].to_numpy() for model, rows in landscape.groupby("model", sort=False)}
    points_of = {model: rows[["n", "e", "f"]].to_numpy() for model, rows in learning.groupby("model", sort=False)}
    for table, values in (("landscape", curves), ("errors", points_of)):
        found += [
            (other, table, f"the same numbers as {model}, digit for digit")
            for index, model in enumerate(values)
            for other in list(values)[index + 1 :]
            if np.array_equal(values[model], values[other])
        ]
    found += [
        (other, "hyperparameters", f"every switch as {model}: one choice of settings under two names")
        for index, model in enumerate(models)
        for other in models[index + 1 :]
        if (switches.loc[model] == switches.loc[other]).all()
    ]
    for model, rows in landscape.groupby("model", sort=False):
        for column, what in (("f", "forces"), ("e", "energy")):
            lowest = rows.loc[rows[column].idxmin()]
            if lowest["x"] != 0:
                found.append((model, "landscape", f"{what} RMSE is lowest at t = {lowest['x']:g} ({lowest[column]:.4g}), not at the trained weights"))
    for model, rows in times.groupby("model", sort=False):
        ended = rows["explosion"]
        if len(rows) != REPLICAS:
            lacking = sorted(set(range(1, REPLICAS + 1)) - set(rows["num"]))
            found.append((model, "failures", f"{len(rows)} runs instead of {REPLICAS}: number {', '.join(map(str, lacking))} is not in the release"))
        if len(rows) > 1 and ended.nunique() == 1:
            found.append((model, "failures", f"all {len(rows)} times are {ended.iloc[0]} fs: the runs share one start and are one measurement"))
        elif (ties := len(ended[ended <= DURATION_FS]) - ended[ended <= DURATION_FS].nunique()) > 0:
            found.append((model, "failures", f"{ties} of {len(rows)} times repeat another run's"))
        if (short := ended[ended <= 1]).size:
            found.append((model, "failures", f"{short.size} time of {short.iloc[0]} frame: failed in the first step, or a broken run; kept"))
        if late := int((ended > DURATION_FS).sum()):
            found.append(
                (model, "failures", f"{late} of {len(rows)} runs did not fail within {DURATION_FS} fs; the paper's mean counts them as failed then")
            )
    found += _error_notes(framework, learning, errors)
    found += [(model, "errors", "no errors by temperature in the release") for model in models if model not in set(errors["label"])]
    found += [(model, "errors", "no learning curve in the release") for model in models if model not in set(learning["model"])]
    return pd.DataFrame([{"framework": framework, "model": model, "table": table, "note": note} for model, table, note in found])


def _error_notes(framework: str, learning: pd.DataFrame, errors: pd.DataFrame) -> list[tuple[str, str, str]]:
    found = []
    first, repeated = split_errors(framework, errors)
    for (where, label, n), true in MISLABELLED.items():
        if where == framework:
            found.append(
                (true, "errors", f"n = {n} by temperature is released as a second row of {label}; the learning file shows it is this model's")
            )
    for model, rows in repeated.groupby("label", sort=False):
        sizes = ", ".join(map(str, rows["nsamples"]))
        found.append(
            (model, "errors", f"errors by temperature released twice with other values, n = {sizes}; the second set is table errors_repeated")
        )
    overall = learning.set_index(["model", "n"])["f"]
    for _, row in first.iterrows():
        squares = np.array([row[f"test_{temperature}K_forces"] for temperature in TEMPERATURES_K], dtype=float) ** 2
        together = np.sqrt(np.average(squares, weights=TEST_FRAMES))
        alone = overall.get((row["label"], row["nsamples"]), np.nan)
        if abs(together / alone - 1) > 1e-3:
            found.append(
                (
                    row["label"],
                    "errors",
                    f"n = {row['nsamples']}: force RMSE over all test frames is released as {alone:.5f} eV/A, the temperatures give {together:.5f}",
                )
            )
    return found
