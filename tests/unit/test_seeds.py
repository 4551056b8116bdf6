"""Seeds as replicates: a study of several seeds, one of them lost, through every statistic and into the figures."""

import numpy as np
import pandas as pd
import pytest
from made_up_study import draw, study, texts

from nnip.analyse.kaplan_meier import kaplan_meier
from nnip.analyse.noise_floor import noise_floor
from nnip.analyse.survival import survival
from nnip.study.tables import frame

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def tables():
    return study(seeds=SEEDS)


def note(figure):
    return figure.get_supxlabel().replace("\n", " ")


def test_every_table_of_trainings_has_every_seed(tables):
    for name in ("errors", "landscape", "failures", "entropy", "predictors", "outcomes", "learning_curves", "sensitivity", "temperatures"):
        assert tables[name].groupby("model")["seed"].apply(set).eq(set(SEEDS)).all(), name
    for name in ("survival", "kaplan_meier"):
        assert tables[name].groupby("model")["seed"].apply(lambda seeds: set(seeds.fillna(0))).eq({0, *SEEDS}).all(), name


def test_one_seed_has_no_row_over_seeds():
    failures = study(seeds=(4,))["failures"]
    assert set(kaplan_meier(failures)["seed"]) == set(survival(failures, 2000.0)["seed"]) == {4}


def test_the_curve_over_seeds_is_that_of_all_their_replicas(tables):
    own = tables["kaplan_meier"].query("model == 'd'")
    assert own[own["seed"].isna()]["n_at_risk"].iloc[0] == 18
    assert own[own["seed"] == 2]["n_at_risk"].iloc[0] == 6
    # no replica of d is censored, so its survival is the share of replicas left
    failures = tables["failures"].query("model == 'd'")["time_fs"]
    for row in own[own["seed"].isna()].itertuples():
        assert row.survival == pytest.approx((failures > row.time_fs).mean())


def test_models_are_ranked_by_the_means_of_their_seeds(tables):
    grid = tables["sensitivity"].query("mode == 'isotropic' and T_forces_eV_per_A == 0.04 and alpha == 0.2")
    assert grid.groupby("model")["rank"].unique().map(list).to_dict() == {"a": [1], "b": [2], "c": [3], "d": [4]}
    assert (grid["spearman"] == 1).all()


def test_twins_are_compared_seed_by_seed(tables):
    switches = frame("hyperparameters", [{"framework": "mace", "model": model, "name": "lr", "value": "1"} for model in "ab"])
    floor = noise_floor(switches, tables["predictors"], tables["outcomes"], tables["failures"])
    twins = floor[(floor["kind"] == "same settings") & (floor["quantity"] == "rmst_fs")]
    rmst = tables["outcomes"].query("quantity == 'rmst_fs'").set_index(["model", "seed"])["value"]
    assert twins["difference"].tolist() == pytest.approx([rmst["b", seed] - rmst["a", seed] for seed in SEEDS])
    pairs = floor[(floor["kind"] == "seeds") & (floor["quantity"] == "rmst_fs")].groupby(floor["model_a"].str[0]).size()
    assert pairs.to_dict() == {"a": 3, "b": 3, "c": 3, "d": 3}


@pytest.mark.parametrize(
    "name", ["experiments", "landscapes", "trends", "flatness", "learning_curves", "slopes", "rmse", "kaplan_meier", "scaling", "md_traces"]
)
def test_a_figure_says_how_many_seeds_it_shows(name, tables):
    lost = {key: table[~((table["model"] == "a") & (table["seed"] == 3))] for key, table in tables.items() if "seed" in table}
    lost["kaplan_meier"], lost["survival"] = kaplan_meier(lost["failures"]), survival(lost["failures"], 2000.0)
    assert "2 to 3 seeds per model" in note(draw(name, tables | lost))


def places(axis, colour=None):
    """All points drawn in an axis's lines, one column each for x and y."""
    return np.concatenate([np.column_stack(line.get_data()).astype(float) for line in axis.get_lines() if colour in (None, line.get_color())])


def drawn(axis, points):
    """Whether every one of some points is among those an axis shows."""
    there = places(axis)
    return all(np.isclose(there, point, rtol=1e-9).all(axis=1).any() for point in points)


def test_seeds_stand_beside_their_mean(tables):
    outcomes = tables["outcomes"].query("model == 'b'")
    slopes = outcomes.query("quantity == 'extrapolation_slope'")["value"].to_numpy(float)
    errors = tables["errors"].query("model == 'b' and training_set == 'n100'").set_index(["seed", "split"])["forces_rmse_eV_per_A"].astype(float)
    cold = 1000 * errors.xs("300K", level="split").to_numpy()
    assert drawn(draw("scaling", tables).axes[0], np.column_stack([cold, 1000 * slopes]))
    values = places(np.array(draw("slopes", tables).axes).reshape(3, 2)[1, 0])[:, 1]
    assert np.isin(np.round(slopes * 1e5, 9), np.round(values, 9)).all()
    S = tables["entropy"].query("model == 'b' and mode == 'isotropic' and minimum == 'kept'")["S"].to_numpy(float)
    centre = tables["landscape"].query("model == 'b' and mode == 'isotropic' and t == 0").groupby("seed")["forces_rmse_eV_per_A"].mean() * 1000
    assert drawn(draw("flatness", tables).axes[0], np.column_stack([centre.to_numpy(float), S]))
    row = np.array(draw("experiments", tables).axes).reshape(5, 2)[1, 0]
    assert np.isin(np.round(S, 9), np.round(places(row)[:, 1], 9)).all()


def test_survival_curves_of_seeds_are_thin(tables):
    axis = draw("kaplan_meier", tables).axes[0]
    own = tables["kaplan_meier"].query("model == 'c'")
    for seed in SEEDS:
        expected = own[own["seed"] == seed]["survival"].to_numpy(float)
        assert any(len(line.get_ydata()) == len(expected) and np.allclose(line.get_ydata(), expected) and line.get_linewidth() < 0.5
                   for line in axis.get_lines())  # fmt: skip


def test_learning_curves_say_the_scatter_of_slopes(tables):
    curves = tables["learning_curves"].copy()
    curves["slope"] = np.where(curves["model"] == "a", -0.5 + 0.1 * (curves["seed"] - 2).astype(float), curves["slope"].astype(float))
    assert "a  slope −0.50 ± 0.10" in texts(draw("learning_curves", tables, learning_curves=frame("learning_curves", pd.DataFrame(curves))))
