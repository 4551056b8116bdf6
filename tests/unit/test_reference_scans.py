"""Bond scans labelled by GFN2-xTB: geometry, labels that are its own, and what is refused."""

import ase
import ase.io
import numpy as np
import pytest
from ase.build import molecule as built
from ase.calculators.singlepoint import SinglePointCalculator
from ase.data import covalent_radii

from nnip.data import molecule, xtb
from nnip.data.reference_scans import make_reference_scans
from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest


def start(folder, smiles, positions):
    frame = xtb.gfn2_atoms(molecule.from_smiles(smiles), positions)
    frame.calc = SinglePointCalculator(frame, energy=frame.get_potential_energy(), forces=frame.get_forces())
    ase.io.write(folder / "start.xyz", frame, format="extxyz")
    return folder / "start.xyz"


def test_scans_of_water(tmp_path):
    file = start(tmp_path, "O", built("H2O").positions)
    make_reference_scans("O", 5, file, tmp_path / "scans", 1)
    frames = ase.io.read(tmp_path / "scans" / "frames.xyz", ":")
    manifest = read_manifest(tmp_path / "scans" / "manifest.json")
    assert (manifest["n_bonds"], manifest["not_converged"]) == (2, 10 - len(frames))
    assert not (tmp_path / "scans" / "chunks").exists()
    radii = covalent_radii[[8, 1]].sum()
    for frame in frames:
        i, j = frame.info["bond_i"], frame.info["bond_j"]
        assert frame.get_distance(i, j) == pytest.approx(frame.info["length_A"], abs=1e-6)
        assert frame.arrays["moved"][[i, j]].tolist() == [0, 1]
        fresh = xtb.gfn2_atoms(molecule.from_smiles("O"), frame.positions, accuracy=xtb.LABEL_ACCURACY)
        assert frame.get_potential_energy() == pytest.approx(fresh.get_potential_energy(), abs=1e-5)
        assert frame.get_forces() == pytest.approx(fresh.get_forces(), abs=1e-4)
    first = [frame.info["length_A"] for frame in frames if frame.info["bond_j"] == frames[0].info["bond_j"]]
    assert first == pytest.approx(np.linspace(0.5 * radii, 2 * radii, 5)) or len(frames) < 10


def test_bonds_in_rings_alone_are_refused(tmp_path):
    positions = [[0, 0, 0], [2.0, 0, 0], [1.0, 1.8, 0], [1.0, 0.6, 1.6]]
    file = start(tmp_path, "P12P3P1P23", positions)
    with pytest.raises(InputError, match="all bonds of 'P12P3P1P23' are in rings"):
        make_reference_scans("P12P3P1P23", 5, file, tmp_path / "scans", 1)


@pytest.mark.parametrize("formula", ["HOH", "H2O2"])
def test_a_start_that_is_not_the_molecule_is_refused(tmp_path, formula):
    ase.io.write(tmp_path / "start.xyz", ase.Atoms(formula, positions=np.eye(4, 3)[: len(ase.Atoms(formula))]), format="extxyz")
    with pytest.raises(InputError, match=r"the start of the MD .* is not 'O' with its atoms in the order"):
        make_reference_scans("O", 5, tmp_path / "start.xyz", tmp_path / "scans", 1)
