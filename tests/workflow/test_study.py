"""A whole small study of both frameworks, run once by snakemake and then asked about."""

import json

import ase.io
import pytest
from conftest import BESIDE, MODELS, ROOT, Study, output, planned

from nnip.analyse.entropy import main_lines
from nnip.data.frames import read_labelled
from nnip.declare.registry import figures as declared
from nnip.jobs.environments import interpreter
from nnip.study.tables import read_table


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    study = Study(tmp_path_factory.mktemp("study"))
    study.write_config(BESIDE)
    run = study.snakemake()
    assert run.returncode == 0, output(run)
    return study


@pytest.fixture
def tables(ran):
    return lambda name: read_table(name, ran.folder / f"results/small/tables/{name}.csv")


def test_a_second_run_does_nothing(ran):
    assert "Nothing to be done" in output(ran.snakemake())


def test_every_training_is_in_the_table(tables):
    trainings = tables("trainings")
    assert len(trainings) == len(MODELS["models"]) * 2 + 2
    good = trainings[trainings["model"] != "mace-hot"]
    assert set(good["status"]) == {"ok"}
    assert (good["epochs"] == 12).all()


def test_a_diverged_training_is_a_result(tables):
    hot = tables("trainings").query("model == 'mace-hot'")
    assert len(hot) == 2 and set(hot["status"]) <= {"diverged", "failed"}
    assert hot["reason"].notna().all()
    for table in ("errors", "landscape", "failures"):
        assert "mace-hot" not in set(tables(table)["model"])
    missing = tables("missing")
    assert missing["run"].tolist() == ["mace-hot.n20.seed1", "mace-hot.n10.seed1"]
    assert missing["without"].tolist() == ["errors, landscapes, MD", "errors"]
    assert set(missing["reason"]) == set(hot["reason"])


def test_the_training_sets(tables):
    sets = tables("training_sets").set_index("training_set")
    assert sets["role"].to_dict() == {"n20": "main", "n10": "curve", "n10.forces-noise0.5": "beside"}
    noisy = sets.loc["n10.forces-noise0.5"]
    assert (noisy["learn"], noisy["noise_label"], noisy["noise"], noisy["n_train"]) == ("forces", "forces", 0.5, 10)
    assert noisy["noise_sigma_eV_per_A"] > 0


def test_noise_runs_are_measured_on_noisy_and_on_clean_frames(ran, tables):
    noisy = tables("errors").query("training_set == 'n10.forces-noise0.5'")
    assert noisy.groupby("model")["split"].apply(set).eq({"train", "val", "train_clean", "300K", "900K"}).all()
    assert set(noisy["model"]) == {"nequip-a", "mace-a"}
    rmse = noisy.pivot_table(index="model", columns="split", values="forces_rmse_eV_per_A")
    assert (rmse["train"] > rmse["train_clean"]).all()  # so small a model cannot learn the noise
    for run in ("nequip-a.n10.forces-noise0.5.seed1", "mace-a.n10.forces-noise0.5.seed1"):
        settings = json.loads((ran.folder / f"results/small/runs/{run}/train/manifest.json").read_text())["settings"]
        assert (settings["hyperparameters"]["energy_weight"], settings["hyperparameters"]["forces_weight"]) == (0, 1001)


def test_models_of_the_main_training_set_alone_are_measured_in_full(ran, tables):
    rows = tables("errors").groupby(["model", "seed", "training_set", "split"]).size()
    assert (rows == 1).all()
    measured = sorted(path.parent.parent.name for path in (ran.folder / "results/small/runs").glob("*/md/failures.csv"))
    assert measured == sorted(f"{model}.n20.seed1" for model in MODELS["models"])


def test_the_other_models_are_measured_in_full(tables):
    landscape = main_lines(tables("landscape"), "train")
    assert landscape.groupby(["model", "mode"]).size().eq(2 * 5).all()
    assert set(landscape["mode"]) == {"isotropic", "paper"}
    assert tables("failures").groupby("model").size().eq(3).all()
    errors = tables("errors")
    assert (
        errors[~errors["training_set"].str.contains("noise")]
        .groupby(["model", "training_set"])["split"]
        .apply(set)
        .map({"train", "val", "300K", "900K"}.__eq__)
        .all()
    )
    assert (errors["forces_rmse_eV_per_A"] > 0).all()


def test_the_centre_of_a_landscape_is_the_training_error(tables):
    """The same frames through two stages: all 16 training frames would be needed for equality, so the landscape's 8 must be within a factor two."""
    centre = main_lines(tables("landscape"), "train").query("t == 0 and mode == 'isotropic'").groupby("model")["forces_rmse_eV_per_A"].mean()
    errors = tables("errors").query("split == 'train' and training_set == 'n20'").set_index("model")["forces_rmse_eV_per_A"]
    assert ((centre / errors).between(0.5, 2)).all()


