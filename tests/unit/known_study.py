"""A made-up study of three models, three seeds and two training sizes, all numbers of which are made by hand; and the ways into its tables.

Tests of predictors, outcomes, correlations, effects, noise floor and summary build and read tables through this module alone.
"""

import numpy as np
import pandas as pd

from nnip.analyse.correlations import Settings, _sample, correlations, replica_draws
from nnip.analyse.effects import effects
from nnip.analyse.entropy import entropy_table
from nnip.analyse.learning_curves import learning_curves
from nnip.analyse.noise_floor import noise_floor
from nnip.analyse.predictors import outcomes, predictors
from nnip.analyse.survival import survival
from nnip.study.tables import frame

SEEDS = (1, 2, 3)
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
                    own = {"mode": "isotropic", "split": "train", "direction": direction, "t": t, "forces_rmse_eV_per_A": forces}
                    landscape.append(who | own | {"energy_rmse_eV_per_atom": T_ENERGY * ENERGY_LEVELS[model][i] + shift / 10})
            for split, values in FORCES[model].items():
                for n, factor in ((25, WORSE_OF_25[model][i]), (100, 1)):
                    own = {"n_train": n, "noise": 0.0, "split": split, "forces_rmse_eV_per_A": factor * values[i], "n_frames": 10}
                    errors.append(who | own | {"energy_rmse_eV_per_atom": factor * values[i] / 10})
            errors.append(errors[-1] | {"noise": 0.1, "forces_rmse_eV_per_A": 99.0})
            errors.append(errors[-1] | {"noise": 0.0, "split": "val"})
            for replica, time in enumerate(LIVES[model][i]):
                failures.append(who | {"replica": replica, "time_fs": abs(time), "failed": time > 0, "reason": "bond" if time > 0 else "none"})
    tables = {"landscape": frame("landscape", landscape), "errors": frame("errors", errors), "failures": frame("failures", failures)}
    tables["models"] = experiments({"one": "abc", "two": "bc"})
    tables["hyperparameters"] = switches({"a": "1", "b": "2", "c": "2"})
    return with_statistics(tables)


def with_statistics(tables):
    """The tables with those that are computed from them."""
    tables = dict(tables)
    tables["entropy"] = entropy_table(tables["landscape"], T_ENERGY, T_FORCES, ALPHA)
    tables["survival"] = survival(tables["failures"], HORIZON_FS)
    tables["learning_curves"] = learning_curves(tables["errors"])
    tables["predictors"] = predictors(tables["entropy"], tables["landscape"], tables["errors"])
    tables["outcomes"] = outcomes(tables["survival"], tables["errors"], tables["learning_curves"])
    tables["effects"] = effects(tables["models"], tables["predictors"], tables["outcomes"], 0.95)
    tables["noise_floor"] = noise_floor(tables["hyperparameters"], tables["predictors"], tables["outcomes"], tables["failures"])
    return tables


def experiments(members, framework="mace"):
    """Table models of experiments by name, each with its models in order."""
    who = {"framework": framework, "title": "T"}
    rows = [who | {"model": m, "label": f"model {m}", "experiment": e, "position": i} for e, models in members.items() for i, m in enumerate(models)]
    return frame("models", rows)


def switches(values, framework="mace", name="lr"):
    """Table hyperparameters of one switch."""
    return frame("hyperparameters", [{"framework": framework, "model": model, "name": name, "value": value} for model, value in values.items()])


def known(side, values, framework="mace"):
    """Table predictors or outcomes from {quantity: {model: values by seed}}; side: predictors, outcomes."""
    who = {"framework": framework}
    rows = [
        who | {"model": model, "seed": seed, side[:-1]: quantity, "value": value}
        for quantity, models in values.items()
        for model, own in models.items()
        for seed, value in enumerate(own, 1)
    ]
    return frame(side, rows)


def named(quantity, minimum="kept"):
    """How the tables call a quantity."""
    return quantity + ("_subtracted" if minimum == "subtracted" else "")


def by_seed(table, quantity, minimum="kept", column="value"):
    """{model: values in order of seeds} of a table predictors or outcomes."""
    key = next(name for name in ("predictor", "outcome", "quantity") if name in table)
    own = table[table[key] == named(quantity, minimum)].sort_values("seed", kind="stable")
    return {model: values.tolist() for model, values in own.groupby("model", sort=False)[column]}


def effect(tables, quantity, experiment, model, minimum="kept"):
    """One row of table effects."""
    own = tables["effects"]
    (row,) = own[(own["quantity"] == named(quantity, minimum)) & (own["experiment"] == experiment) & (own["model"] == model)].to_dict("records")
    return row


def floor(tables, kind, quantity):
    """Rows of table noise_floor."""
    own = tables["noise_floor"]
    return own[(own["kind"] == kind) & (own["quantity"] == quantity)]


def correlated(predictor_table, outcome_table, predictor, outcome, hyperparameters=None, draws=None, subset="all", **settings):
    """One row of table correlations, and those of partial_correlations by what is given."""
    nothing = frame("hyperparameters", [])
    pair = correlations(predictor_table, outcome_table, nothing if hyperparameters is None else hyperparameters, draws or {}, Settings(**settings))
    row, partials = (
        table[(table["predictor"] == predictor) & (table["outcome"] == outcome) & (table["subset"] == subset)].to_dict("records") for table in pair
    )
    return (row[0] if row else None), {own["given"]: own for own in partials}


def drawn(failures, horizon_fs=HORIZON_FS, **settings):
    """What replica_draws draws: {(framework, model, seed, outcome): values}."""
    return replica_draws(failures, horizon_fs, Settings(**settings))


def measured_anew(values, draws, n, seed=1):
    """Every model measured anew n times, [n] per model for x and y; values: {model: [(x, y) by seed]}."""
    rows = [
        {"framework": "mace", "model": model, "seed": i, "value_x": x, "value_y": y}
        for model, own in values.items()
        for i, (x, y) in enumerate(own, 1)
    ]
    sample = _sample(pd.DataFrame(rows), ["value_x", "value_y"], "rmst_fs", draws, n, np.random.default_rng(seed))
    return sample.columns, sample.draws, sample.chosen


def correlation(quantity, outcome, pearson, spearman, p=None, minimum="kept", subset="all", n=9, framework="mace"):
    """A row of table correlations; pearson, spearman: (value, low, high)."""
    row = {"framework": framework, "predictor": named(quantity, minimum), "outcome": outcome, "subset": subset, "n_models": n, "p_permutation": p}
    for name, values in (("pearson", pearson), ("spearman", spearman)):
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
    return row


def partial(quantity, outcome, value, low, high, minimum="kept", subset="all", given="log train_forces_rmse", framework="mace"):
    """A row of table partial_correlations."""
    row = {"framework": framework, "predictor": named(quantity, minimum), "outcome": outcome, "subset": subset, "given": given, "n_models": 9}
    return row | {"partial": value, "low": low, "high": high}


def compared(quantity, model, difference, low, high, p_holm, reference="m0", experiment="one", framework="mace"):
    """A row of table effects."""
    row = {"framework": framework, "experiment": experiment, "model": model, "reference": reference, "quantity": quantity, "n_seeds": 3}
    row |= {"n_seeds_reference": 3, "value": difference, "value_reference": 0.0, "difference": difference}
    return row | {"low": low, "high": high, "p": p_holm, "p_holm": p_holm}
