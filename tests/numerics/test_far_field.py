"""Force constants and stresses of EMT beside EMT's own and of a multiple of it; of a spring by hand; elastic constants against known ones."""

import numpy as np
import pytest
from ase.calculators.emt import EMT
from ase.units import GPa
from crystals import CalculatorPotential, job

from nnip.crystal import cells
from nnip.crystal.reference import reference_frames
from nnip.crystal.response import elastic_constants_eV_per_A3, force_constants, strained
from nnip.measure.far_field import measure

OPTIONS = {"repeats": 2, "h_A": 0.01, "strain": 0.01, "frames_per_batch": 5}


@pytest.fixture(scope="module")
def reference():
    return reference_frames({"far_field": OPTIONS}, EMT)


@pytest.mark.parametrize("factor", [1.0, 1.1, 0.7])
def test_a_multiple_of_the_reference_errs_by_its_share(tmp_path, reference, factor):
    (row,) = measure(job(tmp_path, CalculatorPotential(factor), "far_field", OPTIONS, reference))["far_field"]
    assert row["reason"] is None and row["n_sites"] == 32
    assert row["force_constants_error"] == pytest.approx(abs(factor - 1), abs=1e-5)
    stresses = np.array([frame.get_stress(voigt=False) for frame in reference if frame.info["kind"] == "strained"])
    assert row["stress_rmse_eV_per_A3"] == pytest.approx(abs(factor - 1) * np.sqrt((stresses**2).mean()), abs=1e-7)
    assert row["C11_GPa"] == pytest.approx(factor * row["C11_reference_GPa"], rel=1e-5)
    assert row["C44_GPa"] == pytest.approx(factor * row["C44_reference_GPa"], rel=1e-5)


def test_elastic_constants_are_second_derivatives_of_the_energy(reference):
    """C11 from energies of strained cells, apart from stresses."""
    frames = [frame for frame in reference if frame.info["kind"] == "strained"]
    crystal = cells.perfect(1)
    crystal.calc = EMT()
    rest, volume, e = crystal.get_potential_energy(), crystal.cell.volume, OPTIONS["strain"]
    constants = elastic_constants_eV_per_A3(np.array([frame.get_stress(voigt=False) for frame in frames]), e)
    energies = [frame.get_potential_energy() - rest for frame in frames]
    assert constants["C11"] / GPa == pytest.approx((energies[0] + energies[1]) / (e * e * volume) / GPa, rel=0.03)
    # a shear of e off the diagonal costs 2 C44 e^2 of volume
    assert constants["C44"] / GPa == pytest.approx((energies[6] + energies[7]) / (4 * e * e * volume) / GPa, rel=0.03)


def test_a_spring_by_hand():
    """Two atoms on a spring of 3 eV/A^2 along x: the first moved by h pulls itself back and the second along."""
    h, k = 0.01, 3.0
    forces = np.zeros((6, 2, 3))
    for place, sign in ((0, 1), (1, -1)):
        forces[place, :, 0] = [-k * sign * h, k * sign * h]
    constants = force_constants(forces, h)
    assert constants[0, :, 0] == pytest.approx([k, -k])
    assert np.abs(constants[1:]).max() == 0


def test_strained_cells_are_in_voigts_order_with_both_signs():
    cubes = list(strained(cells.perfect(1), 0.02))
    tensors = np.array([cube.cell.array / cells.LATTICE_CONSTANT_A - np.eye(3) for cube in cubes])
    assert tensors[0, 0, 0] == pytest.approx(0.02) and tensors[1, 0, 0] == pytest.approx(-0.02)
    assert tensors[6, 1, 2] == tensors[6, 2, 1] == pytest.approx(0.02)
    assert tensors.sum(axis=0) == pytest.approx(np.zeros((3, 3)))


def test_numbers_that_are_not_finite_are_a_reason(tmp_path, reference):
    (row,) = measure(job(tmp_path, CalculatorPotential(float("nan")), "far_field", OPTIONS, reference))["far_field"]
    assert row["reason"] == "a force or a stress is not finite"
    assert "force_constants_error" not in row and row["C11_reference_GPa"] > 0
