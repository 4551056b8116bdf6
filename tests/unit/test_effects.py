"""Effects are differences to an experiment's first model, with Welch's intervals where seeds allow."""

import numpy as np
import pandas as pd
from scipy import stats

from nnip.analyse.effects import effects, holm
from nnip.study.tables import frame

MODELS = frame(
    "models",
    [
        {"framework": "mace", "model": name, "label": name, "experiment": "one", "title": "One", "position": place}
        for place, name in enumerate(("base", "better", "same", "lost"))
    ],
)


def outcomes(values):
    rows = [
        {"framework": "mace", "model": name, "seed": seed, "outcome": "rmst_fs", "value": value}
        for name, own in values.items()
        for seed, value in enumerate(own)
    ]
    return frame("outcomes", rows)


def table(values, confidence=0.95):
    return effects(MODELS, frame("predictors", []), outcomes(values), confidence).set_index("model")


def test_a_difference_is_to_the_first_model_with_welchs_interval():
    found = table({"base": [10, 12, 11], "better": [20, 25, 24], "same": [11, 10, 12]})
    assert list(found.index) == ["better", "same"]  # nothing was measured of the lost one
    assert found.loc["better", "difference"] == 12
    # by hand: standard error from both variances, degrees of freedom after Welch and Satterthwaite
    a, b = np.var([20, 25, 24], ddof=1) / 3, np.var([10, 12, 11], ddof=1) / 3
    half = stats.t.ppf(0.975, (a + b) ** 2 / (a**2 / 2 + b**2 / 2)) * np.sqrt(a + b)
    np.testing.assert_allclose(found.loc["better", ["low", "high"]].astype(float), [12 - half, 12 + half])
    assert found.loc["same", "low"] < 0 < found.loc["same", "high"]
    assert (found["p_holm"] >= found["p"]).all()


def test_one_seed_has_a_difference_and_no_interval():
    found = table({"base": [10], "better": [20, 21]})
    assert found.loc["better", "difference"] == 10.5
    assert found[["low", "high", "p", "p_holm"]].isna().all(axis=None)


def test_intervals_cover_what_is_true():
    rng = np.random.default_rng(1)
    inside = [
        found["low"].iloc[0] < 1 < found["high"].iloc[0]
        for found in (table({"base": rng.normal(0, 1, 4), "better": rng.normal(1, 3, 4)}, 0.8) for _ in range(300))
    ]
    assert 0.74 < np.mean(inside) < 0.88


def test_holm_is_step_down():
    adjusted = holm(pd.Series([0.01, 0.04, None, 0.03], dtype="Float64"))
    assert adjusted.tolist()[:2] == [0.03, 0.06]
    assert adjusted.isna().tolist() == [False, False, True, False]
    assert adjusted[3] == 0.06
