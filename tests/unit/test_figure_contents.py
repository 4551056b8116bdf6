"""What single figures show of a small made-up study's tables."""

import importlib

import numpy as np
import pytest
from made_up_study import HORIZON_FS, LIT, SEEDS, draw, study, texts, with_variants

from nnip.figures import style
from nnip.study.tables import frame


@pytest.fixture(scope="module")
def tables():
    return study()


def lines(axis, label):
    return [line for line in axis.get_lines() if line.get_label() == label]


def test_experiments_of_one_model_have_no_differences(tables):
    assert "no differences" in texts(draw("effects", tables, effects=tables["effects"].iloc[:0])).replace("\n", " ")


def test_too_few_models_for_a_correlation_is_said(tables):
    assert "fewer than three" in texts(draw("correlations", tables, correlations=tables["correlations"].iloc[:0])).replace("\n", " ")


def test_experiments_show_every_replica_and_the_pooled_mean(tables):
    figure = draw("experiments", tables)
    axis = np.array(figure.axes).reshape(5, 2)[-1, 0]
    failures = tables["failures"]
    points = np.concatenate([line.get_ydata() for line in axis.get_lines() if line.get_marker() == "."])
    censored = [line.get_ydata() for line in axis.get_lines() if line.get_marker() == "^"]
    assert sorted(points) == pytest.approx(sorted(failures.loc[failures["failed"], "time_fs"] / 1000))
    assert len(np.concatenate(censored)) == (~failures["failed"]).sum() > 0
    assert (np.concatenate(censored) == HORIZON_FS / 1000).all()
    pooled = tables["survival"][tables["survival"]["seed"].isna()].set_index("model")["rmst_fs"] / 1000
    assert [line.get_ydata()[0] for line in axis.get_lines() if line.get_marker() == "D" and line.get_color() == "black"] == pytest.approx(
        list(pooled)
    )
    assert axis.get_ylabel() == "time to failure (ps)"
    note = figure.get_supxlabel().replace("\n", " ")
    assert "6 replicas per model and seed" in note and "2 seeds per model" in note


def test_experiments_show_the_means_of_seeds_and_directions(tables):
    figure = draw("experiments", tables)
    grid = np.array(figure.axes).reshape(5, 2)
    own = tables["landscape"].query("model == 'a' and mode == 'isotropic'")
    expected = own.groupby("t")["forces_rmse_eV_per_A"].mean()
    (line,) = lines(grid[0, 0], "a")
    assert line.get_ydata() == pytest.approx(expected.to_numpy(float))
    thin = [each for each in grid[0, 0].get_lines() if each.get_color() == line.get_color() and each is not line]
    assert len(thin) == len(SEEDS)
    S = tables["entropy"].query("model == 'a' and mode == 'isotropic' and minimum == 'kept'")["S"].mean()
    assert any(len(each.get_ydata()) == 1 and each.get_ydata()[0] == pytest.approx(S) for each in grid[1, 0].get_lines())


def test_models_keep_their_look_in_every_experiment(tables):
    look = style.looks(tables["models"])
    assert len({(each.colour, each.marker) for each in look.values()}) == len(look)
    figure = draw("landscapes", tables)
    grid = np.array(figure.axes).reshape(4, 2)
    assert lines(grid[0, 0], "a")[0].get_color() == lines(grid[0, 1], "a")[0].get_color() == look["a"].colour


def test_fifteen_models_of_one_experiment_differ():
    models = frame(
        "models", [{"framework": "mace", "model": f"m{i}", "label": f"m{i}", "experiment": "x", "title": "x", "position": i} for i in range(15)]
    )
    look = style.looks(models)
    assert len({(each.colour, each.marker, str(each.line)) for each in look.values()}) == 15


