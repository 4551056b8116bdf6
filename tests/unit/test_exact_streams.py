"""Random streams: one per use, none shared; a seed spells all it is for, with something between its parts."""

from itertools import combinations

import numpy as np
import pytest
from ase import Atoms
from known_study import correlated, drawn, known

from nnip.analyse.toy import toy
from nnip.data.extxyz import labelled
from nnip.data.noise import noisy, spread, with_noise
from nnip.study.seeds import derive
from nnip.study.tables import frame


def test_a_seed_is_the_first_31_bits_of_the_hash():
    assert derive(1, "md", "mace-base", 3) == 899423656  # 0x6b383b51 >> 1, of SHA-256 of "1/md/mace-base/3"
    assert derive(1) == 901994809
    assert derive(12, "a") == 2015851192


def test_parts_of_a_name_do_not_run_together():
    ways = [(1, "ab", 12), (1, "ab1", 2), (1, "a", "b", 12), (11, "ab", 2), (1, "ab", 1, 2), (1, "ab", 12, ""), (1, 12, "ab"), (1, "AB", 12)]
    assert len({derive(*way) for way in ways}) == len(ways)


def lives(framework="mace", model="a", seed=1):
    key = {"framework": framework, "model": model, "seed": seed, "failed": True, "reason": "bond"}
    return frame("failures", [key | {"replica": i, "time_fs": float(t)} for i, t in enumerate((100, 210, 330, 470))])


def test_replicas_of_every_training_are_drawn_apart():
    kinds = [{}, {"framework": "nequip"}, {"model": "b"}, {"seed": 2}, {"model": "a1", "seed": 1}, {"seed": 11}]
    draws = [next(iter(drawn(lives(**kind), n_bootstrap=40).values())) for kind in kinds]
    draws += [next(iter(drawn(lives(), n_bootstrap=40, seed=seed).values())) for seed in (2, 11)]
    for one, other in combinations(draws, 2):
        assert not np.array_equal(one, other)
    assert np.array_equal(draws[0], next(iter(drawn(lives(), n_bootstrap=40).values())))


def test_every_correlation_and_study_seed_has_resamples_of_its_own():
    x = np.arange(8.0) ** 1.5
    y = np.array([1.0, 0, 3, 2, 5, 9, 4, 7])

    def low(framework="mace", predictor="S", outcome="rmst_fs", **settings):
        sides = [
            known(side, {name: {f"m{i}": [value] for i, value in enumerate(values)}}, framework)
            for side, name, values in (("predictors", predictor, x), ("outcomes", outcome, y))
        ]
        return correlated(*sides, predictor, outcome, n_bootstrap=200, n_permutation=10, **settings)[0]["pearson_low"]

    found = [low(), low(framework="nequip"), low(predictor="S_energy"), low(outcome="extrapolation_slope"), low(seed=2)]
    assert len(set(found)) == len(found)
    assert low() == found[0]


def test_every_row_of_the_toy_system_has_its_own_draws(monkeypatch):
    monkeypatch.setitem(toy.__globals__, "fitted_errors", lambda n, p, sigma, misfit, rng: rng.random(3))
    options = {"n_features": 2, "misfits": [0, 0.1], "n_points": [5, 50], "sigmas": [0, 0.1], "n_repeats": 2}
    found = [*toy(options, seed=1)["rmse"], *toy(options, seed=2)["rmse"]]
    assert len(set(found)) == len(found) == 48


def frames():
    made = [Atoms("H2", positions=[[0, 0, 0], [0, 0, 1]]), Atoms("H3", positions=[[0, 0, 0], [0, 0, 1], [0, 0, 2]])]
    return [labelled(made[0], 4.0, np.array([[1.0, 3, 1], [3, 1, 3]]), "one"), labelled(made[1], 12.0, np.full((3, 3), 2.0), "two")]


def test_the_spread_of_labels():
    """Forces 1 and 3 three times each, 2 nine times: sqrt(6 / 15). Energies per atom 2 and 4: 1."""
    assert spread(frames(), "forces") == pytest.approx(0.63245553)
    assert spread(frames(), "energy") == pytest.approx(1.0)


def test_noise_is_the_streams_normal_numbers():
    clean, numbers = frames(), np.random.default_rng(7).standard_normal(15)
    noisy = np.concatenate([a.get_forces().ravel() for a in with_noise(clean, "forces", 0.5, 7)])
    assert noisy == pytest.approx(np.concatenate([a.get_forces().ravel() for a in clean]) + 0.5 * numbers)
    energies = [a.get_potential_energy() for a in with_noise(clean, "energy", 0.5, 7)]
    assert energies == pytest.approx([4 + 0.5 * 2 * numbers[0], 12 + 0.5 * 3 * numbers[1]])


def test_noise_of_each_label_has_its_own_stream():
    assert len({noisy(frames(), label, 0.1, root)[2] for label, root in (("forces", 7), ("energy", 7), ("forces", 8))}) == 3


def test_noise_is_in_standard_deviations_of_the_label():
    """0.5 of 0.632456 eV/A; 2 of 1 eV/atom."""
    for label, sigma, sizes in (
        ("forces", 0.5, {"standard_deviation_eV_per_A": 0.63245553, "noise_sigma_eV_per_A": 0.31622777}),
        ("energy", 2.0, {"standard_deviation_eV_per_atom": 1.0, "noise_sigma_eV_per_atom": 2.0}),
    ):
        made, found, seed = noisy(frames(), label, sigma, 7)
        assert found == pytest.approx(sizes)
        numbers = np.random.default_rng(seed).standard_normal(15)
        if label == "forces":
            assert np.concatenate([(a.get_forces() - b.get_forces()).ravel() for a, b in zip(made, frames(), strict=True)]) == pytest.approx(
                0.31622777 * numbers
            )
        else:
            assert [atoms.get_potential_energy() for atoms in made] == pytest.approx([4 + 4 * numbers[0], 12 + 6 * numbers[1]])
