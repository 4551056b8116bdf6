"""Which cheap measurement goes with which outcome, over models: correlations with intervals, with and without what the force error already tells."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nnip.analyse import bootstrap
from nnip.analyse.survival import restricted_means
from nnip.study.seeds import derive
from nnip.study.tables import frame

GIVEN = ("train_forces_rmse", "test_forces_rmse_coolest", "test_forces_rmse_all")  # the first is the one in table correlations
KEYS = ["framework", "model", "seed"]


@dataclass(frozen=True)
class Settings:
    """How often to resample, how sure intervals are, and the study's seed."""

    n_bootstrap: int = 2000
    n_permutation: int = 2000
    confidence: float = 0.95
    seed: int = 1


Draws = Mapping[tuple[str, str, int, str], np.ndarray]


def replica_draws(failures: pd.DataFrame, horizon_fs: float, settings: Settings) -> dict[tuple[str, str, int, str], np.ndarray]:
    """Outcomes rmst_fs and mean_time_to_failure_fs of every model and seed with its replicas drawn anew: arrays [n_bootstrap]."""
    draws = {}
    for (framework, model, seed), own in failures.groupby(KEYS, sort=False):
        rng = np.random.default_rng(derive(settings.seed, "replicas", framework, model, seed))
        time, failed = own["time_fs"].to_numpy(float), own["failed"].to_numpy(bool)
        counts = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=settings.n_bootstrap).astype(float)
        draws[framework, model, seed, "rmst_fs"] = restricted_means(time, failed, horizon_fs, counts)[0]
        draws[framework, model, seed, "mean_time_to_failure_fs"] = counts @ time / len(own)
    return draws


def subsets(hyperparameters: pd.DataFrame) -> dict[str, set[str]]:
    """Models left out of each subset: "all" leaves out none; "rescaled" those trained without rescaling, if there are any."""
    switch = hyperparameters[hyperparameters["name"] == "rescale"]
    without = set(switch.loc[switch["value"] == "false", "model"])
    return {"all": set(), "rescaled": without} if without else {"all": set()}


