"""Noise on labels, the runs that train on them, their rows apart from those of the main models, and their figure."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from data_stage import STUDY, draw_set

from nnip.data.extxyz import labelled, write_frames
from nnip.data.frames import read_labelled
from nnip.data.noise import spread, with_noise
from nnip.figures import noise as figure_of_noise
from nnip.jobs.errors import InputError
from nnip.study.config import check_config
from nnip.study.labels import with_learnt
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.runs import list_runs, run_settings
from nnip.study.tables import frame
from nnip.study.training_sets import TrainingSet

ROOT = Path(__file__).resolve().parents[2]
NOISE = {"models": ["mace-base"], "labels": ["forces", "energy"], "sigmas": [0, 0.05]}


def frames(n, seed=0, scale=2.0):
    """Frames of 2 and 3 atoms in turn with random labels."""
    rng = np.random.default_rng(seed)
    made = []
    for index in range(n):
        atoms = Atoms("HHO"[: 2 + index % 2], positions=rng.normal(size=(2 + index % 2, 3)))
        made.append(labelled(atoms, float(rng.normal()) * len(atoms), scale * rng.normal(size=(len(atoms), 3)), f"frame {index}"))
    return made


def forces(some):
    return np.concatenate([atoms.get_forces().ravel() for atoms in some])


def energies_per_atom(some):
    return np.array([atoms.get_potential_energy() / len(atoms) for atoms in some])


def same_structures(some, others):
    return all(np.array_equal(a.positions, b.positions) and a.info == b.info for a, b in zip(some, others, strict=True))


def test_noise_on_forces_has_its_size_and_leaves_energies_alone():
    clean = frames(2000)
    noisy = with_noise(clean, "forces", 0.3, seed=1)
    noise = forces(noisy) - forces(clean)
    assert noise.std() == pytest.approx(0.3, rel=0.03)
    assert abs(noise.mean()) < 0.015
    assert np.array_equal(energies_per_atom(noisy), energies_per_atom(clean))
    assert same_structures(noisy, clean)


def test_noise_on_energies_is_per_atom_and_leaves_forces_alone():
    clean = frames(4000)
    noisy = with_noise(clean, "energy", 0.3, seed=1)
    noise = energies_per_atom(noisy) - energies_per_atom(clean)
    for size in (2, 3):  # a larger frame has no smaller noise per atom
        assert noise[[len(atoms) == size for atoms in clean]].std() == pytest.approx(0.3, rel=0.05)
    assert np.array_equal(forces(noisy), forces(clean))


@pytest.mark.parametrize("label", ["forces", "energy"])
def test_sigmas_differ_by_their_size_alone(label):
    clean, values = frames(20), forces if label == "forces" else energies_per_atom
    small, large, again, other = (
        values(with_noise(clean, label, *arguments)) - values(clean) for arguments in ((0.1, 5), (0.4, 5), (0.1, 5), (0.1, 6))
    )
    assert large == pytest.approx(4 * small)
    assert np.array_equal(small, again)
    assert not np.allclose(small, other)


def within_compositions(some):
    """Standard deviation of the energies per atom of frames of two and of three atoms about the mean of their own kind."""
    pairs, triples = (energies_per_atom([atoms for atoms in some if len(atoms) == n]) for n in (2, 3))
    return np.sqrt((pairs.var() * len(pairs) + triples.var() * len(triples)) / len(some))


def test_the_spread_is_over_all_components_and_per_atom():
    some = frames(50)
    assert spread(some, "forces") == pytest.approx(np.std(forces(some)))
    assert spread(some, "energy") == pytest.approx(within_compositions(some))
    assert spread(some[::2], "energy") == np.std(energies_per_atom(some[::2])), "of one composition"


@pytest.fixture
def folder(tmp_path):
    """A pool of frames and a test split, as the data stage leaves them."""
    write_frames(tmp_path / "pools/mine/pool.xyz", frames(60, seed=1))
    write_frames(tmp_path / "test_a.xyz", frames(3, seed=2))
    return tmp_path


OPTIONS = {"source": "extxyz", "test": {"a": "a.xyz"}}


def noisy_set(label, sigma, name="noisy"):
    return TrainingSet(name, "beside", "mine", 50, learn=(label,), noise={label: sigma})


@pytest.mark.parametrize(("label", "unit"), [("forces", "eV_per_A"), ("energy", "eV_per_atom")])
def test_files_of_noisy_frames_say_how_noisy_they_are(folder, label, unit):
    draw_set(noisy_set(label, 0.1), OPTIONS, STUDY, folder)
    draw_set(TrainingSet("n50", "main", "mine", 50), OPTIONS, STUDY, folder)
    manifest = json.loads((folder / "sets/noisy/manifest.json").read_text())
    values = forces if label == "forces" else energies_per_atom
    noisy, clean = ([read_labelled(folder / "sets" / name / f"{part}.xyz") for part in ("train", "val")] for name in ("noisy", "n50"))
    assert (folder / "sets/noisy/train_clean.xyz").read_bytes() == (folder / "sets/n50/train.xyz").read_bytes()
    every = [atoms for part in clean for atoms in part]
    deviation = np.std(forces(every)) if label == "forces" else within_compositions(every)
    assert manifest[f"standard_deviation_{unit}"] == pytest.approx(deviation)
    assert manifest[f"noise_sigma_{unit}"] == pytest.approx(0.1 * deviation)
    noise = [values(a) - values(b) for a, b in zip(noisy, clean, strict=True)]
    assert np.std(np.concatenate(noise)) == pytest.approx(0.1 * deviation, rel=0.3)
    assert len(noise[1]) and not np.allclose(noise[1], noise[0][: len(noise[1])])  # validation frames have noise of their own


def test_no_noise_gives_the_clean_labels(folder):
    draw_set(noisy_set("forces", 0.0), OPTIONS, STUDY, folder)
    assert (folder / "sets/noisy/train.xyz").read_bytes() == (folder / "sets/noisy/train_clean.xyz").read_bytes()


def test_labels_without_spread_have_no_unit_of_noise(folder):
    flat = [labelled(atoms, 1.0, np.ones((len(atoms), 3)), "flat") for atoms in frames(60)]
    write_frames(folder / "pools/mine/pool.xyz", flat)
    with pytest.raises(InputError, match=r"pool\.xyz.*same forces"):
        draw_set(noisy_set("forces", 0.1), OPTIONS, STUDY, folder)


@pytest.fixture
def demo():
    return yaml.safe_load((ROOT / "config/demo.yaml").read_text()) | {"noise": None}


def models(config):
    return load_models(ROOT / config["models"])["models"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sigmas": [0, -0.1]}, ["'noise.sigmas", "-0.1", "minimum"]),
        ({"sigmas": [0.1, 0.1]}, ["'noise.sigmas'", "unique"]),
        ({"sigmas": [0.1, 0.10000001]}, ["'noise.sigmas' has 0.1 more than once"]),
        ({"labels": ["force"]}, ["'force'", "did you mean 'forces'?"]),
        ({"models": ["mace-base", "mace-base"]}, ["'noise.models'", "unique"]),
        ({"model": ["mace-base"]}, ["unknown key 'noise.model'", "'models'"]),
        ({"n_train": 30}, ["'noise.n_train' is 30", "100, 25, 50"]),
    ],
)
def test_a_mistake_in_the_noise_block_is_named(demo, change, words):
    with pytest.raises(InputError) as error:
        check_config(demo | {"noise": NOISE | change}, source="my.yaml")
    for word in ["my.yaml", *words]:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


def test_noise_of_an_unknown_model_is_refused(demo):
    config = check_config(demo | {"noise": NOISE | {"models": ["mace-bas"]}})
    with pytest.raises(InputError, match=r"my\.yaml: 'noise.models' lists 'mace-bas'.*did you mean 'mace-base'"):
        check_listed_models(config, models(config), "my.yaml")


def test_noise_on_published_tables_is_refused():
    published = yaml.safe_load((ROOT / "config/published.yaml").read_text())
    with pytest.raises(InputError, match="'noise' asks for models or frames"):
        check_config(published | {"noise": NOISE})


def test_a_split_that_has_the_clean_frames_name_is_refused(demo):
    source = {"source": "extxyz", "train": "a.xyz", "test": {"train_clean": "b.xyz"}}
    with pytest.raises(InputError, match="'train_clean'"):
        check_config(demo | {"dataset": "mine", "datasets": {"mine": source}, "noise": NOISE})


def test_noise_runs_stand_beside_the_main_line(demo):
    without, config = check_config(demo | {"seeds": [1, 2]}), check_config(demo | {"seeds": [1, 2], "noise": NOISE | {"n_train": 25}})
    table = models(config)
    main, both = list_runs(without, table), list_runs(config, table)
    added = [name for name in both if name not in main]
    assert set(added) == {
        f"mace-base.n25.{label}-noise{sigma}.seed{seed}" for label in ("forces", "energy") for sigma in ("0", "0.05") for seed in (1, 2)
    }
    assert {both[name].role for name in added} == {"beside"}
    for name, run in main.items():
        assert json.dumps(run_settings(run, without, table)) == json.dumps(run_settings(both[name], config, table))


def test_settings_of_the_main_line_know_nothing_of_noise(demo):
    config = check_config(demo | {"noise": NOISE})
    table = models(config)
    settings = run_settings(list_runs(config, table)["mace-base.n100.seed1"], config, table)
    assert "noise_label" not in settings
    assert (settings["noise"], settings["hyperparameters"]["energy_weight"]) == (0.0, 1)


@pytest.mark.parametrize(("label", "weights"), [("forces", (0, 1001)), ("energy", (1001, 0))])
def test_a_noise_run_trains_on_one_label(demo, label, weights):
    config = check_config(demo | {"noise": NOISE, "training": {"refit_energy_shift": False}})
    table = models(config)
    settings = run_settings(list_runs(config, table)[f"mace-base.n100.{label}-noise0.05.seed1"], config, table)
    assert (settings["hyperparameters"]["energy_weight"], settings["hyperparameters"]["forces_weight"]) == weights
    assert (settings["noise"], settings["noise_label"]) == (0.05, label)
    assert settings["refit_energy_shift"] is (label == "forces")
    assert table["mace-base"]["energy_weight"] == 1  # the model's own row is as it was


def test_a_second_stage_does_not_bring_the_other_label_back():
    row = {
        "energy_weight": 1,
        "forces_weight": 1000,
        "stress_weight": 0,
        "swa": {"start_epoch": 5, "lr": 0.001, "energy_weight": 1000, "forces_weight": 2},
    }
    assert with_learnt(row, ("forces",))["swa"] == {"start_epoch": 5, "lr": 0.001, "energy_weight": 0, "forces_weight": 1002, "stress_weight": 0}
    assert with_learnt(row, ("energy",))["swa"]["forces_weight"] == 0


WHO = {"framework": "mace", "seed": 1}


def tables(labels=("forces", "energy"), seeds=(1, 2)):
    """Two good models, whose error on the noisy frames is `sigma`, and one that diverged; no clean frames' error depends on the noise."""
    known = [
        {"framework": "mace", "model": name, "label": name, "experiment": "x", "title": "x", "position": i}
        for i, name in enumerate(["a", "b", "bad"])
    ]
    errors, trainings, sets = [], [], [{"training_set": "n25", "role": "main", "pool": "x", "n_train": 25, "learn": "energy+forces", "noise": 0}]
    for label in labels:
        unit = {"forces": "noise_sigma_eV_per_A", "energy": "noise_sigma_eV_per_atom"}[label]
        for sigma in (0.0, 0.05, 0.1):
            row = {"training_set": f"n25.{label}-noise{sigma:g}", "role": "beside", "noise_label": label, "noise": sigma, "learn": label}
            sets.append(row | {"pool": "x", "n_train": 25, unit: sigma / 2})
        for seed in seeds:
            for name in ("a", "b", "bad"):
                for sigma in (0.0, 0.05, 0.1):
                    row = WHO | {"seed": seed, "model": name, "training_set": f"n25.{label}-noise{sigma:g}"}
                    trainings.append(row | {"status": "diverged" if name == "bad" else "ok", "device": "cpu"})
                    if name != "bad":
                        errors += [
                            row | {"split": split, "energy_rmse_eV_per_atom": value * seed, "forces_rmse_eV_per_A": value * seed}
                            for split, value in (("train", sigma), ("train_clean", 0.02))
                        ]
    main = {"split": "train", "energy_rmse_eV_per_atom": 9.0, "forces_rmse_eV_per_A": 9.0}
    errors += [WHO | {"model": name, "training_set": "n25"} | main for name in ("a", "b", "bad")]
    made = {"models": known, "errors": errors, "trainings": trainings, "training_sets": sets}
    return {name: frame(name, rows) for name, rows in made.items()}


