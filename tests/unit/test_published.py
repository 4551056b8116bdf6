"""The released raw tables: what is imported, what is noted, and that a changed file is refused."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnip.analyse.entropy import entropy_table
from nnip.data.download import fetch
from nnip.jobs.errors import InputError
from nnip.published.files import FILES, TEST_FRAMES, read_release
from nnip.published.tables import import_release
from nnip.study.model_table import load_models
from nnip.study.tables import frame

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def released(mirror):
    return mirror / "published"


@pytest.fixture(scope="module")
def tables(released):
    return import_release(released)


def test_counts(tables):
    assert tables["landscape"].groupby("model").size().tolist() == [81] * 28
    assert tables["hyperparameters"].groupby("framework")["model"].nunique().to_dict() == {"mace": 15, "nequip": 13}
    assert tables["failures"].groupby("framework").size().to_dict() == {"mace": 448, "nequip": 390}
    assert (~tables["failures"]["failed"]).groupby(tables["failures"]["framework"]).sum().to_dict() == {"mace": 13, "nequip": 36}
    replicas = tables["failures"].groupby("model").size()
    assert replicas[replicas != 30].to_dict() == {"only_rescaling": 29, "v2-swa": 29}


def test_censored_is_not_failed_at_the_end(tables):
    alive = tables["failures"][~tables["failures"]["failed"]]
    assert (alive["time_fs"] == 6000).all()
    assert (alive["reason"] == "none").all()
    assert tables["failures"]["time_fs"].min() == 1


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("no_bessel", "1 frame"),
        ("only_rescaling", "29 runs instead of 30: number 6"),
        ("v2-swa", "29 runs instead of 30: number 15"),
        ("v1_l0", "all 30 times are 251 fs"),
        ("v2_l0", "all 30 times are 389 fs"),
        ("no_rescaling", "all 30 times are 392 fs"),
        ("v2-base", "every switch as only_rescaling"),
        ("v2-base", "the same numbers as only_rescaling"),
        ("non_trainable_bessel", "every switch as 2-layer"),
        ("v2_l3", "released twice"),
        ("v2-swa", "second row of v2-ema"),
        ("only_rescaling", "no learning curve"),
        ("5-layer", "13 of 30 runs did not fail"),
        ("(all)", "stops at +-0.2469"),
    ],
)
def test_oddities_are_noted(tables, model, text):
    notes = tables["notes"]
    assert notes.loc[notes["model"] == model, "note"].str.contains(text, regex=False).any()


def test_every_released_error_is_in_one_of_two_tables(released, tables):
    release = read_release(released)
    rows = sum(len(release[f"{framework}_extrapolation_errors"]) for framework in ("nequip", "mace"))
    by_temperature = tables["errors"][tables["errors"]["split"] != "all"]
    assert len(by_temperature) + len(tables["errors_repeated"]) == 3 * rows
    assert not by_temperature.duplicated(["model", "training_set", "split"]).any()


def test_the_mislabelled_row_is_the_learning_curves_model(tables):
    """The three temperatures weighted by their test frames give the force error over all of them."""
    errors = tables["errors"].query("model == 'v2-swa' and training_set == 'n5'").set_index("split")["forces_rmse_eV_per_A"]
    together = np.sqrt(np.average(errors[["300K", "600K", "1200K"]].astype(float) ** 2, weights=TEST_FRAMES))
    assert together == pytest.approx(errors["all"], rel=1e-5)


def test_switches_bear_the_studys_names(tables):
    switches = tables["hyperparameters"].pivot(index="model", columns="name", values="value")
    assert switches.index[switches["rescale"] == "false"].tolist() == ["baseline", "no_rescaling"]
    assert switches.loc[["v1_l3", "v2_l3", "v3_l3"], "body_order"].tolist() == ["2", "3", "4"]
    assert switches.loc["v2_l0", "l_hidden"] == "0"
    assert switches.loc["2-layer, baseline", ["layers", "ema_decay", "amsgrad"]].tolist() == ["2", "null", "false"]
    assert switches.loc["v2-swa", "swa"] == "{start_epoch: 750, lr: 0.001, energy_weight: 1000.0, forces_weight: 1.0}"


def test_model_table_names_the_released_models(tables):
    models = load_models(ROOT / "config/models/published.yaml", trained=False)
    assert set(models["models"]) == set(tables["hyperparameters"]["model"])
    assert {name for experiment in models["experiments"].values() for name in experiment["models"]} == set(models["models"])


@pytest.mark.parametrize(
    ("model", "S_energy", "S_forces"),
    [("2-layer", 0.33122482895851135, 1.8021066188812256), ("no_rescaling", -0.30766597390174866, -0.05447113886475563),
     ("v2_l1", 1.1489936113357544, 2.7356936931610107)],
)  # fmt: skip
def test_entropies_are_the_authors_own(tables, model, S_energy, S_forces):
    """Against mace_entropy.csv and nequip_entropy.csv in the history of the authors' repository (commit 4c386bd), computed in single precision."""
    row = entropy_table(tables["landscape"], 0.004, 0.04, 0.2).query("model == @model and minimum == 'kept'").iloc[0]
    assert row["S_energy"] == pytest.approx(S_energy, abs=2e-6)
    assert row["S_forces"] == pytest.approx(S_forces, abs=2e-6)
    assert row["S"] == pytest.approx(0.2 * S_energy + 0.8 * S_forces, abs=2e-6)