def correlations(
    predictors: pd.DataFrame, outcomes: pd.DataFrame, hyperparameters: pd.DataFrame, draws: Draws, settings: Settings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables correlations and partial_correlations: every predictor against every outcome, per framework and subset of its models.

    A model is one point: the mean of its seeds. Intervals resample models, within them seeds, within these replicas (draws, from replica_draws).
    Three models are the fewest there is a row for.
    """
    controls = pd.concat([predictors.rename(columns={"predictor": "name"}), outcomes.rename(columns={"outcome": "name"})])
    controls = controls[controls["name"].isin(GIVEN)].assign(value=lambda rows: np.log(rows["value"].astype(float)))
    rows, partials = [], []
    for framework, own in predictors.groupby("framework", sort=False):
        aims = outcomes[outcomes["framework"] == framework]
        control = controls[controls["framework"] == framework].pivot(index=KEYS, columns="name", values="value")
        for subset, left_out in subsets(hyperparameters[hyperparameters["framework"] == framework]).items():
            for predictor, x in own[~own["model"].isin(left_out)].groupby("predictor", sort=False):
                for outcome, y in aims.groupby("outcome", sort=False):
                    pairs = x[[*KEYS, "value"]].merge(y[[*KEYS, "value"]], on=KEYS, suffixes=("_x", "_y")).join(control, on=KEYS)
                    constant = pairs[["value_x", "value_y"]].nunique().min() < 2
                    if predictor == outcome or constant or pairs["model"].nunique() < 3:
                        continue
                    name = {"framework": framework, "predictor": predictor, "outcome": outcome, "subset": subset}
                    row, partial = _pair(name, pairs, draws, settings)
                    # seeds can differ where the models' means do not
                    if all(np.isfinite(np.array([row["pearson"], row["spearman"]], dtype=float))):
                        rows.append(row)
                        partials += partial
    return frame("correlations", rows), frame("partial_correlations", partials)


@dataclass
class _Sample:
    """One point per model, and every model measured anew m times."""

    columns: list[np.ndarray]
    draws: list[np.ndarray]
    chosen: np.ndarray

    def estimate(self, statistic: bootstrap.Statistic, *which: int) -> float:
        return float(statistic(*(self.columns[index] for index in which)))

    def interval(self, statistic: bootstrap.Statistic, confidence: float, *which: int) -> tuple[float, float]:
        return bootstrap.interval(
            statistic, [self.columns[index] for index in which], [self.draws[index] for index in which], self.chosen, confidence
        )


def _sample(pairs: pd.DataFrame, names: list[str], outcome: str, draws: Draws, n: int, rng: np.random.Generator) -> _Sample:
    values = pairs[names].to_numpy(float).T
    again = [np.broadcast_to(column, (n, len(column))) for column in values]
    keys = [(*row, outcome) for row in pairs[KEYS].itertuples(index=False, name=None)]
    if all(key in draws for key in keys):
        again[1] = np.stack([draws[key] for key in keys], axis=1)
    columns: list[np.ndarray] = []
    redrawn: list[list[np.ndarray]] = [[] for _ in names]
    for places in pairs.reset_index(drop=True).groupby("model", sort=False).indices.values():
        columns.append(values[:, places].mean(axis=1))
        if len(places) == 1:
            anew = [drawn[:, places[0]] for drawn in again]
        else:
            seeds = places[rng.integers(len(places), size=(n, len(places)))]
            anew = [np.take_along_axis(drawn, seeds, axis=1).mean(axis=1) for drawn in again]
        for column, drawn in zip(redrawn, anew, strict=True):
            column.append(drawn)
    models = len(columns)
    return _Sample(list(np.array(columns).T), [np.stack(column, axis=1) for column in redrawn], rng.integers(models, size=(n, models)))


def _pair(name: dict[str, str], pairs: pd.DataFrame, draws: Draws, settings: Settings) -> tuple[dict[str, object], list[dict[str, object]]]:
    rng = np.random.default_rng(derive(settings.seed, "correlations", *name.values()))
    sample = _sample(pairs, ["value_x", "value_y"], name["outcome"], draws, settings.n_bootstrap, rng)
    x, y = sample.columns
    row: dict[str, object] = {**name, "n_models": len(x)}
    for measure in (bootstrap.pearson, bootstrap.spearman, bootstrap.kendall):
        row[measure.__name__] = sample.estimate(measure, 0, 1)
        row[f"{measure.__name__}_low"], row[f"{measure.__name__}_high"] = sample.interval(measure, settings.confidence, 0, 1)
    if len(x) > bootstrap.FEWEST:
        without = bootstrap.leave_one_out(bootstrap.pearson, [x, y])
        row |= {"pearson_loo_low": np.nanmin(without), "pearson_loo_high": np.nanmax(without)}
    row["p_permutation"] = bootstrap.permutation_p(x, y, settings.n_permutation, rng)
    partials = []
    for given in GIVEN:
        known = pairs.dropna(subset=[given]) if given in pairs else pairs[:0]
        if given in name.values() or known["model"].nunique() <= bootstrap.FEWEST:
            continue
        sample = _sample(known, ["value_x", "value_y", given], name["outcome"], draws, settings.n_bootstrap, rng)
        value = sample.estimate(bootstrap.partial, 0, 1, 2)
        low, high = sample.interval(bootstrap.partial, settings.confidence, 0, 1, 2)
        if np.isfinite(value):
            partials.append({**name, "given": f"log {given}", "n_models": len(sample.columns[0]), "partial": value, "low": low, "high": high})
    if partials and partials[0]["given"] == f"log {GIVEN[0]}":
        row |= {"partial_given": partials[0]["given"], "partial": partials[0]["partial"]}
    return row, partials
