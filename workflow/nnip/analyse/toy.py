"""A linear regressor fitted to noisy labels: the toy system beside the noise study (the paper's appendix B).

The paper's text does not fix the regressor; here it is the textbook one, where every expectation is known: points x in p dimensions from the
standard normal distribution, labels y = f(x) + sigma * noise, weights by least squares. The clean labels have the standard deviation 1, so that all
errors are in units of it. A part of f can lie outside the regressor's span: f(x) = sqrt(1 - m^2) u.x + m ((v.x)^2 - 1) / sqrt(2) with random unit
vectors u and v; the second term is orthogonal to every linear function, so m, the misfit, is the RMSE of the best regressor.

Expected mean squares over n points with s^2 = sigma^2 (Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, section 7.4 for the
training points; E (X'X)^-1 = 1 / (n - p - 1) of a Wishart matrix for new points). They are exact for m = 0; for m > 0 the second term is taken for
noise that does not hang on the linear one, which holds up to terms of higher order in p / n.
"""

from typing import Any

import numpy as np
import pandas as pd

from nnip.study.seeds import derive
from nnip.study.tables import frame

ERRORS = ("noisy_labels", "true_function", "new_points")


def expected_rmse(n_points: int, n_features: int, sigma: float, misfit: float = 0.0) -> dict[str, float]:
    """The root of the expected mean square of every error, by its name; n_points > n_features + 1."""
    share = n_features / n_points
    noisy = (sigma**2 + misfit**2) * (1 - share)
    true = sigma**2 * share + misfit**2 * (1 - share)
    new = misfit**2 + (sigma**2 + misfit**2) * n_features / (n_points - n_features - 1)
    return dict(zip(ERRORS, np.sqrt([noisy, true, new]).tolist(), strict=True))


def fitted_errors(n_points: int, n_features: int, sigma: float, misfit: float, rng: np.random.Generator) -> np.ndarray:
    """Mean squared errors of one fit, shape [3] in the order of ERRORS: on its noisy labels, on the true function there, and on it anywhere."""
    linear, curved = (direction / np.linalg.norm(direction) for direction in rng.normal(size=(2, n_features)))
    weights = np.sqrt(1 - misfit**2) * linear
    points = rng.normal(size=(n_points, n_features))
    true = points @ weights + misfit * ((points @ curved) ** 2 - 1) / np.sqrt(2)
    labels = true + sigma * rng.normal(size=n_points)
    fitted = np.linalg.lstsq(points, labels, rcond=None)[0]
    values = points @ fitted
    # the mean over all of the normal distribution has a closed form: no test points are drawn
    return np.array([np.mean((values - labels) ** 2), np.mean((values - true) ** 2), np.sum((fitted - weights) ** 2) + misfit**2])


def toy(options: dict[str, Any], seed: int, confidence: float = 0.95) -> pd.DataFrame:
    """Table toy: one row per misfit, number of points, sigma and error; options: the config's block toy, seed: the study's.

    rmse is the root of the mean square over all repeats; rmse_low and rmse_high hold the given share of the repeats between them.
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