def test_scaling_line_goes_through_models_that_follow_it(tables):
    scaling = importlib.import_module("nnip.figures.scaling")
    points = scaling.literature_slopes(LIT).set_index("model")
    assert points.loc["A", "slope"] == pytest.approx(10 / 300)
    exponent, prefactor = scaling.fit_power_law(points.loc[["A", "B", "C"], "rmse"].to_numpy(), points.loc[["A", "B", "C"], "slope"].to_numpy())
    assert exponent == pytest.approx(1) and prefactor == pytest.approx(1 / 300)
    figure = draw("scaling", tables)
    (own,) = lines(figure.axes[0], "_seeds")
    assert "fitted to 3 models" in texts(figure)
    errors = tables["errors"].query("split == '300K' and training_set == 'n100'").set_index("model")["forces_rmse_eV_per_A"] * 1000
    assert sorted(own.get_xdata()) == pytest.approx(sorted(errors))
    (means,) = lines(figure.axes[0], "mace, this study (4 models)") or lines(figure.axes[0], "MACE, this study (4 models)")
    assert sorted(means.get_xdata()) == pytest.approx(sorted(errors.groupby("model").mean()))
    assert {"a", "b", "c", "d"} <= set(texts(figure).split("\n"))


def test_scaling_draws_no_model_that_was_not_tested_at_300_K(tables):
    warm = tables["errors"].assign(split=tables["errors"]["split"].replace("300K", "400K"))
    figure = draw("scaling", tables, errors=warm)
    assert not any("this study" in str(line.get_label()) for line in figure.axes[0].get_lines())
    assert "no model with a test at 300 K" in figure.get_supxlabel().replace("\n", " ")


def test_learning_curves_carry_their_slopes(tables):
    figure = draw("learning_curves", tables)
    assert "a  slope −0.50" in texts(figure)
    (line,) = lines(figure.axes[0], "a")
    assert list(line.get_xdata()) == [25, 50, 100]
    assert line.get_ydata()[0] / line.get_ydata()[-1] == pytest.approx(2)


def test_kaplan_meier_shows_the_tables_curves_and_tests(tables):
    figure = draw("kaplan_meier", tables)
    (line,) = lines(figure.axes[0], "a")
    own = tables["kaplan_meier"].query("model == 'a' and seed.isna()")
    assert list(line.get_ydata()) == pytest.approx(list(own["survival"]))
    assert list(line.get_xdata()) == pytest.approx(list(own["time_fs"] / 1000))
    assert "12" in texts(figure).split("\n")  # at risk at the start: six replicas of two seeds
    assert "log-rank" not in figure.get_supxlabel(), "replicas of several seeds are not pooled"
    tested = draw("kaplan_meier", tables, logrank=tables["logrank"].assign(p=0.1, p_holm=0.2))
    assert "b  p = 0.2" in texts(tested)
    assert "log-rank" in tested.get_supxlabel()


def test_trends_draw_the_models_means_and_ring_low_entropy(tables):
    predictors = tables["predictors"].copy()
    S = (predictors["quantity"] == "S") & (predictors["mode"] == "isotropic") & (predictors["minimum"] == "kept")
    predictors.loc[S & (predictors["model"] == "a"), "value"] = -1.0
    rows = [
        {
            "framework": "mace",
            "predictor": "S",
            "mode": "isotropic",
            "minimum": "kept",
            "outcome": "rmst_fs",
            "overlap": False,
            "n_models": 4,
            "pearson": 0.5,
            "pearson_low": -0.1,
            "pearson_high": 0.9,
        }
        | {"spearman": 0.4, "subset": "all"}
    ]
    figure = draw("trends", tables, predictors=predictors, correlations=frame("correlations", rows))
    axis = figure.axes[0]
    (line,) = lines(axis, "b")
    rmst = tables["outcomes"].query("model == 'b' and quantity == 'rmst_fs'")["value"].mean() / 1000
    assert line.get_ydata()[0] == pytest.approx(rmst)
    assert "r = 0.50 [−0.10, 0.90], ρ = 0.40, n = 4" in texts(figure)
    assert "Ringed" in figure.get_supxlabel()
    assert -1.0 in [line.get_xdata()[0] for line in axis.get_lines() if line.get_marker() == "o" and line.get_markerfacecolor() == "none"]


