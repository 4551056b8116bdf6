"""Defects of EMT beside EMT's own, of a multiple of it, and of surfaces on which they are lost: numbers where they mean something, else reasons."""

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from crystals import CalculatorPotential, job

from nnip.crystal import cells
from nnip.crystal.engines import CalculatorEngine
from nnip.crystal.paths import minimum_energy_path, relaxed
from nnip.crystal.reference import reference_frames
from nnip.crystal.sites import Sites, not_dumbbell, not_vacancy
from nnip.jobs.errors import InputError
from nnip.measure.defects import geometry_error_A, measure

OPTIONS = {
    "repeats": 2,
    "kinds": ["vacancy"],
    "n_images": 3,
    "fmax_eV_per_A": 0.002,
    "path_fmax_eV_per_A": 0.01,
    "n_steps": 300,
    "frames_per_batch": 4,
}


@pytest.fixture(scope="module")
def reference():
    return reference_frames({"defects": OPTIONS}, EMT)


@pytest.fixture
def measured(tmp_path, reference):
    """measured(potential, options changed): the rows of one vacancy and of its barrier, and the profile."""

    def run(potential, **changed):
        tables = measure(job(tmp_path, potential, "defects", OPTIONS | changed, reference))
        (vacancy,), (barrier,) = tables["defects"], tables["barriers"]
        return vacancy, barrier, tables["barrier_profiles"]

    return run


@pytest.mark.parametrize(("repeats", "formation", "barrier"), [(2, 0.9578, 0.3980), (3, 0.9525, 0.4085)])
def test_emts_vacancy_has_the_known_energies(repeats, formation, barrier):
    """Measured before this code, with these limits of force (32 and 108 sites); of 256 sites: 0.9521 and 0.4127 eV."""
    crystal = cells.perfect(repeats)
    first, last, _ = cells.hop(crystal)
    engine = CalculatorEngine(EMT, first)
    ends = [relaxed(engine, frame.positions, 0.005, 300)[0] for frame in (first, last)]
    bulk = CalculatorEngine(EMT, crystal).energies_forces(crystal.positions[None])[0][0]
    vacancy = engine.energies_forces(ends[0][None])[0][0]
    assert vacancy - (1 - 1 / len(crystal)) * bulk == pytest.approx(formation, abs=2e-4)
    _, energies, why = minimum_energy_path(engine, *ends, 5, 0.02, 300)
    assert why is None
    assert energies.max() - energies[0] == pytest.approx(barrier, abs=3e-4)


def test_the_reference_itself_has_no_errors(measured):
    vacancy, barrier, profile = measured(CalculatorPotential())
    assert vacancy["reason"] is None and barrier["reason"] is None
    assert vacancy["formation_energy_eV"] == pytest.approx(vacancy["reference_eV"], abs=1e-4) and vacancy["reference_eV"] == pytest.approx(
        0.9578, abs=2e-4
    )
    assert vacancy["geometry_error_A"] < 0.02
    assert barrier["error_eV"] < 1e-3 and barrier["frozen_error_eV"] < 1e-6
    assert {row["path"] for row in profile} == {"own", "frozen", "reference"} and len(profile) == 3 * 5
    energies = [row["energy_eV"] for row in profile if row["path"] == "own"]
    assert energies[0] == 0 and max(energies) == energies[2] == pytest.approx(barrier["barrier_eV"])


def test_energies_of_a_tenth_more_have_a_tenth_of_error(measured):
    vacancy, barrier, _ = measured(CalculatorPotential(1.1))
    assert vacancy["error_eV"] == pytest.approx(0.1 * vacancy["reference_eV"], abs=1e-4)
    assert barrier["error_eV"] == pytest.approx(0.1 * barrier["reference_eV"], abs=1e-3)
    assert barrier["frozen_error_eV"] == pytest.approx(0.1 * barrier["reference_eV"], abs=1e-6)


def test_the_geometry_error_by_hand(reference):
    """One atom moved by 0.1 A: each vector to its neighbours errs by that, and no other does."""
    frame = next(each for each in reference if each.info["kind"] == "vacancy")
    positions = frame.positions.copy()
    positions[20] += [0.1, 0, 0]
    n = (np.delete(frame.get_distances(20, range(len(frame)), mic=True), 20) < 1.2 * cells.NEIGHBOUR_A).sum()
    assert n in (11, 12)
    assert geometry_error_A(frame, positions) == pytest.approx(0.1 * np.sqrt(n))
    assert geometry_error_A(frame, frame.positions + np.array([0.3, -0.2, 0.1])) == pytest.approx(0, abs=1e-6), "a drift of all is no error"


