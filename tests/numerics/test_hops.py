"""Hops that are known, with drift and turning back; a melted crystal; intervals by hand; EMT beside EMT."""

import math

import numpy as np
import pytest
from ase.calculators.emt import EMT
from crystals import CalculatorPotential, job

from nnip.crystal import cells
from nnip.crystal.hops import DWELL, HopCounter, log_ratio, poisson_interval, rate
from nnip.crystal.reference import reference_frames
from nnip.crystal.sites import Sites
from nnip.measure.hops import measure

OPTIONS = {"repeats": 2, "temperature_K": 1000, "n_replicas": 2, "equilibration_fs": 40, "duration_fs": 400, "timestep_fs": 4.0, "tau_fs": 100}
OPTIONS |= {"every_fs": 20, "min_distance_A": 1.5}


def walk(sites_hopped, n_each=2 * DWELL, drift_A=0.0, seed=1):
    """Positions of a crystal whose vacancy goes from site 0 to each of these neighbours in turn, with thermal noise and a drift that grows."""
    rng, crystal = np.random.default_rng(seed), cells.perfect(2)
    at, sites = {atom: atom + 1 for atom in range(31)}, crystal.positions
    empty, shown = 0, []
    for target in [0, *sites_hopped]:
        if target != empty:
            mover = next(atom for atom, site in at.items() if site == target)
            at[mover], empty = empty, target
        for _ in range(n_each):
            positions = np.array([sites[at[atom]] for atom in range(31)]) + rng.normal(0, 0.2, (31, 3))
            shown.append(positions + drift_A * len(shown) * np.array([1.0, -0.5, 0.2]))
    return crystal, shown


def counted(sites_hopped, **options):
    crystal, shown = walk(sites_hopped, **options)
    counter = HopCounter(Sites(crystal), 0)
    for positions in shown:
        counter.see(positions)
    return counter


@pytest.mark.parametrize(("sites_hopped", "n"), [((), 0), ((1,), 1), ((1, 0), 2), ((1, 2, 3, 0), 4)])
@pytest.mark.parametrize("drift_A", [0.0, 0.012])
def test_hops_are_counted_with_and_without_drift(sites_hopped, n, drift_A):
    counter = counted(sites_hopped, drift_A=drift_A)
    assert (counter.n_hops, counter.melted) == (n, False)
    assert counter.n_counted == 2 * DWELL * (1 + len(sites_hopped))


def test_an_atom_that_turns_back_is_no_hop():
    assert counted((1, 0, 1, 0), n_each=DWELL - 1).n_hops == 0


def test_what_melts_is_counted_no_further():
    counter = counted((1,))
    liquid = np.random.default_rng(2).uniform(0, 8, (31, 3))
    n = counter.n_counted
    for _ in range(3 * DWELL):
        counter.see(liquid)
    assert counter.melted and counter.n_counted == n + DWELL and counter.n_hops == 1


def test_a_counter_goes_on_from_its_state():
    crystal, shown = walk((1, 2, 0))
    whole, first = HopCounter(Sites(crystal), 0), HopCounter(Sites(crystal), 0)
    for place, positions in enumerate(shown):
        whole.see(positions)
        if place == 13:
            first = HopCounter(Sites(crystal), 0, first.state())
        first.see(positions)
    assert whole.state() == first.state() and whole.n_hops == 3


def test_intervals_by_hand():
    """Of no event in a Poisson process the upper bound is -ln 0.025; tables give 4.795 to 18.39 for ten."""
    assert poisson_interval(0) == pytest.approx((0, -math.log(0.025)))
    assert poisson_interval(10) == pytest.approx((4.795, 18.39), abs=0.005)
    assert rate(10, 5.0)["rate_per_ps"] == 2 and rate(10, 5.0)["rate_high_per_ps"] == pytest.approx(18.39 / 5, abs=0.001)
    value, error = log_ratio(9, 10.0, 19, 10.0)
    assert (value, error) == (pytest.approx(math.log(9.5 / 19.5)), pytest.approx(math.sqrt(1 / 9.5 + 1 / 19.5)))


@pytest.fixture(scope="module")
def reference():
    return reference_frames({"hops": OPTIONS}, EMT)


def test_the_references_own_dynamics(tmp_path, reference):
    (row,) = measure(job(tmp_path, CalculatorPotential(), "hops", OPTIONS, reference))["hops"]
    assert "reason" not in row and (row["n_lost"], row["n_melted"]) == (0, 0)
    assert row["time_ps"] == pytest.approx(2 * 0.4)
    assert row["n_passes"] == 3 * 111
    assert row["rate_low_per_ps"] <= row["rate_per_ps"] <= row["rate_high_per_ps"]
    assert row["reference_low_per_ps"] <= row["rate_high_per_ps"] and row["rate_low_per_ps"] <= row["reference_high_per_ps"]


def test_a_surface_that_falls_apart_has_a_reason_and_no_rate(tmp_path, reference):
    (row,) = measure(job(tmp_path, CalculatorPotential(-1.0), "hops", OPTIONS, reference))["hops"]
    assert row["reason"] == "2 of 2 replicas melted or were lost, so the rate is none of a crystal"
    assert "rate_per_ps" not in row and "log_ratio" not in row


def test_a_cell_thinner_than_the_cutoff_is_a_reason(tmp_path, reference):
    (row,) = measure(job(tmp_path, CalculatorPotential(cutoff_A=8.5), "hops", OPTIONS, reference))["hops"]
    assert row["reason"].startswith("the cell is 8.0 A thick") and row["n_passes"] == 0