def test_landscapes_beside_the_main_line_are_rows_of_their_own(ran, tables):
    every, planes = tables("landscape"), tables("planes")
    main = main_lines(every, "train").query("model == 'nequip-a' and mode == 'isotropic'").reset_index(drop=True)
    tests, frozen = (every[rows].reset_index(drop=True) for rows in (every["split"] != "train", every["frozen"].notna()))
    assert len(main) == len(tests) == len(frozen) == 2 * 5 and len(planes) == 3 * 3
    assert set(tests["split"]) == {"test_900K"} and tests["frozen"].isna().all() and set(frozen["frozen"]) == {"radial"}
    assert set(frozen["split"]) == {"train"}
    assert set(planes["model"]) == {"mace-a"} and {"nequip-a"} == set(tests["model"]) == set(frozen["model"])
    kept, moved = (frozen["forces_rmse_eV_per_A"].to_numpy() == main["forces_rmse_eV_per_A"].to_numpy())[main["t"].to_numpy() == 0], frozen["t"] != 0
    assert kept.all(), "at the trained weights nothing is displaced"
    assert (frozen[moved]["forces_rmse_eV_per_A"].to_numpy() != main[main["t"] != 0]["forces_rmse_eV_per_A"].to_numpy()).all()
    folder = ran.folder / "results/small/runs/nequip-a.n20.seed1"
    manifests = [json.loads((folder / f"landscape-isotropic{end}/manifest.json").read_text()) for end in ("", "-test_900K", "-frozen-radial")]
    assert manifests[0]["seeds"] == manifests[1]["seeds"] == manifests[2]["seeds"]
    assert manifests[2]["frozen_parameters"] and all("edge_mlp" in name for name in manifests[2]["frozen_parameters"])
    assert not {"test_splits", "frozen", "variants"} & set(manifests[0]["settings"]["landscape"])
    figures = {path.name for path in (ran.folder / "results/small/figures").glob("*.png")}
    assert {"planes_mace.png", "landscape_splits_nequip.png", "frozen_nequip.png"} <= figures
    assert not {"planes_nequip.png", "landscape_splits_mace.png", "frozen_mace.png"} & figures


def test_temperatures_are_recorded_and_the_toy_system_is_fitted(ran, tables):
    failures = tables("failures")
    assert set(tables("temperatures")["model"]) == set(failures["model"])
    for model, own in tables("temperatures").groupby("model"):
        ended = failures[failures["model"] == model]
        alive = [int((~ended["failed"] | (ended["time_fs"] > time)).sum()) for time in (0, 10, 20, 30, 40)]
        assert own["n_alive"].tolist() == [n for n in alive if n]
        assert own["time_fs"].tolist() == [10.0 * step for step in range(len(own))]
        assert 500 < own["temperature_mean_K"].iloc[0] < 3000
    assert tables("toy").groupby("error").size().eq(2).all()
    assert {"md_traces_mace.png", "md_traces_nequip.png", "toy.png"} <= {path.name for path in (ran.folder / "results/small/figures").iterdir()}


def test_weights_data_and_sampling_have_their_tables(ran, tables):
    weights = tables("weights").query("group == 'all'").groupby("model")["count"].sum()
    parameters = tables("trainings").query("training_set == 'n20' and model != 'mace-hot'").set_index("model")["n_parameters"]
    assert weights.to_dict() == parameters.to_dict()
    energies = tables("distributions").query("quantity == 'energy_per_atom'").groupby("split")["count"].sum()
    assert energies.to_dict() == {"train": 16, "val": 4, "300K": 6, "900K": 6}
    own = tables("sampling").query("n_directions == 2 and n_points == 5").set_index(["model", "mode"])["S"]
    kept = main_lines(tables("entropy"), "train").query("minimum == 'kept'").set_index(["model", "mode"])["S"]
    assert (own - kept.loc[own.index]).abs().max() < 1e-9
    assert tables("resolution")["n_models"].tolist() == [2] * 4
    assert "Another draw of directions would reverse" in (ran.folder / "results/small/details.md").read_text()


def test_figures_and_summary_exist(ran):
    figures = ran.folder / "results/small/figures"
    assert {path.stem for path in figures.glob("*.png")} == {path.stem for path in figures.glob("*.pdf")}
    drawn = {path.stem.removesuffix("_mace").removesuffix("_nequip") for path in figures.glob("*.png")}
    of_other_studies = {name for name, figure in declared().items() if figure.category in ("Rare events and defects", "Molecules")}
    assert drawn == set(declared()) - of_other_studies - {"scaling"}, "the literature it compares with is of other data"
    lacking = (ran.folder / "results/small/summary.md").read_text().split("## What is missing")[1].split("##")[0]
    assert "- mace-hot (mace; " in lacking


