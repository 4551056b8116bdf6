"""What is cheap to measure (predictors) and what one would like to know (outcomes), one number per model and seed."""

import numpy as np
import pandas as pd

from nnip.analyse.learning_curves import overall_errors, test_errors
from nnip.study.tables import frame

KEYS = ["framework", "model", "seed"]
ENTROPIES = ("S", "S_energy", "S_forces")
RMSES = {"energy_rmse": "energy_rmse_eV_per_atom", "forces_rmse": "forces_rmse_eV_per_A"}


def temperatures_K(splits: pd.Series) -> pd.Series:
    """Temperature in the name of a split such as 1200K; nan for other names."""
    return pd.to_numeric(splits.astype(str).str.extract(r"^(\d+(?:\.\d+)?)K$")[0])


def errors_of_main(errors: pd.DataFrame) -> pd.DataFrame:
    """Test errors of the trainings on all frames, with column temperature_K; a model whose such training failed has none."""
    tests = test_errors(errors)
    tests = tests[tests["n_train"] == tests["n_train"].max()]
    return tests.assign(temperature_K=temperatures_K(tests["split"]).to_numpy())


def predictors(entropy: pd.DataFrame, landscape: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Table predictors from tables entropy, landscape and errors.

    Per landscape mode (named in the predictor if there are several): S, S_energy, S_forces with the minimum kept, and the same with _subtracted.
    Once: train_energy_rmse, train_forces_rmse (the training frames; eV/atom, eV/A), test_energy_rmse_coolest and
    test_forces_rmse_coolest (the lowest temperature among the test splits), test_forces_rmse_hottest (the highest: an outcome too, but cheaper
    than MD and learning curves).
    """
    several = entropy["mode"].nunique() > 1
    parts = []
    for (mode, minimum), own in entropy.groupby(["mode", "minimum"], sort=False):
        for name in ENTROPIES:
            predictor = name + ("_subtracted" if minimum == "subtracted" else "") + (f"_{mode}" if several else "")
            parts.append(_column(own, name, predictor, "predictor"))
    parts += [_column(training_errors(errors, landscape), column, f"train_{name}", "predictor") for name, column in RMSES.items()]
    tests = errors_of_main(errors)
    coolest = tests[tests["temperature_K"] == tests["temperature_K"].min()]
    parts += [_column(coolest, column, f"test_{name}_coolest", "predictor") for name, column in RMSES.items()]
    hottest = tests[tests["temperature_K"] == tests["temperature_K"].max()]
    parts.append(_column(hottest, RMSES["forces_rmse"], "test_forces_rmse_hottest", "predictor"))
    return frame("predictors", pd.concat(parts, ignore_index=True))


def training_errors(errors: pd.DataFrame, landscape: pd.DataFrame) -> pd.DataFrame:
    """RMSE of every model and seed over its training frames, for trainings on all frames: split train of table errors.

    Where no model has that split (the released data), the centre (t = 0) of the landscapes over it.
    """
    own = errors[(errors["split"] == "train") & (errors["noise"] == 0)]
    if len(own):
        return own[own["n_train"] == own["n_train"].max()]
    centre = landscape[(landscape["split"] == "train") & (landscape["t"].astype(float).abs() < 1e-9)]
    return centre[centre["mode"].isin(centre["mode"].head(1))].groupby(KEYS, as_index=False, sort=False)[list(RMSES.values())].mean()


def outcomes(survival: pd.DataFrame, errors: pd.DataFrame, learning_curves: pd.DataFrame) -> pd.DataFrame:
    """Table outcomes from tables survival, errors and learning_curves.

    rmst_fs and mean_time_to_failure_fs; test_energy_rmse_hottest and test_forces_rmse_hottest (eV/atom, eV/A); test_forces_rmse_all (all test
    frames together); extrapolation_slope (force RMSE against temperature, eV/A/K); learning_curve_slope.
    """
    times = survival[survival["seed"].notna()]
    tests = errors_of_main(errors)
    hottest = tests[tests["temperature_K"] == tests["temperature_K"].max()]
    overall = overall_errors(errors)
    overall = overall[overall["n_train"] == overall["n_train"].max()]
    curves = learning_curves[finite(learning_curves["slope"])]
    parts = [
        _column(times, "rmst_fs", "rmst_fs", "outcome").assign(low=times["rmst_low_fs"].to_numpy(), high=times["rmst_high_fs"].to_numpy()),
        _column(times, "mean_fs", "mean_time_to_failure_fs", "outcome"),
        *[_column(hottest, column, f"test_{name}_hottest", "outcome") for name, column in RMSES.items()],
        _column(overall, "forces_rmse_eV_per_A", "test_forces_rmse_all", "outcome"),
        _column(extrapolation_slopes(tests), "slope", "extrapolation_slope", "outcome"),
        _column(curves, "slope", "learning_curve_slope", "outcome").assign(low=curves["slope_low"].to_numpy(), high=curves["slope_high"].to_numpy()),
    ]
    return frame("outcomes", pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True))


def extrapolation_slopes(tests: pd.DataFrame) -> pd.DataFrame:
    """Slope of a straight line through force RMSE against temperature in eV/A/K, where two temperatures or more have finite errors."""
    rows = []
    known = tests[finite(tests["temperature_K"]) & finite(tests["forces_rmse_eV_per_A"])]
    for keys, own in known.groupby(KEYS, sort=False):
        if own["temperature_K"].nunique() > 1:
            slope = np.polyfit(own["temperature_K"].to_numpy(float), own["forces_rmse_eV_per_A"].to_numpy(float), 1)[0]
            rows.append(dict(zip(KEYS, keys, strict=True)) | {"slope": slope})
    return pd.DataFrame(rows, columns=[*KEYS, "slope"])


def finite(values: pd.Series) -> np.ndarray:
    """Which values are numbers, shape [n]."""
    return np.isfinite(values.to_numpy(float, na_value=np.nan))


def _column(data: pd.DataFrame, column: str, name: str, kind: str) -> pd.DataFrame:
    """Columns of a table predictors or outcomes; a value that is not finite (a landscape that overflows) is no measurement."""
    return data.loc[finite(data[column]), KEYS].assign(**{kind: name, "value": data.loc[finite(data[column]), column].to_numpy()})
