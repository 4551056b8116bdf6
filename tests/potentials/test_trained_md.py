"""Batched MD of really trained models: bit for bit the same whatever becomes of the other replicas, and ASE's dynamics."""

import json
import subprocess
import sys
from pathlib import Path

import ase.io
import ase.units
import numpy as np
import pytest
import torch
from ase.md.nvtberendsen import NVTBerendsen
from conftest import exact_on_cpu, load

from nnip.md.bonds import find_bonds
from nnip.md.simulation import simulate
from nnip.md.velocities import initial_momenta
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "measure.py"


def trajectories(potential, frame, momenta, names, duration_fs=15, max_bond_A=15.0, **changes):
    """The trajectories of all replicas, by name."""
    replicas = {name: [] for name in names}

    def observe(step, alive, positions, momenta, energies):
        for place, replica in enumerate(alive):
            replicas[names[replica]].append((positions[place].cpu().clone(), momenta[place].cpu().clone(), energies[place].cpu().clone()))

    options = {"temperature_K": 300, "timestep_fs": 1.0, "tau_fs": 50, "duration_fs": duration_fs, "max_bond_A": max_bond_A} | changes
    return simulate(potential, frame, momenta, **options, observe=observe), replicas


@exact_on_cpu
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_replica_is_bit_identical_whatever_becomes_of_the_others(trained, frames, kind, dtype, monkeypatch):
    potential = load(trained(kind, dtype=dtype))
    frame = frames[0]
    momenta = initial_momenta(frame, "maxwell-boltzmann", 300, seeds=range(7))
    _, undisturbed = trajectories(potential, frame, momenta, range(7))
    wild = momenta.clone()
    for number, replica in enumerate((0, 3, 6)):
        # an atom is shot off at 2, 4 and 8 Å/fs along each axis: each replica fails at a time of its own
        wild[replica, 0] += frame.get_masses()[0] * 2 ** (number + 1) / ase.units.fs
    exploded, disturbed = trajectories(potential, frame, wild, range(7))
    assert [ending.replica for ending in exploded.endings if ending.failed] == [0, 3, 6]
    assert len({ending.time_fs for ending in exploded.endings if ending.failed}) > 1
    cases = [(disturbed, [1, 2, 4, 5])]
    # memory for four at once, the one at rest included, from the third step on
    evaluate, calls = potential.energies_forces, []

    def want_memory(graph):
        calls.append(len(graph.n_atoms))
        if len(calls) > 3 and calls[-1] > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return evaluate(graph)

    with monkeypatch.context() as patched:
        patched.setattr(potential, "energies_forces", want_memory)
        in_parts, replicas = trajectories(potential, frame, momenta, range(7))
    assert in_parts.replicas_per_batch == 2 and calls[:6] == [8, 8, 8, 8, 5, 3]
    cases.append((replicas, list(range(7))))
    cases += [(trajectories(potential, frame, momenta[list(names)], names)[1], names) for names in ([5, 2], [4])]
    for replicas, names in cases:
        for name in names:
            assert len(replicas[name]) == len(undisturbed[name]) == 16
            for now, before in zip(replicas[name], undisturbed[name], strict=True):
                assert all(torch.equal(one, two) for one, two in zip(now, before, strict=True))


def test_replicas_of_a_batch_each_follow_ases_nvtberendsen(potential, frames):
    frame = frames[0]
    momenta = initial_momenta(frame, "maxwell-boltzmann", 300, seeds=range(2))
    _, replicas = trajectories(potential, frame, momenta, range(2), duration_fs=25)
    for replica in range(2):
        reference = frame.copy()
        reference.set_momenta(momenta[replica].numpy())
        reference.calc = potential.calculator()
        dynamics = NVTBerendsen(reference, 1.0 * ase.units.fs, temperature_K=300, taut=50 * ase.units.fs)
        for step, _ in enumerate(dynamics.irun(25)):
            assert np.abs(replicas[replica][step][0].numpy() - reference.positions).max() < 1e-7
            assert float(replicas[replica][step][2]) == pytest.approx(reference.get_potential_energy(), abs=1e-6)


def test_the_script_writes_failures(trained, settings_of, start_file, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(SCRIPT.parents[1]))
    options = {"n_replicas": 3, "temperature_K": 300, "timestep_fs": 1.0, "tau_fs": 50, "duration_fs": 30}
    options |= {"initial_velocities": "maxwell-boltzmann"}
    start = ase.io.read(start_file)
    tables = {}
    longest_A = float(find_bonds(start).lengths_A(torch.tensor(start.positions)[None]).max())
    for name, max_bond_A in (("calm", 50.0), ("strict", longest_A + 1e-4)):
        common = ["--name", "md", "--settings", json.dumps(settings_of()), "--options", json.dumps(options | {"max_bond_A": max_bond_A})]
        common += ["--train-directory", str(trained("molecule")), "--directory", str(tmp_path / name)]
        common += ["--frames", f"start={start_file}"]
        done = subprocess.run([sys.executable, SCRIPT, *common], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        tables[name] = read_table("failures", tmp_path / name / "failures.csv")
        assert tables[name]["replica"].tolist() == [0, 1, 2]
    assert not tables["calm"]["failed"].any()
    assert tables["calm"]["time_fs"].tolist() == [30] * 3
    assert set(tables["calm"]["reason"]) == {"none"}
    manifest = read_manifest(tmp_path / "calm" / "manifest.json")
    assert manifest["n_failed"] == 0
    assert manifest["start"] == {"formula": "C2H6O", "start": start.info["origin"]}
    started = read_table("md_start", tmp_path / "calm" / "md_start.csv")
    assert started[["model", "formula", "start"]].to_numpy().tolist() == [["tiny", "C2H6O", start.info["origin"]]]
    assert manifest["n_steps"] == 30
    assert manifest["longest_bond_A"] > 1.4
    assert manifest["final_temperature_K"] > 0
    assert len(set(manifest["seeds"].values())) == 3
    strict = tables["strict"]
    assert strict["failed"].all()
    assert set(strict["reason"]) == {"bond"}
    assert (strict["distance_A"] > longest_A).all()
    assert read_manifest(tmp_path / "strict" / "manifest.json")["final_temperature_K"] is None
