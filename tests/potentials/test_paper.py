"""The models of config/models/paper.yaml as their frameworks build them for training, by the framework's own command up to its first step."""

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import ase.build
import ase.io
import numpy as np
import pytest
import torch
import yaml
from conftest import labelled

ROOT = Path(__file__).parents[2]


def read_table():
    """Rows of the model table, complete; without nnip.study.config, whose packages this environment lacks."""
    keys = yaml.safe_load((ROOT / "workflow/schemas/models.schema.yaml").read_text())["$defs"]["model"]["properties"]
    defaults = {name: key["default"] for name, key in keys.items() if "default" in key}
    table = yaml.safe_load((ROOT / "config/models/paper.yaml").read_text())
    return {name: defaults | table["defaults"] | row for name, row in table["models"].items()}


TABLE = read_table()
FRAMEWORK = "nequip" if importlib.util.find_spec("nequip") else "mace"

# weights and nothing else; docs/reproduction.md has the paper's own counts
N_PARAMETERS = {
    **dict.fromkeys(("2-layer", "non_trainable_bessel"), 593_184),
    **dict.fromkeys(("rescaling", "baseline", "2-layer, baseline", "2-layer, AMSGrad-only", "2-layer, EMA-only"), 593_192),
    "3-layer": 1_060_640,
    "4-layer": 1_528_096,
    **dict.fromkeys(("5-layer", "5-layer, baseline", "5-layer, AMSGrad-only", "5-layer, EMA-only"), 1_995_552),
    "v1_l0": 975_120,
    "v2_l0": 977_168,
    "v2_l1": 1_703_184,
    "v2_l2": 2_760_976,
    "v1_l3": 3_582_224,
    **dict.fromkeys(("v2_l3", "no_bessel", "v2-base", "v2-amsgrad", "v2-ema", "v2-swa", "only_rescaling"), 3_603_728),
    **dict.fromkeys(("rescaling+bessel", "no_rescaling"), 3_603_736),
    "v3_l3": 3_769_616,
}


