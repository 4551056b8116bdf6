"""Labels that models learn: weights, what their data must have, reference energies, and options in `extra` that need other labels."""

import re

import pytest
import yaml
from spoilings import put

from nnip.jobs.errors import InputError
from nnip.potentials.frameworks import choices
from nnip.study.config import check_config
from nnip.study.labels import check_reference_energies, stage_weights, weighted_labels, with_learnt, with_reference_energies
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.runs import list_runs, run_settings

OWN = {"source": "extxyz", "train": "a.xyz", "test": {"b": "b.xyz"}}


def table(tmp_path, **models):
    """A model table with a NequIP and a MACE model, their keys changed by framework."""
    rows = {f"{framework}-m": {"framework": framework} | models.get(framework, {}) for framework in ("nequip", "mace")}
    experiments = {framework: {"title": framework, "models": [f"{framework}-m"]} for framework in ("nequip", "mace")}
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"models": rows, "experiments": experiments}))
    return load_models(tmp_path / "models.yaml")["models"]


def config(tmp_path, block=OWN, **more):
    return check_config({"study": "s", "dataset": "own", "datasets": {"own": block}, "models": str(tmp_path / "models.yaml")} | more, "my.yaml")


FULL = {"energy_weight": 1, "forces_weight": 100, "stress_weight": 10, "swa": None}
STAGES = FULL | {"swa": {"start_epoch": 5, "lr": 0.1, "energy_weight": 50, "forces_weight": 2, "stress_weight": None}}


def test_the_labels_of_a_model_are_those_with_a_weight_in_a_stage():
    assert weighted_labels(FULL) == ["energy", "forces", "stress"]
    assert weighted_labels(FULL | {"energy_weight": 0, "stress_weight": 0}) == ["forces"]
    assert stage_weights(STAGES) == [{"energy": 1, "forces": 100, "stress": 10}, {"energy": 50, "forces": 2, "stress": 10}]
    none_first = put(STAGES | {"stress_weight": 0}, ("swa", "stress_weight"), 3)
    assert weighted_labels(none_first) == ["energy", "forces", "stress"]
    assert stage_weights(put(STAGES, ("swa", "stress_weight"), 0))[1]["stress"] == 0


@pytest.mark.parametrize(
    ("learn", "first", "second"),
    [
        (("energy", "forces"), (1, 100, 0), (50, 2, 0)),
        (("energy",), (101, 0, 0), (52, 0, 0)),
        (("forces", "stress"), (0, 101, 10), (0, 52, 10)),
    ],
)
def test_weights_of_labels_that_are_not_learnt(learn, first, second):
    changed = with_learnt(STAGES, learn)
    assert [tuple(stage.values()) for stage in stage_weights(changed)] == [first, second]
    assert with_learnt(FULL, learn)["swa"] is None


def test_a_training_set_learns_stress_unless_it_says_otherwise(tmp_path):
    models = table(tmp_path, mace={"stress_weight": 7})
    sets = {"plain": {}, "without": {"learn": ["energy", "forces"]}}
    whole = config(tmp_path, OWN | {"stress_key": "REF_stress"}, training_sets=sets)
    check_listed_models(whole, models)
    runs = list_runs(whole, models)
    weights = {name: run_settings(run, whole, models)["hyperparameters"]["stress_weight"] for name, run in runs.items()}
    assert weights == {
        "nequip-m.n500.seed1": 0, "mace-m.n500.seed1": 7, "nequip-m.plain.seed1": 0, "mace-m.plain.seed1": 7, "nequip-m.without.seed1": 0,
        "mace-m.without.seed1": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (OWN, "model 'mace-m': 'stress_weight' needs stresses in training set 'n500': set 'datasets.own.stress_key'"),
        ({"source": "xtb", "smiles": "CCO"}, "model 'mace-m': 'stress_weight' needs stresses in training set 'n500': source xtb gives none"),
    ],
)
def test_a_stress_weight_needs_stresses(tmp_path, block, words):
    models = table(tmp_path, mace={"stress_weight": 7})
    with pytest.raises(InputError, match=re.escape(words)):
        check_listed_models(config(tmp_path, block), models)
    check_listed_models(config(tmp_path, OWN | {"virial_key": "virials"}), models)
    models = table(tmp_path, mace={"swa": {"start_epoch": 2, "lr": 0.1, "energy_weight": 1, "forces_weight": 1, "stress_weight": 1}})
    with pytest.raises(InputError, match="needs stresses"):
        check_listed_models(config(tmp_path, block), models)
    check_listed_models(config(tmp_path, block), table(tmp_path))


