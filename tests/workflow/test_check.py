"""Models that the frameworks' own commands trained outside the workflow, in order by one measurement, without training or hot MD."""

import subprocess

import yaml
from ase.build import molecule
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from conftest import CONFIG, ROOT, Study, output, planned
from tblite.ase import TBLite

from nnip.jobs.environments import interpreter
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table

SPECIES = ["H", "C", "O"]


def label(folder, name, n, stdev):
    """A file of n shaken frames of ethanol, labelled by GFN2-xTB."""
    frames = []
    for i in range(n):
        atoms = molecule("CH3CH2OH")
        atoms.rattle(stdev, seed=i)
        atoms.calc = TBLite(method="GFN2-xTB", verbosity=0)
        atoms.calc = SinglePointCalculator(atoms, energy=atoms.get_potential_energy(), forces=atoms.get_forces())
        frames.append(atoms)
    write(folder / name, frames, format="extxyz")
    return folder / name


def nequip_config(file):
    """What a user of nequip-train writes, for a minute's training."""
    loader = {"_target_": "torch.utils.data.DataLoader", "batch_size": 4}
    transforms = [
        {"_target_": "nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper", "model_type_names": SPECIES},
        {"_target_": "nequip.data.transforms.NeighborListTransform", "r_max": 4.0},
    ]
    loss = {"_target_": "nequip.train.EnergyForceLoss", "coeffs": {"total_energy": 1.0, "forces": 1.0}}
    return {
        "run": ["train"],
        "data": {
            "_target_": "nequip.data.datamodule.ASEDataModule",
            "seed": 1,
            "train_file_path": str(file),
            "val_file_path": str(file),
            "transforms": transforms,
            "train_dataloader": loader,
            "val_dataloader": loader,
            "stats_manager": {"_target_": "nequip.data.CommonDataStatisticsManager", "type_names": SPECIES},
        },
        "trainer": {
            "_target_": "lightning.Trainer",
            "accelerator": "cpu",
            "max_epochs": 2,
            "logger": False,
            "enable_progress_bar": False,
            "callbacks": [{"_target_": "lightning.pytorch.callbacks.ModelCheckpoint", "dirpath": ".", "save_top_k": -1}],
        },
        "training_module": {
            "_target_": "nequip.train.EMALightningModule",
            "loss": loss,
            "val_metrics": loss,
            "optimizer": {"_target_": "torch.optim.Adam", "lr": 0.01},
            "model": {
                "_target_": "nequip.model.NequIPGNNModel",
                "seed": 1,
                "model_dtype": "float32",
                "type_names": SPECIES,
                "r_max": 4.0,
                "num_layers": 2,
                "l_max": 1,
                "parity": False,
                "num_features": 4,
                "radial_mlp_depth": 1,
                "radial_mlp_width": 8,
                "avg_num_neighbors": "${training_data_stats:num_neighbors_mean}",
                "per_type_energy_scales": "${training_data_stats:forces_rms}",
                "per_type_energy_shifts": "${training_data_stats:per_atom_energy_mean}",
            },
        },
        "hydra": {"run": {"dir": "."}},
    }


def train_nequip(folder, file):
    """The checkpoints of both epochs of a bare nequip-train."""
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(nequip_config(file)))
    command = [(ROOT / interpreter("nequip")).parent / "nequip-train", "-cp", str(folder), "-cn", "config"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return sorted(folder.glob("*.ckpt"))


def train_mace(folder, file):
    """The model file of a bare mace_run_train."""
    folder.mkdir()
    options = {"name": "mine", "train_file": file, "valid_file": file, "E0s": "average", "hidden_irreps": "4x0e", "num_interactions": 1}
    options |= {"max_ell": 1, "radial_MLP": "[8]", "r_max": 4.0, "max_num_epochs": 2, "batch_size": 4, "device": "cpu", "seed": 1}
    options |= {"energy_key": "energy", "forces_key": "forces", "default_dtype": "float32"}
    command = [(ROOT / interpreter("mace")).parent / "mace_run_train", *(f"--{key}={value}" for key, value in options.items())]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "mine.model"


def test_models_trained_elsewhere_without_md(tmp_path):
    train, hot = label(tmp_path, "train.xyz", 20, 0.02), label(tmp_path, "hot.xyz", 6, 0.15)
    files = dict(zip(("early", "late"), train_nequip(tmp_path / "nequip", train), strict=True)) | {"only": train_mace(tmp_path / "mace", train)}
    study = Study(tmp_path)
    models = {name: {"framework": "mace" if name == "only" else "nequip", "trained": str(file)} for name, file in files.items()}
    study.write_models({"models": models, "experiments": {"a": {"title": "a", "models": ["early", "late"]}, "b": {"title": "b", "models": ["only"]}}})
    change = {
        "dataset": "mine",
        "datasets": {"mine": {"source": "extxyz", "train": str(train), "test": {"hot": str(hot)}}},
        "learning_curve": [],
        "landscape": CONFIG["landscape"] | {"modes": ["isotropic"]},
        "training": {"refit_energy_shift": False},
        "trust": dict.fromkeys(files, "trained by this test"),
        "gates": {"n_replicas": 2, "duration_fs": 5, "n_rotations": 2},
        "md": {"n_replicas": 0},
        "league": {"chosen": {"quantity": "train_forces_rmse"}},
    }
    study.write_config(change)
    jobs = planned(study.snakemake("--dry-run", "--quiet", "rules"))
    assert jobs["measure_errors"] == jobs["measure_landscape"] == 3 and "measure_md" not in jobs
    run = study.snakemake()
    assert run.returncode == 0, output(run)
    results = study.folder / "results/small"
    errors = read_table("errors", results / "tables/errors.csv")
    errors = errors[errors["split"] == "train"].set_index("model")["forces_rmse_eV_per_A"].to_dict()
    page = (results / "summary.md").read_text()
    first, second = sorted(("early", "late"), key=errors.__getitem__)
    line = f"**nequip**, by the training force RMSE, without hot MD: {first} ({errors[first]:.3g}) should last longest"
    assert 0 < errors[first] < errors[second] and f"{line}, then {second} ({errors[second]:.3g})." in page
    assert f"**mace**, by the training force RMSE, without hot MD: only ({errors['only']:.3g}) is the only model." in page
    assert (results / "figures/rmse_mace.png").exists() and (results / "tables/si/mace_entropy.csv").exists()
    assert "No hot MD was run." in page and not (results / "tables/failures.csv").exists()
    assert read_manifest(results / "runs/only.n20.seed1/train/manifest.json")["epochs"] == 0, "nothing was trained"
    study.write_config(change | {"md": {"n_replicas": 2, "duration_fs": 10}})
    jobs = planned(study.snakemake("--dry-run", "--quiet", "rules"))
    assert jobs["measure_md"] == 3 and not {"train_model", "measure_landscape", "measure_gates"} & jobs.keys(), "hot MD is added to what there is"
