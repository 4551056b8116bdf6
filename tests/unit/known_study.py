"""A made-up study of three models, three seeds and two training sizes, all numbers of which are made by hand; and the ways into its tables.

Tests of predictors, outcomes, correlations, effects, noise floor and summary build and read tables through this module alone.
"""

import numpy as np
import pandas as pd

from nnip.analyse import effects, entropy, error_summaries, extrapolation, learning_curves, noise_floor, quantities, survival
from nnip.analyse.correlations import Settings, _sample, correlations, replica_draws
from nnip.study.tables import frame

SEEDS = (1, 2, 3)
MODE = "isotropic"
ENTROPIES = ("S", "S_energy", "S_forces")
HORIZON_FS = 1000.0
T_ENERGY, T_FORCES, ALPHA = 0.01, 0.1, 0.25
# level of the losses in units of T per seed, and how much rarer the two outer points are than the centre
ENERGY_LEVELS = {"a": (0.4, 0.5, 0.6), "b": (0.8, 0.9, 1.0), "c": (1.2, 1.2, 1.2)}
FORCE_LEVELS = {"a": (1.0, 1.1, 1.2), "b": (2.0, 2.2, 2.4), "c": (3.0, 3.0, 3.6)}
RARER = {"a": 2, "b": 4, "c": 8}
# force RMSE of 100 frames by split; its overall test error is 5 (a, c) or 13 (b) times 0.01, 0.02 ...
FORCES = {
    "a": {"train": (0.01, 0.02, 0.03), "300K": (0.01, 0.02, 0.03), "600K": (0.07, 0.14, 0.21)},
    "b": {"train": (0.02, 0.04, 0.06), "300K": (0.07, 0.14, 0.21), "600K": (0.17, 0.34, 0.51)},
    "c": {"train": (0.05, 0.06, 0.07), "300K": (0.04, 0.05, 0.06), "600K": (0.28, 0.35, 0.42)},
}
WORSE_OF_25 = {"a": (2, 4, 2), "b": (2, 2, 1), "c": (4, 4, 4)}
# times to failure; a negative one was watched so long and had not failed
LIVES = {
    "a": ((100, 200, 300), (200, 300, 400), (400, 500, 600)),
    "b": ((300, 600, -1000), (500, 700, 900), (600, 800, -1000)),
    "c": ((-700, 800, -1000), (900, -1000, -1000), (-1000, -1000, -1000)),
}


def study():
    """The tables of the study, measured and computed."""
    landscape, errors, failures = [], [], []
    for model in "abc":
        for i, seed in enumerate(SEEDS):
            who = {"framework": "mace", "model": model, "seed": seed}
            for direction, shift in ((0, 0.02), (1, -0.02)):
                for t in (-1.0, 0.0, 1.0):
                    forces = T_FORCES * (FORCE_LEVELS[model][i] + abs(t) * np.log(RARER[model])) + shift
                    own = {"mode": MODE, "split": "train", "direction": direction, "t": t, "forces_rmse_eV_per_A": forces}
                    landscape.append(who | own | {"energy_rmse_eV_per_atom": T_ENERGY * ENERGY_LEVELS[model][i] + shift / 10})
            for split, values in FORCES[model].items():
                for n, factor in ((25, WORSE_OF_25[model][i]), (100, 1)):
                    own = {"training_set": f"n{n}", "split": split, "forces_rmse_eV_per_A": factor * values[i], "n_frames": 10, "n_components": 270}
                    errors.append(who | own | {"energy_rmse_eV_per_atom": factor * values[i] / 10})
            errors.append(errors[-1] | {"training_set": "n100.forces-noise0.1", "forces_rmse_eV_per_A": 99.0})
            errors.append(errors[-1] | {"training_set": "n100", "split": "val"})
            for replica, time in enumerate(LIVES[model][i]):
                failures.append(who | {"replica": replica, "time_fs": abs(time), "failed": time > 0, "reason": "bond" if time > 0 else "none"})
    tables = {"landscape": frame("landscape", landscape), "errors": frame("errors", errors), "failures": frame("failures", failures)}
    tables["training_sets"] = training_sets(100, 25)
    tables["models"] = experiments({"one": "abc", "two": "bc"})
    tables["hyperparameters"] = switches({"a": "1", "b": "2", "c": "2"})
    return with_statistics(tables)


def with_statistics(tables):
    """The tables with those that are computed from them."""
    settings = {"entropy": {"T_energy_eV_per_atom": T_ENERGY, "T_forces_eV_per_A": T_FORCES, "alpha": ALPHA}, "landscape.split": "train"}
    settings |= {"md.duration_fs": HORIZON_FS, "statistics.confidence": 0.95}
    tables = dict(tables)
    for module in (entropy, survival, learning_curves, extrapolation, error_summaries, quantities, effects, noise_floor):
        tables |= module.analyse(tables, settings)
    return tables


def training_sets(main, *curve):
    """Table training_sets of so many frames: the main set, those of a learning curve, and one of the main set's size with noise on its forces."""
    rows = [{"training_set": f"n{n}", "role": role, "n_train": n} for role, n in (("main", main), *(("curve", n) for n in curve))]
    rows = [row | {"pool": "ethanol", "learn": "energy+forces", "noise": 0.0} for row in rows]
    noisy = {"training_set": f"n{main}.forces-noise0.1", "role": "beside", "learn": "forces", "noise_label": "forces", "noise": 0.1}
    return frame("training_sets", [*rows, rows[0] | noisy])