EXTRAS = [
    ("mace", {"loss": "stress"}, "'extra': 'loss' follows from the study's own energy_weight, forces_weight and stress_weight; set that"),
    ("mace", {"stress_weight": 10}, "'stress_weight' follows from the study's own stress_weight"),
    ("mace", {"virials_weight": 10}, "'virials_weight' follows from the study's own stress_weight"),
    ("mace", {"compute_stress": True}, "'compute_stress' follows from the study's own stress_weight"),
    ("mace", {"swa_stress_weight": 1}, "'swa_stress_weight' follows from the study's own swa.stress_weight"),
    ("mace", {"stress_key": "REF_stress"}, "follows from the study's own datasets.<name>.stress_key"),
    ("mace", {"E0s": "average"}, "'E0s' follows from the study's own reference_energies"),
    ("mace", {"scaling": "no_scaling"}, "'scaling' follows from the study's own rescale"),
    ("mace", {"lr": 1}, "'lr' follows from the study's own lr"),
    ("mace", {"dipole_weight": 1}, "'dipole_weight' needs dipoles, which frames of a study do not have"),
    ("mace", {"compute_polarizability": True}, "needs polarizabilities"),
    ("mace", {"charges_key": "q"}, "needs charges of atoms"),
    ("mace", {"embedding_specs": {"field": {}}}, "'embedding_specs' has 'field', but of such quantities frames of a study have total_charge and"),
    ("mace", {"embedding_specs": "{"}, "'embedding_specs' is '{', but should be a mapping"),
    ("nequip", {"training_module.loss._target_": "nequip.train.EnergyForceStressLoss"}, "which 'stress_weight' has the model learn; set that"),
    ("nequip", {"training_module.val_metrics.extra_metrics": [{"field": "stress"}]}, "is of stresses"),
    ("nequip", {"training_module.loss.coeffs.stress": 1}, "follows from the study's own energy_weight, forces_weight and stress_weight"),
    ("nequip", {"training_module.model.per_type_energy_shifts": 1}, "follows from the study's own reference_energies"),
    ("nequip", {"training_module": {}}, "'training_module' follows from the study's own"),
]  # fmt: skip


@pytest.mark.parametrize(("framework", "extra", "words"), EXTRAS)
def test_options_that_need_other_labels_or_that_a_key_sets_are_refused_with_the_key_to_use(tmp_path, framework, extra, words):
    with pytest.raises(InputError, match=f"models.yaml, model '{framework}-m': .*{re.escape(words)}"):
        table(tmp_path, **{framework: {"extra": extra}})


def test_models_that_take_charge_and_spin(tmp_path):
    specs = {"total_charge": {"type": "categorical", "per": "graph", "num_classes": 5, "emb_dim": 4, "offset": 2}}
    for given in (specs, str(specs)):
        models = table(tmp_path, mace={"extra": {"embedding_specs": given}})
        assert choices("mace").takes(models["mace-m"]) == ("total_charge",)
    assert choices("nequip").takes(models["nequip-m"]) == choices("mace").takes(table(tmp_path)["mace-m"]) == ()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("average", "is 'average': write isolated, or the energy of each element in eV"),
        ({}, "write isolated"),
        ({"Xx": 1.0}, "has 'Xx', which is not the symbol of an element"),
        ({"H": "low"}, "'reference_energies.H' is 'low', but must be a number"),
        ({"H": True}, "'reference_energies.H' is True, but must be a number"),
    ],
)
def test_reference_energies_that_are_none_are_refused(tmp_path, given, words):
    with pytest.raises(InputError, match=re.escape(words)):
        table(tmp_path, mace={"reference_energies": given})


def test_reference_energies_of_isolated_atoms_are_filled_in_and_every_element_needs_one(tmp_path):
    models = table(tmp_path, mace={"reference_energies": "isolated"}, nequip={"reference_energies": {"H": -13.6, "O": -430}})
    assert with_reference_energies(models["mace-m"], {"H": -13.5})["reference_energies"] == {"H": -13.5}
    assert with_reference_energies(models["nequip-m"], {"H": -13.5})["reference_energies"] == {"H": -13.6, "O": -430}
    settings = {"model": "m", "training_set": "n9", "hyperparameters": models["nequip-m"]}
    check_reference_energies(settings, ["H", "O"])
    with pytest.raises(InputError, match=r"model 'm': 'reference_energies' have no energy of C, which frames of training set 'n9' have; add it"):
        check_reference_energies(settings, ["H", "C", "O"])
    check_reference_energies(settings | {"hyperparameters": {"reference_energies": None}}, ["C"])
