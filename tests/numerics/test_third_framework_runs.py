"""The third framework of tests/third_framework trains and runs behind the framework interface, in any Python that has torch."""

import ase.io
import pytest
from analytic import MorsePotential, ethanol, labelled

SETTINGS = {
    "run": "pairs.n30.seed1",
    "framework": "pairs",
    "model": "pairs",
    "training_set": "n30",
    "n_train": 30,
    "noise": 0.0,
    "seed": 1,
    "root_seed": 1,
    "device": "cpu",
    "refit_energy_shift": True,
    "max_hours": None,
    "hyperparameters": {"layers": 1, "l_max": 0, "n_bessel": 12, "cutoff_A": 5.0, "dtype": "float64", "energy_weight": 1, "forces_weight": 10},
}


def test_it_is_trained_by_its_command_loaded_and_measured(in_third_framework, tmp_path):
    for name, n, seed in (("train", 24, 1), ("val", 6, 2), ("test", 8, 3)):
        ase.io.write(tmp_path / f"{name}.xyz", labelled(MorsePotential(ethanol()), n, seed), format="extxyz")
    found = in_third_framework(
        """
        from pathlib import Path

        import torch

        from nnip.potentials.evaluation import Batches, errors
        from nnip.data.frames import read_labelled
        from nnip.landscape.directions import draw_directions
        from nnip.landscape.losses import line
        from nnip.landscape.training_loss import TrainingLoss
        from nnip.study.manifest import read_manifest
        from nnip.potentials.loading import load
        from nnip.training import train

        Path("train").mkdir()
        train(given["settings"], "train.xyz", "val.xyz", "train")
        manifest = read_manifest("train/manifest.json")
        assert manifest["status"] == "ok", manifest["reason"]
        potential = load("train")
        frames = read_labelled("test.xyz")
        batches = Batches(potential, frames, 5)
        loss = TrainingLoss(batches, 1.0, 10.0)
        bare = frames[0].copy()
        bare.calc = potential.calculator()
        _, forces = potential.energies_forces(potential.graph(frames[:1]))
        directions = draw_directions(potential, "isotropic", [1, 2])
        replicas = potential.energies_forces(potential.replicas(frames[1], 3))[0]
        found = {
            "packages": manifest["packages"],
            "forces_rmse_eV_per_A": errors(batches).forces_rmse_eV_per_A,
            "size_eV_per_A": float(forces.pow(2).mean().sqrt()),
            "calculator_eV_per_A": float(abs(bare.get_forces() - forces.numpy()).max()),
            "line": [row["forces_rmse_eV_per_A"] for row in line(batches, directions[0], [-0.1, 0.0, 0.1])],
            "gradient": float(loss.gradient().norm()),
            "features": list(potential.node_features(potential.graph(frames)).shape),
            "replicas": replicas.tolist(),
        }
        """,
        settings=SETTINGS,
    )
    assert "pyyaml" in found["packages"]
    assert found["forces_rmse_eV_per_A"] < 0.5 * found["size_eV_per_A"]
    assert found["calculator_eV_per_A"] < 1e-10
    assert found["line"][1] == pytest.approx(found["forces_rmse_eV_per_A"])
    assert found["line"][1] < min(found["line"][0], found["line"][2])
    assert found["gradient"] > 0
    assert found["features"] == [72, 1]
    assert found["replicas"] == pytest.approx([found["replicas"][0]] * 3)
