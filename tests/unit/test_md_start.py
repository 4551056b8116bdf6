"""Where hot MD starts: the frame of lowest energy among frames whose energies compare."""

from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.data.frames import lowest_energy


def frame(formula, energy_eV, x=0.0):
    atoms = Atoms(formula, positions=[[x + i, 0, 0] for i in range(len(Atoms(formula)))])
    atoms.calc = SinglePointCalculator(atoms, energy=energy_eV)
    return atoms


def test_the_commonest_composition_is_taken_and_its_lowest_frame():
    frames = [frame("H2O", -5.0), frame("CO2", -90.0), frame("H2O", -7.0, x=3.0), frame("H2O", -7.0, x=4.0)]
    start = lowest_energy(frames)
    assert start.get_chemical_formula() == "H2O"
    assert start.positions[0, 0] == 3.0, "the first of equals"
    assert start.calc is None


def test_isolated_atoms_are_no_start_unless_there_is_nothing_else():
    atoms = [frame("C", -1000.0), frame("C", -1001.0), frame("C", -1002.0)]
    assert len(lowest_energy([*atoms, frame("H2O", -5.0)])) == 3
    assert lowest_energy(atoms).get_chemical_formula() == "C"
