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
from scipy.spatial.transform import Rotation

ROOT = Path(__file__).parents[2]


def read_table():
    """Rows of the model table, complete; without nnip.config, whose packages this environment lacks."""
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
def test_the_released_architecture_knows_left_from_right(build):
    """Energies of turned frames are equal and forces turn with them; features without parity tell a frame from its mirror image, from 3 layers on."""
    from nequip.data import AtomicDataDict, from_ase
    from nequip.data.transforms import ChemicalSpeciesToAtomTypeMapper, NeighborListTransform

    model = build(TABLE["3-layer"] | {"features": 8, "dtype": "float64"}).training.module.model["sole_model"]
    transforms = [ChemicalSpeciesToAtomTypeMapper(model_type_names=["H", "C", "N", "O"]), NeighborListTransform(r_max=5.0)]
    atoms = labelled(ase.build.molecule("CH3CONH2"), np.random.default_rng(1), 0.4)  # no plane of symmetry left

    def predict(matrix):
        data = from_ase(ase.Atoms(atoms.numbers, atoms.positions @ matrix.T))
        for transform in transforms:
            data = transform(data)
        out = model(AtomicDataDict.batched_from_list([data]))
        return out["total_energy"].item(), out["forces"].detach().numpy()

    turn = Rotation.random(rng=np.random.default_rng(2)).as_matrix()
    (energy, forces), (energy_turned, forces_turned), (energy_mirrored, _) = map(predict, (np.eye(3), turn, np.diag([1.0, 1.0, -1.0])))
    assert energy_turned == pytest.approx(energy, abs=1e-10)
    assert np.allclose(forces_turned, forces @ turn.T, atol=1e-9)
    assert abs(energy_mirrored - energy) > 1e-7