def test_manifests_say_what_made_the_results(ran):
    paths = sorted((ran.folder / "results/small").rglob("manifest.json"))
    assert len(paths) >= 1 + 10 + 10 + 10 + 5
    for path in paths:
        manifest = json.loads(path.read_text())
        assert {"stage", "settings", "settings_sha256", "seeds", "device", "wall_s", "packages"} <= set(manifest)


def test_one_models_row_reruns_only_what_depends_on_it(ran, table):
    models = table()
    models["models"]["nequip-b"]["lr"] = 0.004
    ran.write_models(models)
    try:
        jobs = planned(ran.snakemake("-n"))
    finally:
        ran.write_models(MODELS)
    assert jobs["train_model"] == 2
    assert jobs["measure_errors"] == 2
    assert jobs["measure_landscape"] == 2
    assert jobs["measure_md"] == 1
    assert jobs["measure_weights"] == 1
    assert not {"prepare_data", "measure_distributions"} & set(jobs)


def test_hot_md_starts_from_the_lowest_frame_of_training_which_the_tables_and_the_summary_name(ran, tables):
    frames = [frame for part in ("train", "val") for frame in read_labelled(ran.folder / f"results/small/data/sets/n20/{part}.xyz")]
    lowest = min(frames, key=lambda frame: frame.get_potential_energy())
    start = ase.io.read(ran.folder / "results/small/data/start/start.xyz")
    assert (start.positions == lowest.positions).all() and (start.numbers == lowest.numbers).all() and start.calc is None
    starts = tables("md_start")
    assert sorted(starts["model"]) == ["mace-a", "mace-b", "nequip-a", "nequip-b"]
    assert set(starts["formula"]) == {"C2H6O"} and set(starts["start"]) == {lowest.info["origin"]}
    assert f"Hot MD of C2H6O ({lowest.info['origin']})." in (ran.folder / "results/small/summary.md").read_text()


def test_another_start_reruns_md_alone_and_hides_no_other_change(ran, table):
    ran.write_config(BESIDE | {"md": BESIDE["md"] | {"start": {"file": str(ran.folder / "results/small/data/test_300K.xyz"), "frame": 2}}})
    models = table()
    models["models"]["nequip-b"]["lr"] = 0.004
    try:
        jobs = planned(ran.snakemake("-n"))
        ran.write_models(models)
        more = planned(ran.snakemake("-n"))
    finally:
        ran.write_config(BESIDE)
        ran.write_models(MODELS)
    assert (jobs["choose_start"], jobs["measure_md"]) == (more["choose_start"], more["measure_md"]) == (1, 5)
    assert not {"train_model", "measure_errors", "measure_landscape", "prepare_data", "make_training_set"} & set(jobs)
    assert more["train_model"] == 2


def test_another_environment_reruns_its_framework_alone(ran):
    other = ran.folder / "python-of-mace"
    other.symlink_to(ROOT / interpreter("mace"))
    ran.write_config(BESIDE | {"python": {"nequip": str(ROOT / interpreter("nequip")), "mace": str(other)}})
    try:
        jobs = planned(ran.snakemake("-n"))
    finally:
        ran.write_config(BESIDE)
    assert jobs["train_model"] == 7
    assert "prepare_data" not in jobs


def test_a_start_that_is_refused_after_the_trainings_trains_nothing_again(ran):
    ran.write_config(BESIDE | {"md": BESIDE["md"] | {"max_bond_A": 1.0}})
    try:
        run = ran.snakemake("results/small/data/start/start.xyz", "--show-failed-logs")
    finally:
        ran.write_config(BESIDE)
    assert run.returncode != 0 and "'md.max_bond_A' is 1, but in the start frame" in output(run)
    assert not (ran.folder / "results/small/data/start/start.xyz").exists()
    jobs = planned(ran.snakemake("-n", "results/small/data/start/start.xyz", "results/small/summary.md"))
    assert jobs["choose_start"] == 1 and "train_model" not in jobs


def test_a_lost_result_is_made_again_and_is_the_same(ran):
    lost = next((ran.folder / "results/small/runs").glob("nequip-a.n20.*/md/failures.csv"))
    before = lost.read_bytes()
    lost.unlink()
    run = ran.snakemake(str(lost.relative_to(ran.folder)))
    assert run.returncode == 0, output(run)
    assert lost.read_bytes() == before
