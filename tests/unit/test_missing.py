"""What a study lacks: said once, with reasons; and statistics and figures of what is left."""

import numpy as np
import pandas as pd
import pytest
from made_up_study import HORIZON_FS, draw, study, texts, with_statistics

from nnip.jobs.errors import InputError
from nnip.report.si_tables import entropy_table, error_table
from nnip.report.summary import summary
from nnip.study.missing import check_something_is_left, in_words, missing
from nnip.study.tables import frame

MEASURED = ("landscape", "directions", "errors", "failures", "temperatures", "planes", "weights", "weight_moments")


def training(model, n_train=20, status="ok", reason=None, seed=1):
    row = {"framework": "mace", "model": model, "training_set": f"n{n_train}", "seed": seed, "status": status, "device": "cpu", "reason": reason}
    return frame("trainings", [row])


def test_every_training_without_a_model_is_listed_with_its_reason():
    runs = {
        "a.n20.seed1": training("a"),
        "b.n20.seed1": training("b", status="diverged", reason="the validation loss is nan"),
        "b.n10.seed1": training("b", 10, "failed", "out of memory"),
    }
    lost = missing(runs, ["a.n20.seed1", "b.n20.seed1"])
    assert lost["run"].tolist() == ["b.n20.seed1", "b.n10.seed1"]
    assert lost["without"].tolist() == ["errors, landscapes, MD", "errors"]
    assert in_words(lost) == ["b (mace; n20.seed1) diverged: the validation loss is nan", "b (mace; n10.seed1) failed: out of memory"]
    check_something_is_left(lost, ["a.n20.seed1", "b.n20.seed1"])
    assert missing({"a.n20.seed1": training("a")}, ["a.n20.seed1"]).empty


def test_where_nothing_is_left_one_message_says_how_each_ended_and_what_to_do():
    runs = {f"b.n20.seed{seed}": training("b", status="diverged", reason="the validation loss is nan", seed=seed) for seed in range(5)}
    runs |= {"a.n20.seed1": training("a", status="failed", reason="out of memory"), "a.n10.seed1": training("a", 10)}
    main = [name for name in runs if ".n20" in name]
    with pytest.raises(InputError) as raised:
        check_something_is_left(missing(runs, main), main)
    text = str(raised.value)
    assert "none of the 6 trainings on all frames gave a model" in text
    assert "b (mace; 5 trainings) diverged: the validation loss is nan" in text and "a (mace; n20.seed1) failed: out of memory" in text
    assert "lower 'lr'" in text and "the same command again" in text
    many = {f"m{i}.n20.seed1": training(f"m{i}", status="failed", reason=None) for i in range(50)}
    with pytest.raises(InputError, match=r"m19 \(mace; n20.seed1\) failed: no reason known\n  and 30 more kinds"):
        check_something_is_left(missing(many, list(many)), list(many))


SINGULAR = "{} ended with status 1; its last line (of {}.log): numpy.linalg.LinAlgError: Singular matrix"


def shared_failure(*reasons, status="failed"):
    """The message about trainings that all failed, one model a reason."""
    runs = {f"m{i}.n20.seed1": training(f"m{i}", status=status, reason=reason) for i, reason in enumerate(reasons)}
    for i, rows in enumerate(runs.values()):
        rows["framework"] = ["mace", "nequip"][i % 2]
    with pytest.raises(InputError) as raised:
        check_something_is_left(missing(runs, list(runs)), list(runs))
    return str(raised.value)


def test_one_reason_of_all_models_points_to_the_data_and_not_to_the_model_table():
    text = shared_failure(SINGULAR.format("python", "mace_run_train"), SINGULAR.format("nequip-train", "nequip-train"))
    assert "All 2, of 2 models (mace and nequip), failed for one reason:\n  numpy.linalg.LinAlgError: Singular matrix\n" in text
    assert "look there first" in text and "model table" not in text
    text = shared_failure(*["train.xyz: frame 3 has no forces; nothing was trained"] * 3)
    assert "All 3, of 3 models" in text and "\n  train.xyz: frame 3 has no forces; nothing was trained\n" in text


