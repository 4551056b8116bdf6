"""Candidates of the potential-energy surface of a really trained model: defined, or blank with a reason, and never both."""

from importlib import import_module

import pytest

from nnip.declare.registry import measurements
from nnip.measure.base import run_measurement
from nnip.study.tables import read_table

RULES = {"max_bond_A": 2.5, "min_distance_A": None, "frames_per_batch": 20}
MD = {"temperature_K": 300, "timestep_fs": 0.5, "tau_fs": 100, "initial_velocities": "maxwell-boltzmann"}
LIMITS = {"most_rotation_eV": 1e-6, "most_rotation_eV_per_A": 1e-6, "most_drift_eV_per_atom_per_ps": 1e-2}
OPTIONS = {
    "bond_scans": {"step_A": 0.1, "temperature_K": 300},
    "repulsion": {"closest_A": 0.6, "farthest_A": 1.2, "step_A": 0.2, "n_pairs": 3},
    "normal_modes": {"h_A": 0.005},
    "hot_frames": {"kept_frames": 2},
    "latent_distance": {"n_frames": 20, "n_replicas": 2, "every_fs": 2, "duration_fs": 4} | MD,
    "gates": {"n_rotations": 2, "n_replicas": 2, "temperature_K": 100, "timestep_fs": 0.25, "duration_fs": 10} | LIMITS,
}
ROWS = {"bond_scans": 1, "repulsion": 1, "normal_modes": 1, "hot_frames": 1, "latent_distance": 3, "gates": 1}
VALUES = {
    "bond_scans": ["lowest_barrier_eV", "escape_sum"],
    "repulsion": ["attracting", "lowest_energy_eV"],
    "normal_modes": ["n_negative", "lowest_per_cm", "highest_per_cm"],
    "hot_frames": ["softening_slope", "magnitude_score", "direction_score"],
    "latent_distance": ["largest", "mean"],
    "gates": ["drift"],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_trained_model_has_values_or_a_reason(trained, settings_of, frame_files, start_file, tmp_path, name):
    train, val = frame_files["molecule"]
    every = {"train": train, "val": val, "test_900K": val, "start": start_file}
    options = RULES | OPTIONS[name]
    files = {split: every[split] for split in import_module(f"nnip.measure.{name}").splits(options, list(every))}
    run_measurement(name, settings_of(), options, trained("molecule"), files, tmp_path)
    table = read_table(name, tmp_path / f"{name}.csv")
    assert len(table) == ROWS[name]
    for _, row in table.iterrows():
        assert row[VALUES[name]].isna().tolist() == [isinstance(row["reason"], str)] * len(VALUES[name])
        assert row["n_passes"] > 0 and row["wall_s"] >= 0
    if name == "gates":
        assert table["rotation_passed"].all()
    if name == "hot_frames":
        assert len(read_table("hot_forces", tmp_path / "hot_forces.csv")) == 2 * 9
    for table_name in measurements()[name].tables_made(options):
        assert (tmp_path / f"{table_name}.csv").exists()
