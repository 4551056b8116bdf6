"""A small study of several molecules and of designs, run by snakemake: config/diversity.yaml in minutes."""

import numpy as np
import pytest
from conftest import CONFIG, MODELS, Study, output, planned

from nnip.data.frames import read_labelled
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table

BLOCK = CONFIG["datasets"]["ethanol"] | {
    "smiles": {"water": "O", "methanol": "CO", "ethanol": "CCO", "broken": "C1CC"},
    "test_smiles": {"dimethyl-ether": "COC", "chloromethane": "CCl", "propanol": "CCCO"},
    "n_test": 2,
    "n_conformers": 4,
    "frames_per_chunk": 6,
    "equilibration_fs": 60,
}
CHANGE = {
    "dataset": "molecules",
    "datasets": {"molecules": BLOCK},
    "n_train": 24,
    "learning_curve": [],
    "landscape": {"modes": ["isotropic"], "n_directions": 2, "n_points": 3, "n_frames": 2},
    "diversity": {
        "fixed_budget": {"n_frames": 24, "n_molecules": [1, 3]},
        "fixed_molecules": {"n_molecules": 3, "n_conformers": [8, 16]},
        "n_draws": 2,
    },
    "molecule_errors": {"larger": ["propanol"]},
    "molecule_md": {"n_replicas": 2, "duration_fs": 5},
    "select": {"model": "mace-a", "n_frames": 5},
    "domain": {"force_error_eV_per_A": 1.0},
    "md": {"n_replicas": 2, "duration_fs": 10, "start": {"molecule": "ethanol"}},
}
MODELS_OF_TWO = {
    "defaults": MODELS["defaults"] | {"features": 8, "epochs": 15},
    "models": {name: MODELS["models"][name] for name in ("nequip-a", "mace-a")},
    "experiments": {name: {"title": name, "models": [f"{name}-a"]} for name in ("nequip", "mace")},
}
SETS = [f"{point}.draw{draw}" for draw in (1, 2) for point in ("1x24", "3x8", "3x16")]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    study = Study(tmp_path_factory.mktemp("molecules"))
    study.write_models(MODELS_OF_TWO)
    study.write_config(CHANGE)
    jobs = planned(study.snakemake("--dry-run", "--quiet", "rules"))
    assert jobs["train_model"] == jobs["measure_molecule_errors"] == 2 * (1 + 6) + 2
    run = study.snakemake("--show-failed-logs")
    assert run.returncode == 0, output(run)
    return study


@pytest.fixture
def tables(ran):
    return lambda name: read_table(name, ran.folder / f"results/small/tables/{name}.csv")


def test_a_second_run_does_nothing(ran):
    assert "Nothing to be done" in output(ran.snakemake())


def test_what_cannot_be_made_is_named_in_table_and_summary(ran, tables):
    molecules = tables("molecules").set_index("molecule")
    assert molecules["reason"].dropna().to_dict() == {"broken": "'C1CC' is not a valid SMILES (example: CCO for ethanol)"}
    assert molecules["only_tested"].sum() == 3
    assert "molecule broken is left out" in (ran.folder / "results/small/summary.md").read_text()


def test_every_training_is_tested_on_every_cell(tables):
    cells = tables("cell_errors").set_index(["model", "training_set", "split"]).sort_index()
    for model in ("nequip-a", "mace-a"):
        for training_set in ("n24", *SETS):
            for split in ("300K", "900K"):
                own = cells.loc[(model, training_set, split)].set_index("cell")
                drawn = 1 if training_set.startswith("1x") else 3
                expected = {"seen": drawn, "unseen": 1, "larger": 1, "family": 4} | ({"not drawn": 3 - drawn} if drawn < 3 else {})
                assert own["n_molecules"].to_dict() == expected
                assert set(own["untested"]) == {"chloromethane"}, "no training frame has chlorine"
                assert np.isfinite(own[["forces_rmse_eV_per_A", "normalised_force_error", "energy_rmse_eV_per_atom"]].to_numpy(float)).all()


def test_draws_are_replicates_of_both_designs(ran, tables):
    sets = tables("drawn_sets").set_index("training_set")
    assert sorted(sets.index) == sorted(SETS)
    assert sets["designs"].to_dict() == {
        name: "budget" if name.startswith("1x") else "budget+molecules" if "3x8" in name else "molecules" for name in SETS
    }
    assert all(sets.loc[f"3x8.draw{draw}", "molecules"].split("+")[0] == sets.loc[f"1x24.draw{draw}", "molecules"] for draw in (1, 2))
    assert "water" not in set(sets.loc[["1x24.draw1", "1x24.draw2"], "molecules"]), "it has no carbon"
    balance = tables("balance").query("quantity == 'forces_rmse_eV_per_A'")
    assert (balance["n_draws"] == 2).all()
    found = balance.groupby(["design", "cell"])["best"].agg(["size", "sum"])
    assert (found.loc["budget", ["size", "sum"]].loc[["seen", "unseen", "family", "larger"]] == [2 * 2 * 2, 2 * 2]).all(axis=None)
    manifest = read_manifest(ran.folder / "results/small/data/sets/1x24.draw1/manifest.json")
    assert manifest["untested"] == {"chloromethane": "Cl"}


def test_domains_and_figures_are_there(ran, tables):
    domain = tables("domain")
    assert len(domain) == 2 * 7 * 2 + 2 * 2 and (domain["limit"].isna() == domain["reason"].notna()).all()
    assert tables("md_start")["formula"].unique().tolist() == ["C2H6O"]
    figures = {path.name for path in (ran.folder / "results/small/figures").glob("*.png")}
    assert {"balance.png", "domain_nequip.png", "domain_mace.png"} <= figures


def test_hot_md_of_each_molecule(tables):
    lives = tables("molecule_md")
    assert set(lives["training_set"]) == {"n24"}
    assert set(lives["molecule"]) == {"water", "methanol", "ethanol", "dimethyl-ether", "propanol"}
    known = lives[lives["reason"].isna()]
    assert len(known) == len(lives) and known["life_fs"].between(0, 5).all()


def test_chosen_frames_are_learnt_beside_the_main_ones(ran, tables):
    chosen = tables("selected")
    assert chosen.groupby("by").size().to_dict() == {"distance": 5, "random": 5} and set(chosen["model"]) == {"mace-a"}
    sets = ran.folder / "results/small/data/sets"
    counts = {name: [len(read_labelled(sets / f"{name}/{part}.xyz")) for part in ("train", "val")] for name in ("n24", "plus5.distance")}
    assert counts == {"n24": [20, 4], "plus5.distance": [24, 5]}
    gains = tables("selection_gains").set_index(["by", "split"])
    assert len(gains) == 4 and set(gains["n_train"]) == {29}
    assert gains.loc["distance", "to_random"].notna().all() and gains["to_main"].notna().all()
