"""A linear regressor fitted to noisy labels: the toy system for the noise study (the paper's appendix B).

The paper's text does not define the regressor. Here it is the textbook one, with known expectations: points x in p dimensions from the
standard normal distribution, labels y = f(x) + sigma * noise, weights by least squares. The clean labels have standard deviation 1, the unit of all
errors. A part of f can lie outside the regressor's span: f(x) = sqrt(1 - m^2) u.x + m ((v.x)^2 - 1) / sqrt(2) with random unit
vectors u and v; the second term is orthogonal to every linear function, so m, the misfit, is the RMSE of the best regressor.

Expected mean squares over n points with s^2 = sigma^2 (Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, section 7.4 for the
training points; E (X'X)^-1 = 1 / (n - p - 1) of a Wishart matrix for new points). They are exact for m = 0; for m > 0 the second term is treated
as noise independent of the linear term, which is correct up to terms of higher order in p / n.
"""

from typing import Any

import numpy as np
import pandas as pd

from nnip.declare import Analysis, Table, block, integer, many, real, text, whole
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=(),
    tables={
        "toy": Table(
            "An error of least squares on noisy labels; everything is in standard deviations of the clean labels.",
            {
                "n_features": whole("weights of the regressor", "weights"),
                "misfit": real("RMSE of the best regressor"),
                "n_points": whole("training points", "points"),
                "sigma": real("standard deviation of the labels' noise"),
                "error": text("noisy_labels or true_function: at the training points; new_points: of the true function at new points"),
                "n_repeats": whole("draws of points and noise", "draws"),
                "rmse": real("root of the mean square over all repeats"),
                "rmse_low": real("lower bound of the interval of a single repeat"),
                "rmse_high": real("upper bound"),
                "rmse_expected": real("expectation from theory"),
            },
        )
    },
    options={
        "toy": block(
            {
                "n_points": many([10, 30, 100, 300, 1000], "Numbers of training points.", {"type": "integer", "minimum": 1}),
                "sigmas": many(
                    [0, 0.01, 0.02, 0.05, 0.1],
                    "Standard deviations of the labels' noise.",
                    {"type": "number", "minimum": 0},
                    "standard deviations of the clean labels",
                ),
                "misfits": many(
                    [0],
                    "Part of the true function that the regressor cannot represent, as the RMSE of the best regressor; 0 = none.",
                    {"type": "number", "minimum": 0, "maximum": 1},
                    "standard deviations of the clean labels",
                ),
                "n_features": integer(5, "Features (weights) of the regressor; every n_points must be at least n_features + 2.", minimum=1),
                "n_repeats": integer(100, "Draws of points and noise; errors are summarised over them.", minimum=2),
            },
            "A linear regressor fitted to noisy labels, the toy system for the noise study (table and figure toy); null = none.",
            None,
        )
    },
    settings=("toy", "seed", "statistics.confidence"),
    when="toy",
    doing="Fit a linear regressor to noisy labels; seconds",
)

ERRORS = ("noisy_labels", "true_function", "new_points")


def expected_rmse(n_points: int, n_features: int, sigma: float, misfit: float = 0.0) -> dict[str, float]:
    """The root of the expected mean square of every error, by its name; n_points > n_features + 1."""
    share = n_features / n_points
    noisy = (sigma**2 + misfit**2) * (1 - share)
    true = sigma**2 * share + misfit**2 * (1 - share)
    new = misfit**2 + (sigma**2 + misfit**2) * n_features / (n_points - n_features - 1)
    return dict(zip(ERRORS, np.sqrt([noisy, true, new]).tolist(), strict=True))


def fitted_errors(n_points: int, n_features: int, sigma: float, misfit: float, rng: np.random.Generator) -> np.ndarray:
    """Mean squared errors of one fit, shape [3] in the order of ERRORS: on the noisy labels, on the true function there, and at new points."""
    linear, curved = (direction / np.linalg.norm(direction) for direction in rng.normal(size=(2, n_features)))
    weights = np.sqrt(1 - misfit**2) * linear
    points = rng.normal(size=(n_points, n_features))
    true = points @ weights + misfit * ((points @ curved) ** 2 - 1) / np.sqrt(2)
    labels = true + sigma * rng.normal(size=n_points)
    fitted = np.linalg.lstsq(points, labels, rcond=None)[0]
    values = points @ fitted
    # the mean over the normal distribution has a closed form, so no test points are drawn
    return np.array([np.mean((values - labels) ** 2), np.mean((values - true) ** 2), np.sum((fitted - weights) ** 2) + misfit**2])


def toy(options: dict[str, Any], seed: int, confidence: float = 0.95) -> pd.DataFrame:
    """Table toy: one row per misfit, number of points, sigma and error; options: the config's block toy, seed: the study's.

    rmse is the root of the mean square over all repeats; rmse_low and rmse_high enclose the given share of the repeats.
    """
    rows = []
    p = options["n_features"]
    for misfit in options["misfits"]:
        for n in options["n_points"]:
            for sigma in options["sigmas"]:
                rng = np.random.default_rng(derive(seed, "toy", str(misfit), n, str(sigma)))
                squares = np.array([fitted_errors(n, p, sigma, misfit, rng) for _ in range(options["n_repeats"])])
                low, high = np.sqrt(np.quantile(squares, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0))
                expected = expected_rmse(n, p, sigma, misfit)
                rows += [
                    {"n_features": p, "misfit": misfit, "n_points": n, "sigma": sigma, "error": error, "n_repeats": options["n_repeats"]}
                    | {"rmse": rmse, "rmse_low": low[index], "rmse_high": high[index], "rmse_expected": expected[error]}
                    for index, (error, rmse) in enumerate(zip(ERRORS, np.sqrt(squares.mean(axis=0)), strict=True))
                ]
    return frame("toy", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:  # noqa: ARG001 - needs no table
    """Table toy."""
    return {"toy": toy(settings["toy"], settings["seed"], settings["statistics.confidence"])}