def test_reasons_of_the_models_still_point_to_the_model_table():
    memory = "out of memory: killed; give the job more, or the model a smaller batch_size (python was killed by SIGKILL)"
    for text in (
        shared_failure(SINGULAR.format("python", "mace_run_train"), "no epoch of 3 improved the untrained model's validation loss (3)"),
        shared_failure(*["the validation loss is nan after 1 epochs"] * 2, status="diverged"),
        shared_failure(memory, memory),
        shared_failure("x"),
        shared_failure(None, None),
    ):
        assert "in the model table" in text and "for one reason" not in text


@pytest.fixture(scope="module")
def whole():
    return study(names=("a", "b", "c"), modes=("isotropic",))


def twice(one):
    """The tables twice, under two frameworks' names."""
    one = dict(one)
    for name in ("models", "trainings", *MEASURED):
        other = one[name].assign(framework="nequip", model="n" + one[name]["model"])
        if name == "models":
            other = other.assign(experiment="n" + other["experiment"])
        one[name] = frame(name, pd.concat([one[name], other], ignore_index=True))
    return one


def without(tables, query):
    """The tables where the trainings of a query diverged."""
    tables = dict(tables)
    trainings = tables["trainings"].copy()
    hit = trainings.eval(query)
    trainings.loc[hit, ["status", "reason"]] = ["diverged", "the validation loss is nan"]
    gone = set(trainings.loc[hit, ["framework", "model", "seed"]].itertuples(index=False, name=None))
    for name in MEASURED:
        keys = tables[name][["framework", "model", "seed"]].itertuples(index=False, name=None)
        tables[name] = frame(name, tables[name][[key not in gone for key in keys]].reset_index(drop=True))
    return tables | {"trainings": trainings}


def ended(tables, **columns):
    return tables | {"failures": frame("failures", tables["failures"].assign(**columns))}


def infinite(tables, table, models):
    columns = ["energy_rmse_eV_per_atom", "forces_rmse_eV_per_A"]
    values = tables[table].copy()
    values.loc[values["model"].isin(models), columns] = np.inf
    return tables | {table: frame(table, values)}


def blank(tables, column, split=None):
    """The tables where one label is missing from one split, or from all frames with energies or forces."""
    blanked = dict(tables)
    for name in ("errors",) if split else ("errors", "landscape", "planes"):
        values = tables[name].copy()
        values.loc[values["split"] == split if split else values.index, column] = pd.NA
        blanked[name] = frame(name, values)
    return blanked


LEFT = {
    "a framework": lambda tables: without(twice(tables), "framework == 'nequip'"),
    "one seed of one model": lambda tables: without(tables, "model != 'a' or seed == 2"),
    "no time": lambda tables: ended(tables, time_fs=0.0, failed=True, reason="nonfinite") | {"temperatures": frame("temperatures", [])},
    "no failure": lambda tables: ended(tables, time_fs=HORIZON_FS, failed=False, reason="none"),
    "one infinite landscape": lambda tables: infinite(tables, "landscape", ["a"]),
    "no finite landscape": lambda tables: infinite(tables, "landscape", ["a", "b", "c"]),
    "one infinite error": lambda tables: infinite(tables, "errors", ["a"]),
    "no finite error": lambda tables: infinite(tables, "errors", ["a", "b", "c"]),
    "no forces of one split": lambda tables: blank(tables, "forces_rmse_eV_per_A", "600K"),
    "no forces": lambda tables: blank(tables, "forces_rmse_eV_per_A"),
    "no energies": lambda tables: blank(tables, "energy_rmse_eV_per_atom"),
}
SAID = {
    "a framework": "na (nequip; n100.seed1, n100.seed2) diverged: the validation loss is nan.",
    "one seed of one model": "a (mace; n100.seed2) diverged",
    "no time": "12 of 12 replicas of a (mace) failed at the start frame (time to failure 0).",
    "no failure": "None of 12 replicas of b (mace) failed: the time to failure is censored",
    "one infinite landscape": "The landscape of a (mace) is infinite everywhere",
    "no finite landscape": "The landscape of c (mace) is infinite everywhere",
}
# the figures that a kind of lack reaches
FIGURES = {
    "a framework": "experiments effects landscapes correlations learning_curves slopes rmse kaplan_meier sensitivity sampling weights md_traces",
    "one seed of one model": "trends flatness noise scaling",
    "no time": "kaplan_meier md_traces",
    "no failure": "kaplan_meier",
    "one infinite landscape": "sensitivity",
    "no finite landscape": "landscapes flatness sampling",
    "one infinite error": "slopes",
    "no finite error": "learning_curves rmse scaling",
    "no forces of one split": "rmse slopes learning_curves scaling",
    "no forces": "rmse experiments landscapes landscape_entropy planes flatness slopes learning_curves sensitivity sampling effects correlations",
    "no energies": "rmse experiments landscapes landscape_entropy planes flatness slopes learning_curves sensitivity sampling noise",
}