def test_the_figure_shows_means_over_seeds_and_the_noise_line():
    figure = figure_of_noise.draw(**tables())
    assert len(figure.axes) == 4
    noisy, clean = figure.axes[0], figure.axes[1]
    drawn = {line.get_label(): line for line in noisy.get_lines()}
    assert list(drawn["a"].get_ydata()) == pytest.approx([0, 75, 150])  # meV/A
    assert list(drawn["RMSE = noise"].get_xdata()) == [0, 0.1]
    assert list(drawn["RMSE = noise"].get_ydata()) == pytest.approx([0, 50])
    assert {line.get_label(): line for line in clean.get_lines()}["a"].get_ydata() == pytest.approx([30, 30, 30])
    assert drawn["a"].get_color() != drawn["b"].get_color()
    note = figure.get_supxlabel().replace("\n", " ")
    assert "bad (forces): no data: diverged." in note and "2 seeds per model" in note


def test_one_label_is_one_row():
    figure = figure_of_noise.draw(**tables(labels=("energy",), seeds=(1,)))
    assert len(figure.axes) == 2
    assert "meV/atom" in figure.axes[0].get_ylabel() and "energies" in figure.axes[0].get_xlabel()


def test_energies_of_several_compositions_scatter_about_their_own_means():
    """Two waters at -1 and -3 eV/atom, two methanes at -10 and -10 eV/atom: deviations of 1, 1, 0, 0."""
    frames = []
    for formula, energy in (("H2O", -1), ("H2O", -3), ("CH4", -10), ("CH4", -10)):
        atoms = Atoms(formula, positions=np.zeros((len(Atoms(formula)), 3)))
        atoms.calc = SinglePointCalculator(atoms, energy=energy * len(atoms), forces=np.zeros((len(atoms), 3)))
        frames.append(atoms)
    assert spread(frames, "energy") == pytest.approx(0.5**0.5)
    assert spread(frames[:2], "energy") == 1.0
