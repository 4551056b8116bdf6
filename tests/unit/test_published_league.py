"""The league's statistics on a published table: 124 models of silicon with errors and outcomes (Liu & Mo, npj Comput. Mater. 2024).

The expected numbers were computed from the same table with pandas and a plain bootstrap over models, apart from this code.
"""

import numpy as np
import pandas as pd
import pytest

from nnip.analyse import ranking
from nnip.analyse.trainings import Trainings
from nnip.study.tables import frame

TYPES = ("GA", "MD", "MT", "NN", "PT", "SN")
TRAINING, RARE, ENHANCED = "Train_F_RMSE", "{}_RE_Magnitude_ROC", "Enh{}_F_RMSE"
# outcome, defect -> Spearman's correlation with the training error, the error on rare events and that on the enhanced set, with intervals
PUBLISHED = {
    ("Vacancy_D_0", "Vacancy"): ((0.57, 0.44, 0.67), (0.18, 0.00, 0.34), (0.34, 0.17, 0.50)),
    ("Vacancy_E_a", "Vacancy"): ((0.27, 0.12, 0.43), (0.38, 0.20, 0.53), (0.32, 0.13, 0.47)),
    ("Interstitial_D_0", "Interstitial"): ((-0.05, -0.22, 0.10), (-0.13, -0.30, 0.03), None),
    ("Interstitial_E_a", "Interstitial"): ((0.23, 0.04, 0.40), (0.05, -0.13, 0.24), None),
    ("Vacancy_E_f", "Vacancy"): ((0.33, 0.13, 0.47), (0.49, 0.35, 0.62), None),
    ("C44", "Vacancy"): ((0.68, 0.57, 0.76), (0.23, 0.05, 0.44), None),
}


@pytest.fixture(scope="module")
def models(mirror):
    table = pd.read_csv(mirror / "liu-mo-2024" / "D124_log.csv", index_col=0)
    table = table[table["Models"].str[:2].isin(TYPES)]
    assert len(table) == 124, "the table's last rows are benchmarks, no models"
    return table


def with_outcome(models, outcome, apart=False):
    """Trainings whose only replica fails at a time that grows with the outcome; apart: a model's type is its framework."""
    rows = [
        {"framework": row.Models[:2] if apart else "any", "model": row.Models, "seed": 1, "replica": 0, "reason": "bond", "failed": True}
        | {"time_fs": 1e6 * 10 ** getattr(row, outcome)}
        for row in models.itertuples()
    ]
    return Trainings.of(frame("failures", rows), 1e12)


def spearman(trainings, models, column, n=0):
    """The correlation and, with n resamples, its interval."""
    x = models.set_index("Models")[column][trainings.keys["model"]].to_numpy(float)
    value = ranking.agreement(trainings, x, ranking.Resamples.observed(trainings))["spearman"][0]
    if not n:
        return value
    resamples = ranking.Resamples.of(trainings, n, np.random.default_rng(1))
    return value, *ranking.interval(ranking.agreement(trainings, x, resamples)["spearman"], len(models), 0.95)


@pytest.mark.parametrize(("outcome", "defect"), PUBLISHED)
def test_rank_correlations_over_all_models(models, outcome, defect):
    trainings = with_outcome(models, outcome)
    for column, expected in zip((TRAINING, RARE, ENHANCED), PUBLISHED[outcome, defect], strict=True):
        if expected:
            value, low, high = spearman(trainings, models, column.format(defect), 400)
            assert value == pytest.approx(expected[0], abs=0.006)
            assert (low, high) == pytest.approx(expected[1:], abs=0.06)


def test_within_one_type_of_model_little_is_left(models):
    """Simpson's paradox: of the training error's 0.57 nearly nothing is left within the types; the rare events' 0.34 (mean of types) stays."""
    trainings = with_outcome(models, "Vacancy_E_a", apart=True)
    of_types = [spearman(trainings.among(name), models, RARE.format("Vacancy")) for name in TYPES]
    assert np.mean(of_types) == pytest.approx(0.34, abs=0.02)
    assert spearman(trainings, models, RARE.format("Vacancy")) > 0.25
    prefactor = with_outcome(models, "Vacancy_D_0", apart=True)
    assert spearman(prefactor, models, TRAINING) < 0.5 * spearman(with_outcome(models, "Vacancy_D_0"), models, TRAINING)