def test_correlations_draw_every_row():
    rows = [
        {"framework": "mace", "predictor": predictor, "outcome": outcome, "n_models": 5, "pearson": value, "pearson_low": value - 0.1}
        | {"pearson_high": value + 0.1, "spearman": -value, "subset": subset, "overlap": False}
        for predictor, value in (("S", 0.5), ("train_forces_rmse", -0.3))
        for outcome in ("rmst_fs", "learning_curve_slope")
        for subset in ("all", "rescaled")
    ]
    figure = draw("correlations", {"correlations": frame("correlations", rows)})
    pearson = [list(line.get_xdata()) for axis in figure.axes for line in lines(axis, "_pearson")]
    assert pearson == [[0.5, -0.3]] * 4
    assert "training force RMSE" in texts(figure)
    assert "a part of the other" not in figure.get_supxlabel().replace("\n", " ")


def test_a_correlation_of_a_part_with_its_whole_is_a_cross(tables):
    figure = draw("correlations", tables)
    own = tables["correlations"].query("overlap")
    assert set(own[["predictor", "outcome"]].itertuples(index=False, name=None)) == {
        (f"test_forces_rmse_{part}", whole)
        for part in ("coolest", "hottest")
        for whole in ("test_forces_rmse_all", "extrapolation_slope", "learning_curve_slope")
    } | {(f"{part}_forces_rmse", "test_forces_rmse_all") for part in ("event", "plain")}
    crosses = [value for axis in figure.axes for line in lines(axis, "_pearson_overlap") for value in line.get_xdata()]
    assert sorted(crosses) == pytest.approx(sorted(own["pearson"]))
    assert "one quantity is a part of the other" in figure.get_supxlabel().replace("\n", " ")


def test_cosines_are_the_tables(tables):
    figure = draw("directions", tables)
    matrix = figure.axes[1].images[0].get_array()
    assert np.asarray(matrix) == pytest.approx(np.array([[1, 0.9], [0.9, 1]]))
    assert "mean |cos| 0.90" in texts(figure)


def test_flatness_shows_the_centre_errors(tables):
    figure = draw("flatness", tables)
    x, S = np.asarray(figure.axes[0].collections[0].get_offsets()).T
    centre = tables["landscape"].query("t == 0 and mode == 'isotropic'").groupby("model")["forces_rmse_eV_per_A"].mean() * 1000
    kept = tables["entropy"].query("mode == 'isotropic' and minimum == 'kept'").groupby("model")["S"].mean()
    assert sorted(x) == pytest.approx(sorted(centre))
    assert sorted(S) == pytest.approx(sorted(kept))


def test_flatness_says_over_which_frames_the_error_is(tables):
    elsewhere = {name: tables[name].assign(split="val") for name in ("landscape", "entropy")} | {"split": "val"}
    assert draw("flatness", tables).axes[1].get_xlabel() == "training force RMSE at $t$ = 0 (meV/Å)"
    assert draw("flatness", tables, **elsewhere).axes[1].get_xlabel() == "validation force RMSE at $t$ = 0 (meV/Å)"


def test_rings_of_effects_keep_the_studys_confidence(tables):
    doubtful = tables["effects"].assign(p_holm=0.03)

    def rings(confidence):
        figure = draw("effects", tables, effects=doubtful, confidence=confidence)
        return sum(line.get_fillstyle() == "none" for axis in figure.axes for line in axis.get_lines()), figure.get_supxlabel().replace("\n", " ")

    some, note = rings(0.95)
    assert some > 0 and "p < 0.05 after" in note
    none, note = rings(0.99)
    assert none == 0 and "p < 0.01 after" in note