def test_entropies_by_hand_arithmetic():
    """Three models, three points, T = 1 eV: exp(0) + 2 exp(-ln 2) = 2; 3 exp(-ln 3) = 1; exp(0) + exp(-ln 2) + exp(-ln 4) = 7/4."""
    curves = {"v": [np.log(2), 0, np.log(2)], "level": [np.log(3)] * 3, "slope": [0, np.log(2), np.log(4)]}
    rows = [
        {"framework": "mace", "model": model, "seed": 1, "mode": "paper", "split": "train", "direction": pd.NA, "t": t,
         "energy_rmse_eV_per_atom": loss, "forces_rmse_eV_per_A": 2 * loss}
        for model, losses in curves.items()
        for t, loss in zip((-0.25, 0.0, 0.25), losses, strict=True)
    ]  # fmt: skip
    table = entropy_table(frame("landscape", rows), 1.0, 2.0, 0.25).set_index(["model", "minimum"])
    for model, kept, subtracted in (("v", 2, 2), ("level", 1, 3), ("slope", 7 / 4, 7 / 4)):
        for minimum, states in (("kept", kept), ("subtracted", subtracted)):
            row = table.loc[(model, minimum)]
            assert row[["S_energy", "S_forces", "S"]].astype(float).tolist() == pytest.approx([np.log(states)] * 3)
            assert row["n_points"] == 3


def test_one_changed_byte_is_refused_and_nothing_is_made(released, tmp_path):
    mirror = tmp_path / "mirror"
    shutil.copytree(released, mirror / "published", copy_function=shutil.copyfile)
    victim = mirror / "published" / "mace_losslands.csv"
    content = bytearray(victim.read_bytes())
    content[1000] ^= 1
    victim.write_bytes(content)
    made = tmp_path / "made"
    with pytest.raises(InputError, match=r"mace_losslands\.csv.*not the published file"):
        fetch("published", "mace_losslands.csv", mirror, made)
    assert not made.exists() or not list(made.iterdir())
    assert fetch("published", "mace_learning.csv", mirror, made).is_file()


def test_a_missing_file_and_a_missing_column_are_named(released, tmp_path):
    for name in FILES:
        shutil.copyfile(released / name, tmp_path / name)
    text = (tmp_path / "nequip_explosion.csv").read_text()
    (tmp_path / "nequip_explosion.csv").write_text(text.replace("explosion", "time", 1))
    with pytest.raises(InputError, match=r"nequip_explosion\.csv: column explosion"):
        import_release(tmp_path)
    (tmp_path / "nequip_explosion.csv").unlink()
    with pytest.raises(InputError, match=r"nequip_explosion\.csv.*missing"):
        import_release(tmp_path)