def test_no_convergence_is_a_reason(measured):
    vacancy, barrier, profile = measured(CalculatorPotential(2.0), n_steps=2)
    assert vacancy["reason"].startswith("no convergence: a force of ") and vacancy["reason"].endswith(" after 2 steps")
    assert "formation_energy_eV" not in vacancy and "error_eV" not in vacancy
    assert barrier["reason"].startswith("the first end is no minimum with one vacancy: no convergence")
    assert "barrier_eV" not in barrier and barrier["frozen_barrier_eV"] > 0
    assert {row["path"] for row in profile} == {"frozen", "reference"}


def test_a_cell_thinner_than_the_cutoff_is_a_reason(measured):
    vacancy, barrier, _ = measured(CalculatorPotential(cutoff_A=8.5))
    words = "the cell is 8.0 A thick, less than the cutoff of 8.5 A: the defect meets its own image"
    assert vacancy["reason"] == barrier["reason"] == words
    assert "error_eV" not in vacancy and "frozen_barrier_eV" not in barrier


class Nan(Calculator):
    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": np.nan, "forces": np.full((len(atoms), 3), np.nan)}


def test_numbers_that_are_not_finite_are_a_reason(measured):
    vacancy, barrier, profile = measured(CalculatorPotential(make=Nan))
    assert vacancy["reason"] == "an energy or force is not finite"
    assert barrier["reason"] == "the first end is no minimum with one vacancy: an energy or force is not finite"
    assert "frozen_barrier_eV" not in barrier and {row["path"] for row in profile} == {"reference"}


def test_a_crystal_that_collapses_has_melted_or_not_converged(measured):
    """EMT upside down: all its minima are maxima."""
    vacancy, barrier, _ = measured(CalculatorPotential(-1.0), n_steps=60)
    assert vacancy["reason"].startswith(("melted: ", "two atoms fell on one another", "no convergence: "))
    assert barrier["reason"].startswith("the first end is no minimum with one vacancy: ") and "barrier_eV" not in barrier
    assert "formation_energy_eV" not in vacancy


def structures():
    crystal = cells.perfect(2)
    return crystal, Sites(crystal), cells.vacancy(crystal).positions, cells.dumbbell(crystal).positions


def test_what_is_no_vacancy_any_more():
    crystal, sites, vacancy, _ = structures()
    assert not_vacancy(sites, vacancy) is None
    assert not_vacancy(sites, vacancy + np.array([0.5, -0.4, 0.3])) is None, "a drift of all atoms is none of it"
    _, last, atom = cells.hop(crystal)
    assert not_vacancy(sites, last.positions) == f"another minimum: the vacancy went from site 0 to site {atom + 1}"
    half = 0.5 * (vacancy + last.positions)
    assert not_vacancy(sites, half).startswith(f"the vacancy closed: atom {atom} is 1.41 A from every lattice site")
    liquid = np.random.default_rng(1).uniform(0, 8, vacancy.shape)
    assert not_vacancy(sites, liquid).startswith("melted: ")
    near = vacancy.copy()
    near[3] = near[4] + [0.5, 0, 0]
    assert "two atoms fell on one another: 3 and 4 are 0.50 A apart" in (not_vacancy(sites, near) or "")


def test_what_is_no_dumbbell_any_more():
    crystal, sites, _, dumbbell = structures()
    assert not_dumbbell(sites, dumbbell) is None
    turned = dumbbell.copy()
    middle, along = crystal.positions[0], np.array([0, 1.2, 0])
    turned[0], turned[-1] = middle + along, middle - along
    assert not_dumbbell(sites, turned) == "another minimum: the dumbbell is 90 degrees from [100]"
    elsewhere = cells.dumbbell(crystal).positions - crystal.positions[0] + crystal.positions[5]
    order = [5, *range(1, 5), 0, *range(6, 33)]
    assert not_dumbbell(sites, elsewhere[order]) == "another minimum: the interstitial went to site 5"


def test_ends_of_a_path_that_are_no_minima_are_named():
    """Between two points on either side of the minimum of -cos x, at -2 and 2, the energy falls by 1 - cos 2 = 1.416 eV."""

    class Cosine:
        frame = cells.perfect(1)[:1]

        def energies_forces(self, positions):
            x = positions[:, 0, 0]
            forces = np.zeros_like(positions)
            forces[:, 0, 0] = -np.sin(x)
            return -np.cos(x), forces

    first, last = np.array([[-2.0, 0, 0]]), np.array([[2.0, 0, 0]])
    _, _, why = minimum_energy_path(Cosine(), first, last, 3, 0.05, 300)
    assert why == "an end is no minimum of the path: image 2 is 1.416 eV lower"


def test_a_reference_without_the_defect_stops_the_data_stage():
    with pytest.raises(
        InputError, match=r"defects: the reference has no vacancy in a cell of 32 sites \(no convergence: .* give larger 'defects.repeats'"
    ):
        reference_frames({"defects": OPTIONS | {"n_steps": 1}}, EMT)
