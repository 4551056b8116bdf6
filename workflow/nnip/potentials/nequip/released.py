"""The architecture of nequip 0.5.5, which made the paper's models, built from the modules of today's NequIP.

It differs from nequip.model.NequIPGNNModel in ways that no option sets. Every feature and every spherical harmonic is even (0e, 1e, 2e ...), so
products couple all degrees, including l x l -> l. Elements enter the self-connections as one-hot vectors, and the first layer as an embedding
of these. The first layer has a self-connection. The last layer keeps the degrees above 0. The readout is two linear maps.
With the same weights it gives the energies of nequip 0.5.5 (tests/potentials/test_paper.py).
Sources: nequip 0.5.5, SimpleIrrepsConfig and EnergyModel (parity: false); the paper's released hyperparameters (nequip_hyperparams.csv).
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from e3nn import o3
from nequip.data import AtomicDataDict
from nequip.model.energy_modules import _append_energy_modules
from nequip.model.utils import model_builder
from nequip.nn import ApplyFactor, AtomwiseLinear, ConvNetLayer, ForceStressOutput, GraphModel, PerTypeScaleShift, SequentialGraphNetwork
from nequip.nn._graph_mixin import GraphModuleMixin
from nequip.nn.embedding import BesselEdgeLengthEncoding, EdgeLengthNormalizer, PolynomialCutoff, SphericalHarmonicEdgeAttrs


class OneHotTypes(GraphModuleMixin, torch.nn.Module):
    """Node attributes and node features: the atoms' types as one-hot vectors, [n_atoms, n_types]."""

    def __init__(self, n_types: int) -> None:
        super().__init__()
        self.n_types = n_types
        irreps = o3.Irreps([(n_types, (0, 1))])
        self._init_irreps(irreps_in={}, irreps_out={AtomicDataDict.NODE_ATTRS_KEY: irreps, AtomicDataDict.NODE_FEATURES_KEY: irreps})
        self.register_buffer("rows", torch.eye(n_types), persistent=False)

    def forward(self, data: AtomicDataDict.Type) -> AtomicDataDict.Type:
        """Add both fields."""
        data[AtomicDataDict.NODE_ATTRS_KEY] = data[AtomicDataDict.NODE_FEATURES_KEY] = self.rows[data[AtomicDataDict.ATOM_TYPE_KEY].view(-1)]
        return data


@model_builder
def NequIP055Model(
    type_names: Sequence[str],
    r_max: float,
    num_layers: int,
    l_max: int,
    num_features: int,
    type_embed_num_features: int,
    radial_mlp_depth: int,
    radial_mlp_width: int,
    num_bessels: int,
    bessel_trainable: bool,
    polynomial_cutoff_p: int,
    parity: bool,
    avg_num_neighbors: float,
    per_type_energy_scales: float | None,
    per_type_energy_shifts: float | None,
    per_type_energy_scales_trainable: bool,
    per_type_energy_shifts_trainable: bool,
) -> GraphModel:
    """A model with the options of NequIPGNNModel; parity must be off, and type_embed_num_features is the width of the element embedding."""
    assert not parity, "only models without parity can be made"
    degrees = range(l_max + 1)
    features = o3.Irreps([(num_features, (degree, 1)) for degree in degrees])
    modules: dict[str, Any] = {"one_hot": OneHotTypes(len(type_names))}

    def add(name: str, module: type[torch.nn.Module], **options: Any) -> None:
        modules[name] = module(**options, irreps_in=modules[next(reversed(modules))].irreps_out)

    add("spharm", SphericalHarmonicEdgeAttrs, irreps_edge_sh=o3.Irreps([(1, (degree, 1)) for degree in degrees]))
    add("edge_norm", EdgeLengthNormalizer, r_max=r_max, type_names=type_names)
    lengths = {"num_bessels": num_bessels, "trainable": bessel_trainable, "cutoff": PolynomialCutoff(polynomial_cutoff_p)}
    add("bessel_encode", BesselEdgeLengthEncoding, edge_invariant_field=AtomicDataDict.EDGE_EMBEDDING_KEY, **lengths)
    # the Bessel functions of 0.5.5 have the factor 2 / r_max and divide by r; today's divide by x = r / r_max and by pi
    add("factor", ApplyFactor, in_field=AtomicDataDict.EDGE_EMBEDDING_KEY, factor=2 * math.pi / r_max**2)
    add("chemical_embedding", AtomwiseLinear, irreps_out=o3.Irreps([(type_embed_num_features, (0, 1))]))
    convolution = {"radial_mlp_depth": radial_mlp_depth, "radial_mlp_width": radial_mlp_width, "avg_num_neighbors": avg_num_neighbors}
    for layer in range(num_layers):
        kwargs = convolution | {"use_sc": True, "is_first_layer": layer == 0, "type_names": type_names}
        add(f"layer{layer}_convnet", ConvNetLayer, feature_irreps_hidden=features, convolution_kwargs=kwargs)
    add("conv_to_output_hidden", AtomwiseLinear, irreps_out=o3.Irreps([(max(1, num_features // 2), (0, 1))]))
    add("output_hidden_to_scalar", AtomwiseLinear, out_field=AtomicDataDict.PER_ATOM_ENERGY_KEY, irreps_out=o3.Irreps("1x0e"))
    rescaling = {
        "scales": per_type_energy_scales,
        "shifts": per_type_energy_shifts,
        "scales_trainable": per_type_energy_scales_trainable,
        "shifts_trainable": per_type_energy_shifts_trainable,
    }
    energies = {"field": AtomicDataDict.PER_ATOM_ENERGY_KEY, "out_field": AtomicDataDict.PER_ATOM_ENERGY_KEY}
    add("per_type_energy_scale_shift", PerTypeScaleShift, type_names=type_names, **energies, **rescaling)
    network = _append_energy_modules(model=SequentialGraphNetwork(modules), type_names=type_names, pair_potential=None)
    return ForceStressOutput(network, do_derivatives=True)
