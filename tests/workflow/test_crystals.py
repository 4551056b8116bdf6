"""A small study of defects in aluminium, run for real: every measurement of crystals, the league by their errors, and the figures."""

import pytest
import yaml
from conftest import ROOT, Study, output, planned

from nnip.study.tables import read_table

EMT = {"source": "emt", "repeats": 2, "test_temperatures_K": [300], "n_test": 3, "frames_per_chunk": 2, "equilibration_fs": 20, "stride_fs": 10}
MODEL = {"layers": 1, "features": 4, "radial_mlp": [8], "epochs": 3, "batch_size": 2, "lr": 0.02, "ema_decay": None, "energy_weight": 100}
MODELS = {
    "defaults": MODEL | {"stress_weight": 1000, "cutoff_A": 4.0},
    "models": {"nequip-a": {"framework": "nequip"}, "mace-a": {"framework": "mace"}, "mace-thin": {"framework": "mace", "cutoff_A": 8.5}},
    "experiments": {"nequip": {"title": "NequIP", "models": ["nequip-a"]}, "mace": {"title": "MACE", "models": ["mace-a", "mace-thin"]}},
}
CHANGE = {
    "dataset": "al-32",
    "datasets": {"al-32": EMT | {"defects": ["none", "vacancy", "hop"], "n_event": 1}, "al-8": EMT | {"primitive": True}},
    "n_train": 12,
    "learning_curve": [],
    "training_sets": {
        "main": {"role": "main", "learn": ["energy", "forces"]},
        "c8-efs": {"pool": "al-8", "size": 12, "batch_size": 8, "models": ["nequip-a"], "measure": ["rare_events", "defects", "far_field"]},
    },
    "landscape": {"modes": ["isotropic"], "n_directions": 2, "n_points": 3, "n_frames": 2},
    "md": {"n_replicas": 2, "duration_fs": 20, "max_bond_A": None, "min_distance_A": 1.5},
    "rare_events": {"splits": ["event"]},
    "defects": {"repeats": 2, "kinds": ["vacancy"], "n_images": 1, "fmax_eV_per_A": 0.05, "path_fmax_eV_per_A": 0.2, "n_steps": 60},
    "far_field": {"repeats": 2},
    "hops": {"n_replicas": 2, "equilibration_fs": 20, "duration_fs": 100},
}
TABLES = ["rare_events", "defects", "barriers", "far_field", "hops", "training_sets", "errors", "defect_errors", "defect_scaling"]
TABLES += ["outcome_league", "outcome_within_between", "outcome_prediction"]
FIGURES = ["event_forces_mace", "barrier_profiles_nequip", "defect_scaling_nequip", "outcome_league"]
TARGETS = [*(f"results/small/tables/{name}.csv" for name in TABLES), *(f"results/small/figures/{name}.png" for name in FIGURES)]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    study = Study(tmp_path_factory.mktemp("crystals"))
    study.write_models(MODELS)
    study.write_config(CHANGE)
    run = study.snakemake(*TARGETS, "--show-failed-logs")
    assert run.returncode == 0, output(run)
    return study


@pytest.fixture
def tables(ran):
    return lambda name: read_table(name, ran.folder / f"results/small/tables/{name}.csv")


def test_every_training_has_its_rows_or_reasons(tables):
    for name, rows in (("rare_events", 2 * 4), ("defects", 4), ("barriers", 4), ("far_field", 4), ("hops", 3)):
        assert tables(name).groupby(["model", "training_set", "seed"]).size().nunique() == 1 and len(tables(name)) == rows, name
    for name in ("defects", "barriers", "hops"):
        thin = tables(name).query("model == 'mace-thin'")
        assert thin["reason"].str.startswith("the cell is 8.0 A thick, less than the cutoff of 8.5 A").all()
    defects = tables("defects")
    assert (defects["error_eV"].notna() ^ defects["reason"].notna()).all()
    assert defects["reference_eV"].between(0.95, 0.97).all() and tables("barriers")["reference_eV"].between(0.35, 0.45).all()
    events = tables("rare_events").query("split == 'event'")
    assert (events["n_atoms"] == 7).all() and (events["event_forces_rmse_eV_per_A"] > 0).all()
    assert (tables("far_field")["force_constants_error"] > 0).all()
    assert (tables("hops")["reference_rate_per_ps"] >= 0).all()


def test_what_is_learnt_is_what_the_set_says(ran, tables):
    assert tables("training_sets").set_index("training_set")["learn"].to_dict() == {"main": "energy+forces", "c8-efs": "energy+forces+stress"}
    settings = yaml.safe_load((ran.folder / "results/small/runs/nequip-a.c8-efs.seed1/train/manifest.json").read_text())["settings"][
        "hyperparameters"
    ]
    assert (settings["batch_size"], settings["stress_weight"]) == (8, 1000)
    errors = tables("errors").query("split == 'train'")
    assert set((errors["n_components"] / 3 / errors["n_frames"]).round().astype(int)) == {8, 31}


def test_the_statistics_are_made(tables):
    points = tables("defect_errors")
    assert points.empty or {"vacancy_energy_error", "vacancy_geometry_error", "barrier_error"} >= set(points["outcome"])
    for name in TABLES:
        tables(name)


def test_a_second_run_does_nothing(ran):
    assert "Nothing to be done" in output(ran.snakemake(*TARGETS))


@pytest.mark.parametrize("name", ["rare-events", "rare-events-silicon", "defects"])
def test_the_studies_are_planned(study, name):
    config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    models = yaml.safe_load((ROOT / config["models"]).read_text())
    study.write_models(models)
    study.config.write_text(yaml.safe_dump(config | {"models": str(study.models)}))
    jobs = planned(study.snakemake("--dry-run", "--quiet", "rules"))
    n = {"rare-events": 12 * 2 * 3, "rare-events-silicon": 12 * 2 * 2, "defects": 2 * 12 * 3}[name]
    assert jobs["train_model"] == n
    assert jobs.get("measure_defects", 0) == (0 if name == "rare-events-silicon" else n)
    assert jobs.get("measure_rare_events", 0) == (0 if name == "defects" else n)