def test_blank_errors_are_skipped_and_not_counted_as_zero(whole):
    """600 K without forces: the slope is through 300 K and 1200 K, all test frames are those of these two; energies are as before."""
    tables = with_statistics(blank(whole, "forces_rmse_eV_per_A", "600K"))
    errors = whole["errors"].query("model == 'a' and seed == 1 and training_set == 'n100'").set_index("split")["forces_rmse_eV_per_A"].astype(float)
    one = "framework == 'mace' and model == 'a' and seed == 1"
    slope = tables["extrapolation"].query(one)
    assert slope["n_temperatures"].tolist() == [2]
    assert slope["slope_eV_per_A_per_K"].iloc[0] == pytest.approx((errors["1200K"] - errors["300K"]) / 900)
    summaries = tables["error_summaries"].query(one).set_index("frames")
    assert summaries["forces_rmse_eV_per_A"]["all"] == pytest.approx(np.sqrt((errors["300K"] ** 2 + errors["1200K"] ** 2) / 2))
    assert tables["errors"].query("split == '600K'")["energy_rmse_eV_per_atom"].notna().all()


def test_landscapes_without_one_of_the_labels_have_no_entropy(whole):
    tables = with_statistics(blank(whole, "forces_rmse_eV_per_A"))
    assert tables["entropy"].empty and tables["sampling"].empty and tables["sensitivity"].empty
    assert "S" not in set(tables["predictors"]["quantity"]) and "train_energy_rmse" in set(tables["predictors"]["quantity"])


@pytest.mark.parametrize("left", LEFT)
def test_statistics_summary_and_figures_of_what_is_left(left, whole):
    tables = with_statistics(LEFT[left](whole))
    trainings = tables["trainings"].query("training_set == 'n100'").reset_index(drop=True)
    runs = {f"{row.model}.{row.training_set}.seed{row.seed}": trainings.iloc[[row.Index]] for row in trainings.itertuples()}
    tables["missing"] = missing(runs, list(runs))
    page = summary("left", tables, 0.95, "train")
    assert ("## What is missing" in page) == (left in SAID)
    assert SAID.get(left, "") in page
    for framework in dict.fromkeys(tables["models"]["framework"]):
        assert entropy_table(tables["models"], tables["entropy"], tables["survival"], tables["failures"], framework, "train").markdown()
        assert error_table(tables["models"], tables["errors"], tables["training_sets"], framework).markdown()
    for name in FIGURES[left].split():
        framework = "nequip" if left == "a framework" else "mace"
        figure = draw(name, tables, framework=framework)
        figure.draw_without_rendering()
        if left == "no finite landscape" and name in ("landscapes", "flatness"):
            assert "Nothing to draw" in texts(figure)
        if left == "a framework" and name not in ("effects", "correlations"):
            assert "Nothing to draw of NequIP" in texts(figure)
