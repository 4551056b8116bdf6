"""Histograms and moments with known answers: of weights by part of the model, and of the data's splits."""

import ase.build
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.data.distributions import UNITS, bond_lengths_A, distributions
from nnip.potentials.frameworks import choices
from nnip.potentials.weight_statistics import group_of, grouped, histogram, moments
from nnip.study.tables import frame


@pytest.mark.parametrize(
    ("framework", "parameter", "group"),
    [
        ("nequip", "model.func.type_embed.embed_module.weight", "embedding"),
        ("nequip", "model.func.bessel_encode.bessel_weights", "radial network"),
        ("nequip", "model.func.layer0_convnet.conv.linear_1.weight", "linear"),
        ("nequip", "model.func.layer0_convnet.conv.edge_mlp.mlp.0.weight", "radial network"),
        ("nequip", "model.func.layer1_convnet.conv.sc.weight", "self-connection"),
        ("nequip", "model.func.per_atom_energy_readout.mlp_module.mlp.0.weight", "readout"),
        ("nequip", "model.func.output_hidden_to_scalar.linear.weight", "linear"),
        ("nequip", "model.func.per_type_energy_scale_shift.scales", "other"),
        ("mace", "node_embedding.linear.weight", "embedding"),
        ("mace", "interactions.0.linear_up.weight", "linear"),
        ("mace", "interactions.0.conv_tp_weights.layer0.weight", "radial network"),
        ("mace", "interactions.0.skip_tp.weight", "self-connection"),
        ("mace", "products.0.symmetric_contractions.contractions.0.weights_max", "products"),
        ("mace", "products.0.linear.weight", "linear"),
        ("mace", "readouts.1.linear_2.weight", "readout"),
        ("mace", "radial_embedding.bessel_fn.bessel_weights", "radial network"),
        ("mace", "attention.heads", "other"),
    ],
)
def test_parts_of_a_framework_by_its_parameters_names(framework, parameter, group):
    assert group_of(parameter, choices(framework).PARAMETER_GROUPS) == group


def test_every_weight_is_counted_once_in_its_group_and_once_in_all():
    rng = np.random.default_rng(0)
    parameters = {"a.linear.weight": rng.normal(size=(3, 4)), "b.linear.weight": rng.normal(size=5), "heads": rng.normal(size=2)}
    parts = grouped(parameters, {"linear": "linear"})
    assert {name: len(values) for name, values in parts.items()} == {"all": 19, "linear": 17, "other": 2}
    for values in parts.values():
        rows = histogram(values, 7)
        assert sum(row["count"] for row in rows) == len(values)
        assert rows[-1]["bin_high"] == -rows[0]["bin_low"] == np.abs(values).max()
        assert rows[3]["bin_low"] == pytest.approx(-rows[3]["bin_high"])
    zeros = histogram(np.zeros(4), 2)
    assert [(row["bin_low"], row["bin_high"], row["count"]) for row in zeros] == [(-1.0, 0.0, 0), (0.0, 1.0, 4)]


def test_moments_of_a_normal_of_a_uniform_and_of_constants():
    rng = np.random.default_rng(1)
    normal = moments(rng.normal(0.5, 2.0, 200_000))
    assert normal["mean"] == pytest.approx(0.5, abs=0.02)
    assert normal["std"] == pytest.approx(2.0, rel=0.01)
    assert normal["excess_kurtosis"] == pytest.approx(0, abs=0.05)
    uniform = moments(rng.uniform(-1, 1, 200_000))
    assert uniform["excess_kurtosis"] == pytest.approx(-1.2, abs=0.02)
    assert uniform["near_zero"] == pytest.approx(0.01, abs=0.001)
    constant = moments(np.zeros(4))
    assert constant["near_zero"] == 1 and np.isnan(constant["excess_kurtosis"])
    assert sum(row["count"] for row in histogram(np.zeros(4), 3)) == 4


def labelled(atoms, energy, forces):
    atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces)
    return atoms


def hydrogen(length_A, energy, force):
    return labelled(Atoms("H2", positions=[[0, 0, 0], [0, 0, length_A]]), energy, [[0, 0, force], [0, 0, -force]])


def test_bonds_of_a_molecule_and_across_the_border_of_a_crystal():
    assert len(bond_lengths_A(ase.build.molecule("CH3CH2OH"))) == 2 * 8
    aluminium = ase.build.bulk("Al", a=4.05)  # one atom: all neighbours are its images
    lengths = bond_lengths_A(aluminium)
    assert lengths == pytest.approx(np.full(12, 4.05 / 2**0.5))
    aluminium.positions += 1.7
    aluminium.wrap()
    assert bond_lengths_A(aluminium) == pytest.approx(lengths)


def test_known_frames_give_known_counts_and_shares_outside():
    train = [hydrogen(0.70, -2.0, 1.0), hydrogen(0.78, -1.0, 2.0)]
    hot = [hydrogen(0.74, -1.6, 1.5), hydrogen(0.80, 0.0, 4.0), hydrogen(0.66, -1.2, -0.5), hydrogen(0.72, -1.0, 1.0)]
    rows, summaries = distributions({"train": train, "900K": hot}, 10)
    counts, moments = frame("distributions", rows), frame("distribution_moments", summaries).set_index(["quantity", "split"])
    sizes = counts.groupby(["split", "quantity"])["count"].sum()
    for quantity, per_frame in {"energy_per_atom": 1, "force_component": 6, "force_norm": 2, "bond_length": 1}.items():
        assert sizes["train", quantity] == 2 * per_frame
        assert sizes["900K", quantity] == 4 * per_frame
    assert moments.loc[("energy_per_atom", "train"), "lowest"] == 0
    assert moments.loc[("energy_per_atom", "900K"), "highest"] == pytest.approx(1.0)
    assert moments.loc[("bond_length", "900K"), "mean"] == pytest.approx((0.74 + 0.80 + 0.66 + 0.72) / 4)
    assert moments["outside"].to_dict() == {
        ("energy_per_atom", "train"): 0,
        ("energy_per_atom", "900K"): 0.25,  # 0.0 eV
        ("force_component", "train"): 0,
        ("force_component", "900K"): pytest.approx(2 / 24),  # 4 and -4 eV/A
        ("force_norm", "train"): 0,
        ("force_norm", "900K"): 0.5,  # 4 above, 0.5 below
        ("bond_length", "train"): 0,
        ("bond_length", "900K"): 0.5,
    }
    assert set(counts["unit"]) == set(UNITS.values())


def test_frames_without_bonds_have_no_lengths():
    far = [hydrogen(5.0, 0.0, 0.0), hydrogen(6.0, 0.1, 0.0)]
    rows, _ = distributions({"train": far, "val": far}, 4)
    assert {row["quantity"] for row in rows} == set(UNITS) - {"bond_length"}