def experiments(members, framework="mace"):
    """Table models of experiments by name, each with its models in order."""
    who = {"framework": framework, "title": "T"}
    rows = [who | {"model": m, "label": f"model {m}", "experiment": e, "position": i} for e, models in members.items() for i, m in enumerate(models)]
    return frame("models", rows)


def switches(values, framework="mace", name="lr"):
    """Table hyperparameters of one switch."""
    return frame("hyperparameters", [{"framework": framework, "model": model, "name": name, "value": value} for model, value in values.items()])


def variant(quantity, minimum="kept"):
    """Mode and minimum of a quantity's rows."""
    return {"mode": MODE, "minimum": minimum} if quantity in ENTROPIES else {}


def known(side, values, framework="mace"):
    """Table predictors or outcomes from {quantity: {model: values by seed}}; side: predictors, outcomes."""
    rows = [
        {"framework": framework, "model": model, "seed": seed, "quantity": quantity, "value": value} | variant(quantity)
        for quantity, models in values.items()
        for model, own in models.items()
        for seed, value in enumerate(own, 1)
    ]
    return frame(side, rows)


def of(table, quantity, minimum="kept", column="quantity"):
    """The rows of a table of one quantity; minimum: kept or subtracted, where it is an entropy."""
    own = table[table[column] == quantity]
    return own[own["minimum"] == minimum] if quantity in ENTROPIES else own[own["minimum"].isna()]


def by_seed(table, quantity, minimum="kept", column="value"):
    """{model: values in order of seeds} of a table predictors or outcomes."""
    own = of(table, quantity, minimum).sort_values("seed", kind="stable")
    return {model: values.tolist() for model, values in own.groupby("model", sort=False)[column]}


def effect(tables, quantity, experiment, model, minimum="kept"):
    """One row of table effects."""
    own = of(tables["effects"], quantity, minimum)
    (row,) = own[(own["experiment"] == experiment) & (own["model"] == model)].to_dict("records")
    return row


def floor(tables, kind, quantity, minimum="kept"):
    """Rows of table noise_floor."""
    own = of(tables["noise_floor"], quantity, minimum)
    return own[own["kind"] == kind]


def correlated(predictor_table, outcome_table, predictor, outcome, hyperparameters=None, draws=None, subset="all", **settings):
    """One row of table correlations, and those of partial_correlations by what is given."""
    nothing = frame("hyperparameters", [])
    pair = correlations(predictor_table, outcome_table, nothing if hyperparameters is None else hyperparameters, draws or {}, Settings(**settings))
    row, partials = (
        own[(own["outcome"] == outcome) & (own["subset"] == subset)].to_dict("records")
        for own in (of(table, predictor, column="predictor") for table in pair)
    )
    return (row[0] if row else None), {own["given"]: own for own in partials}


def drawn(failures, horizon_fs=HORIZON_FS, **settings):
    """What replica_draws draws: {(framework, model, seed, outcome): values}."""
    return replica_draws(failures, horizon_fs, Settings(**settings))


def measured_anew(values, draws, n, seed=1):
    """n resampled values of every model, [n] per model for x and y; values: {model: [(x, y) by seed]}."""
    rows = [
        {"framework": "mace", "model": model, "seed": i, "value_x": x, "value_y": y}
        for model, own in values.items()
        for i, (x, y) in enumerate(own, 1)
    ]
    sample = _sample(pd.DataFrame(rows), ["value_x", "value_y"], "rmst_fs", draws, n, np.random.default_rng(seed))
    return sample.columns, sample.draws, sample.chosen


def correlation(quantity, outcome, pearson, spearman, p=None, minimum="kept", subset="all", n=9, framework="mace", overlap=False):
    """A row of table correlations; pearson, spearman: (value, low, high)."""
    row = {"framework": framework, "predictor": quantity, "outcome": outcome, "subset": subset, "n_models": n, "p_permutation": p}
    row |= {"overlap": overlap} | variant(quantity, minimum)
    for name, values in (("pearson", pearson), ("spearman", spearman)):
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
    return row


def partial(quantity, outcome, value, low, high, minimum="kept", subset="all", given="train_forces_rmse", framework="mace"):
    """A row of table partial_correlations."""
    row = {"framework": framework, "predictor": quantity, "outcome": outcome, "subset": subset, "given": given, "n_models": 9}
    return row | variant(quantity, minimum) | {"partial": value, "low": low, "high": high}


def compared(quantity, model, difference, low, high, p_holm, reference="m0", experiment="one", framework="mace"):
    """A row of table effects."""
    row = {"framework": framework, "experiment": experiment, "model": model, "reference": reference, "quantity": quantity, "n_seeds": 3}
    row |= variant(quantity) | {"n_seeds_reference": 3, "value": difference, "value_reference": 0.0, "difference": difference}
    return row | {"low": low, "high": high, "p": p_holm, "p_holm": p_holm}