def test_planes_mark_each_losss_lowest_point_on_one_scale(tables):
    figure = draw("planes", tables, energy_weights=[0, 0.5, 1])
    maps = np.array(figure.axes[:6]).reshape(2, 3)
    lowest = [next(line.get_xydata()[0].tolist() for line in axis.get_lines() if line.get_marker() == "o") for axis in maps[0]]
    assert lowest == [[0.5, 0], [0.5, 0], [0, 0]], "(1 + x²) + (1 + 9 (x - 1/2)²) is lowest at x = 0.45"
    assert all([0, 0] in [line.get_xydata()[0].tolist() for line in axis.get_lines() if line.get_marker() == "+"] for axis in maps.flat)
    scales = {(axis.collections[0].get_clim(), len(axis.collections[0].levels)) for axis in maps.flat}
    assert len(scales) == 1
    assert "$w$ = 0: forces only" in texts(figure) and "$w$ = 1: energy only" in texts(figure)


def test_the_loss_of_a_plane_is_in_units_of_the_temperatures(tables):
    losses = importlib.import_module("nnip.figures.planes").losses
    plane = tables["planes"].query("model == 'a'")
    loss = losses(plane, 0.004, 0.04, 0.2)
    assert loss.loc[-1, 1] == pytest.approx(0.2 * (1 + 1 + 4) + 0.8 * (1 + 9 / 4 + 1)), "rows are t2, columns t1"
    bad = plane.assign(energy_rmse_eV_per_atom=np.inf)
    assert losses(bad, 0.004, 0.04, 0.2).isna().all(axis=None)
    assert losses(bad, 0.004, 0.04, 0).notna().all(axis=None), "forces alone do not ask for energies"
    draw("planes", tables, planes=frame("planes", bad))


@pytest.mark.parametrize(
    ("name", "rows", "main", "word"),
    [
        ("landscape_splits", "split == 'test_1200K'", "training", "test 1200K"),
        ("frozen", "frozen == 'radial'", "all weights", "radial frozen"),
    ],
)
def test_landscapes_beside_the_main_line_are_drawn_with_it(name, rows, main, word, tables):
    figure, every = draw(name, tables), with_variants(tables)
    axis = figure.axes[0]
    others = {table: every[table].query(rows) for table in ("landscape", "entropy")}
    for label, table in ((word, others["landscape"]), (main, tables["landscape"])):
        (line,) = lines(axis, label)
        mean = table.query("model == 'a' and mode == 'isotropic'").groupby("t")["forces_rmse_eV_per_A"].mean()
        assert list(line.get_ydata()) == pytest.approx(list(mean))
    square = figure.axes[-2]  # isotropic, above paper
    shown = sorted(line.get_xydata()[0].tolist() for line in square.get_lines() if line.get_marker() in style.MARKERS)
    both = tables["entropy"].merge(others["entropy"], on=["model", "seed", "mode", "minimum"]).query("mode == 'isotropic'")
    assert np.array(shown) == pytest.approx(np.array(sorted(zip(both["S_x"].astype(float), both["S_y"].astype(float), strict=True))))


def test_rmse_keeps_splits_in_order(tables):
    figure = draw("rmse", tables)
    joined = [line.get_label() for line in figure.axes[0].get_lines() if str(line.get_label()).startswith("_") and len(line.get_xdata()) == 4]
    assert joined == ["_train", "_300K", "_600K", "_1200K"]


def test_sensitivity_ranks_the_models(tables):
    figure = draw("sensitivity", tables)
    cells = [text.get_text() for text in figure.axes[0].texts if text.get_text().isdigit()]
    assert set(cells) == {"1", "2", "3", "4"}


def test_weights_are_drawn_as_the_tables_have_them(tables):
    figure = draw("weights", tables)
    above, _, below = figure.axes[0], figure.axes[1], figure.axes[2]
    thick = [patch for patch in above.patches if patch.get_label() == "a"]
    values, edges, _ = thick[0].get_data()
    assert (values * np.diff(edges)).sum() == pytest.approx(1)  # the mean of two seeds with bins of their own is a density
    (mark,) = [line for line in lines(below, "_a") if line.get_xdata()[0] < 0.5]
    own = tables["weight_moments"].query("model == 'a' and group == 'readout'")["std"]
    assert mark.get_ydata()[0] == pytest.approx(own.mean())