@dataclass
class Built:
    """A model and all that is about to train it."""

    module: torch.nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.ReduceLROnPlateau
    training: SimpleNamespace

    @property
    def parameters(self):
        return dict(self.module.named_parameters())

    @property
    def n_parameters(self):
        return sum(parameter.numel() for parameter in self.module.parameters())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Frames of the four elements of 3BPA."""
    folder = tmp_path_factory.mktemp("acetamide")
    rng = np.random.default_rng(0)
    for part, n in (("train", 10), ("val", 2)):
        ase.io.write(folder / f"{part}.xyz", [labelled(ase.build.molecule("CH3CONH2"), rng, 0.06) for _ in range(n)], format="extxyz")
    return folder / "train.xyz", folder / "val.xyz"


class StartOfTrainingError(Exception):
    """Where training would begin; carries what it was given."""


def nequip(row, files, monkeypatch):
    import hydra.core.hydra_config
    import nequip.scripts.train as command
    from omegaconf import OmegaConf

    from nnip.potentials.nequip.config import build_config

    def begin(run, model, **_):
        raise StartOfTrainingError(run.__self__, model)

    config = build_config(row, ["H", "C", "N", "O"], *files, "cpu", {"weights": 1, "batches": 2})
    monkeypatch.setattr(command, "_run_with_suppressed_leafspec_warning", begin)
    place = SimpleNamespace(runtime=SimpleNamespace(output_dir="."))
    monkeypatch.setattr(hydra.core.hydra_config.HydraConfig, "get", staticmethod(lambda: place))
    OmegaConf.clear_resolver("training_data_stats")
    with pytest.raises(StartOfTrainingError) as start:
        command.main.__wrapped__(OmegaConf.create(config))
    trainer, module = start.value.args
    optimizers = module.configure_optimizers()
    return Built(module.model, optimizers["optimizer"], optimizers["lr_scheduler"]["scheduler"], SimpleNamespace(trainer=trainer, module=module))


def mace(row, files, monkeypatch):
    from nnip.potentials.mace import launcher, training

    def begin(**arguments):
        raise StartOfTrainingError(arguments)

    Path("mace.yaml").write_text(yaml.safe_dump(training.build_options(row, *files, "cpu", 1)))
    monkeypatch.setattr(sys, "argv", ["launcher", "--config", "mace.yaml"])
    monkeypatch.setattr(launcher.command.tools, "train", begin)
    for path, name in PATCHED:
        module = importlib.import_module(path)
        monkeypatch.setattr(module, name, getattr(module, name))
    with pytest.raises(StartOfTrainingError) as start:
        launcher.main()
    arguments = start.value.args[0]
    return Built(arguments["model"], arguments["optimizer"], arguments["lr_scheduler"].lr_scheduler, SimpleNamespace(**arguments))


# what the launcher replaces in mace, for a process that trains one model
PATCHED = (
    ("mace.modules.blocks", "BesselBasis"),
    ("mace.modules.symmetric_contraction", "U_matrix_real"),
    ("mace.cli.run_train", "get_params_options"),
    ("mace.tools.torch_geometric.dataloader", "DataLoader"),
)


@pytest.fixture(scope="module")
def build(files, tmp_path_factory):
    """Builds a row of the model table."""

    def make(row):
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(tmp_path_factory.mktemp("build"))
            return globals()[FRAMEWORK](row, files, patched)

    return make


@pytest.fixture(scope="module")
def forces_rms(files):
    forces = np.concatenate([atoms.get_forces() for atoms in ase.io.read(files[0], ":")])
    return np.sqrt((forces**2).mean())


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row["framework"] == FRAMEWORK])
def test_a_model_is_built_with_all_its_switches(build, forces_rms, name):
    row, built = TABLE[name], build(TABLE[name])
    assert built.n_parameters == N_PARAMETERS[name]
    assert any("bessel" in parameter for parameter in built.parameters) == row["bessel_trainable"]
    in_optimizer = {id(parameter) for group in built.optimizer.param_groups for parameter in group["params"]}
    assert in_optimizer == {id(parameter) for parameter in built.module.parameters()}
    for group in built.optimizer.param_groups:
        assert (group["lr"], group["amsgrad"]) == (0.005, row["amsgrad"])
    assert (built.scheduler.factor, built.scheduler.patience) == (0.8, 50)
    globals()[f"check_{FRAMEWORK}"](row, built, forces_rms)


def check_nequip(row, built, forces_rms):
    trainer, module = built.training.trainer, built.training.module
    model = module.model["sole_model"].model.func
    assert type(module).__name__ == ("NequIPLightningModule" if row["ema_decay"] is None else "EMALightningModule")
    assert row["ema_decay"] is None or module.ema.decay == 0.99
    assert sum(name.endswith("_convnet") for name, _ in model.named_children()) == row["layers"]
    for layer in range(1, row["layers"]):
        assert str(model.get_submodule(f"layer{layer}_convnet").irreps_in["node_features"]) == "64x0e+64x1e+64x2e+64x3e"
    assert str(model.spharm.irreps_edge_sh) == "1x0e+1x1e+1x2e+1x3e"
    scale_shift = model.per_type_energy_scale_shift
    assert scale_shift.scales.numel() == scale_shift.shifts.numel() == row["rescale"]
    if row["rescale"]:
        assert scale_shift.scales.item() == pytest.approx(forces_rms, rel=1e-4)
    group = built.optimizer.param_groups[0]
    assert (group["weight_decay"], group["eps"]) == pytest.approx((5e-7 / 1001, 1e-8 / 1001))
    assert (trainer.max_epochs, trainer.gradient_clip_val) == (100000, pytest.approx(10 / 1001))
    by_loss, by_learning_rate = (callback for callback in trainer.callbacks if type(callback).__name__ == "EarlyStopping")
    assert (by_loss.monitor, by_loss.patience) == ("train_loss_epoch/weighted_sum", row["patience"])
    assert -by_loss.min_delta == pytest.approx(0.005 / 1001), "Lightning turns its sign where less is better"
    assert (by_learning_rate.monitor, by_learning_rate.stopping_threshold) == ("lr-Adam", 1e-5)


def check_mace(row, built, forces_rms):
    given, model = built.training, built.module
    assert (given.ema is None) == (row["ema_decay"] is None)
    assert given.ema is None or given.ema.decay == 0.99
    assert int(model.num_interactions) == 2
    assert model.spherical_harmonics.irreps_out.lmax == row["l_max"]
    hidden = ["256x0e", "256x0e+256x1o", "256x0e+256x1o+256x2e"][row["l_hidden"]]
    assert str(model.interactions[0].hidden_irreps) == hidden
    assert {contraction.correlation for product in model.products for contraction in product.symmetric_contractions.contractions} == {
        row["body_order"] - 1
    }
    assert float(model.scale_shift.scale) == pytest.approx(forces_rms if row["rescale"] else 1)
    assert bool(model.atomic_energies_fn.atomic_energies.any()) == row["rescale"]
    decays = {group["weight_decay"] for group in built.optimizer.param_groups}
    assert decays == {0, 5e-7}
    assert (given.max_num_epochs, given.patience, given.max_grad_norm) == (50000, row["patience"], 10)
    assert given.train_loader.batch_size == 1
    assert (given.loss_fn.energy_weight, given.loss_fn.forces_weight) == (1, 1000)
    assert (given.swa is None) == (row["swa"] is None)
    if given.swa:
        assert given.swa.start == 750
        assert (given.swa.loss_fn.energy_weight, given.swa.loss_fn.forces_weight) == (1000, 1)
        assert {group["swa_lr"] for group in built.optimizer.param_groups} == {0.001}


@pytest.mark.skipif(FRAMEWORK != "nequip", reason="the architecture is one of NequIP's")
def test_the_released_architecture_is_that_of_nequip_0_5_5():
    """Atomic energies of one molecule by nequip 0.5.5 itself (with e3nn 0.4.4), all of its weights sin(0.7 k + number of the parameter)."""
    from nequip.data import AtomicDataDict, from_ase
    from nequip.data.transforms import ChemicalSpeciesToAtomTypeMapper, NeighborListTransform
    from nequip.utils.global_state import set_global_state

    from nnip.potentials.nequip.released import NequIP055Model

    set_global_state()
    types = ["H", "C", "N", "O"]
    shape = {"num_layers": 3, "l_max": 3, "num_features": 4, "type_embed_num_features": 4, "radial_mlp_depth": 3, "radial_mlp_width": 8}
    lengths = {"r_max": 5.0, "num_bessels": 8, "bessel_trainable": False, "polynomial_cutoff_p": 6, "avg_num_neighbors": 8.0, "parity": False}
    energies = {"per_type_energy_scales": None, "per_type_energy_shifts": None}
    energies |= {"per_type_energy_scales_trainable": False, "per_type_energy_shifts_trainable": False}
    model = NequIP055Model(seed=1, model_dtype="float64", compile_mode="eager", type_names=types, **shape, **lengths, **energies)
    buffers = dict(model.named_buffers())
    with torch.no_grad():
        for number, (name, weight) in enumerate(sorted(model.named_parameters(), key=lambda item: order_in_0_5_5(item[0]))):
            value = torch.sin(0.7 * torch.arange(weight.numel()) + number).view(weight.shape)
            if ".edge_mlp.mlp." in name:
                # there a layer divides by the root of its width, and its activations have the second moment 1
                moment = 1.0 if ".mlp.0." in name else 1.6791767923989418
                value *= moment / (len(weight) ** 0.5 * buffers[name.replace("weight", "alpha")])
            weight.copy_(value)
    atoms = ase.build.molecule("CH3CONH2")
    atoms.positions[0] += (0.1, 0.2, 0.3)
    data = from_ase(atoms)
    for transform in (ChemicalSpeciesToAtomTypeMapper(model_type_names=types), NeighborListTransform(r_max=5.0)):
        data = transform(data)
    found = model(AtomicDataDict.batched_from_list([data]))["atomic_energy"].detach().numpy().ravel()
    assert found == pytest.approx(ATOMIC_ENERGIES_BY_0_5_5, abs=1e-7)


def order_in_0_5_5(name):
    """Its radial networks stand between the two linear maps of a layer; everything else has today's order."""
    module = name.removeprefix("model.func.")
    layer = (
        int(module[5])
        if module.startswith("layer")
        else {"chemical_embedding": -1, "conv_to_output_hidden": 98, "output_hidden_to_scalar": 99}[module.split(".")[0]]
    )
    inside = ["linear_1", "edge_mlp", "linear_2", "sc"]
    return layer, next((k for k, part in enumerate(inside) if f".{part}." in name), 0), name


ATOMIC_ENERGIES_BY_0_5_5 = [
    0.0018000036243751728,
    -0.0306951137397019,
    0.0408100136820599,
    -0.027460349522007918,
    0.007184101695329856,
    0.0058229499500581094,
    0.005911388911358907,
    0.005872843579921547,
    0.00712625976437718,
]