def test_distributions_colour_splits_by_temperature_and_keep_their_area(tables):
    figure = draw("distributions", tables)
    energies = figure.axes[0]
    outlines = {patch.get_label(): patch for patch in energies.patches if str(patch.get_label()).strip("_")}
    assert set(outlines) == {"train", "val", "300K", "1200K"}
    for patch in outlines.values():
        values, edges, _ = patch.get_data()
        assert (values * np.diff(edges)).sum() == pytest.approx(1)
    cool, hot = (outlines[split].get_edgecolor() for split in ("300K", "1200K"))
    assert hot[0] > cool[0] and cool[2] > hot[2]
    row = tables["distribution_moments"].query("split == '1200K' and quantity == 'energy_per_atom'").iloc[0]
    assert f"1200K: {100 * row['outside']:.0f} % outside" in texts(figure)
    unnamed = tables["distributions"].assign(split=tables["distributions"]["split"].replace("300K", "elsewhere"))
    draw("distributions", tables, distributions=unnamed)


def test_sampling_draws_the_tables_means_over_seeds_and_the_shares(tables):
    figure = draw("sampling", tables)
    (line,) = lines(figure.axes[0], "a")
    own = tables["sampling"].query("model == 'a' and mode == 'isotropic' and n_points == 11").groupby("n_directions")["S"].mean()
    assert own.index.tolist() == [1, 2]
    assert line.get_ydata() == pytest.approx(own.to_numpy(float))
    (thinned,) = lines(figure.axes[1], "a")
    assert len(thinned.get_xdata()) == 2  # 11 points, and every fifth of them
    shares = [bar.get_height() for bar in figure.axes[2].patches]
    assert sum(shares) == pytest.approx(100) and len(shares) == 3
    assert "nothing to compare" in texts(draw("sampling", study(names=("a",), seeds=(1,)))).replace("\n", " ")


def test_temperatures_pool_the_replicas_of_all_seeds():
    pooled = importlib.import_module("nnip.figures.md_traces").pooled
    replicas = {1: np.array([300.0, 320.0, 400.0]), 2: np.array([500.0])}
    same = {"framework": "mace", "model": "a", "thermostat_K": 300.0, "time_fs": 5.0, "potential_energy_eV_per_atom": 0.0}
    rows = [
        {**same, "seed": seed, "n_alive": len(values), "temperature_mean_K": values.mean(), "total_energy_eV_per_atom": seed}
        | {"temperature_std_K": values.std(ddof=1) if len(values) > 1 else None}
        for seed, values in replicas.items()
    ]
    (row,) = pooled(frame("temperatures", rows)).to_dict("records")
    together = np.concatenate(list(replicas.values()))
    assert (row["n_alive"], row["temperature_mean_K"]) == (4, pytest.approx(together.mean()))
    assert row["temperature_std_K"] == pytest.approx(together.std(ddof=1))
    assert row["total_energy_eV_per_atom"] == pytest.approx((3 * 1 + 2) / 4)


def test_temperatures_say_what_the_axes_leave_out(tables):
    assert "cut off" not in draw("md_traces", tables).get_supxlabel().replace("\n", " ")
    hot = tables["temperatures"].copy()
    hot.loc[3, "temperature_mean_K"] = 1e6
    figure = draw("md_traces", tables, temperatures=hot)
    assert "cut off" in figure.get_supxlabel().replace("\n", " ")
    assert figure.axes[0].get_ylim()[1] < 3000


def test_toy_lines_are_the_theory(tables):
    figure = draw("toy", tables)
    noisy, true = (next(line for line in figure.axes[0].get_lines() if line.get_linestyle() == kind and len(line.get_xdata()) == 50) for kind in ":-")
    assert true.get_ydata()[[0, -1]] == pytest.approx([0.1 * np.sqrt(2 / 5), 0.1 * np.sqrt(2 / 50)])
    assert noisy.get_ydata()[[0, -1]] == pytest.approx([0.1 * np.sqrt(3 / 5), 0.1 * np.sqrt(48 / 50)])
    assert "outside the span by 0.1" in texts(figure)
