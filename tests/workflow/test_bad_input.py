"""What a user sees on bad input: one clear message before any work, and never a traceback."""

import json
import shlex

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from conftest import ROOT, Study, output


def refused(run, *words):
    text = output(run)
    assert run.returncode != 0, text
    assert "Traceback" not in text
    for word in words:
        assert word in text, text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"landscpe": {}}, ["unknown key 'landscpe'", "did you mean 'landscape'?"]),
        ({"md": {"temperature_K": "hot"}}, ["'md.temperature_K' is 'hot'"]),
        ({"datasets": {"ethanol": {"source": "xtb", "smiles": "not a molecule"}}}, ["not a molecule", "SMILES"]),
    ],
)
def test_config(study, change, words):
    study.write_config(change)
    refused(study.snakemake("--until", "prepare_data", "--show-failed-logs"), *words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("dataset=nowhere", ["--config: 'dataset' is 'nowhere'"]),
        ("md={temperature_K: hot}", ["--config: 'md.temperature_K' is 'hot'"]),
        ("landscape={variants: {models: [nequip-z], modes: [paper]}}", ["--config: ", "nequip-z"]),
        ("seeds=[2]", ["study.yaml: unknown key 'landscpe'"]),
        ("landscpe={}", ["study.yaml: unknown key 'landscpe'"]),
    ],
)
def test_the_command_line_and_the_config_file_are_told_apart(study, given, words):
    if "study.yaml" in words[0]:
        study.write_config({"landscpe": {}})
    run = study.snakemake("-n", "--config", given)
    refused(run, *words)
    assert ("study.yaml: " in output(run)) == ("study.yaml" in words[0])


def test_misspelt_framework(study, table):
    models = table()
    models["models"]["mace-a"]["framework"] = "maec"
    study.write_models(models)
    refused(study.snakemake("-n"), "models.yaml", "mace-a", "did you mean 'mace'?")


def test_model_row_with_an_impossible_value(study, table):
    models = table()
    models["models"]["nequip-b"]["layers"] = -2
    study.write_models(models)
    refused(study.snakemake("-n"), "nequip-b", "'layers' is -2")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\nseed: 9\n", ["study.yaml", "'seed' appears twice"]),
        ("\nmirror: &a [*a]\n", ["study.yaml", "levels"]),
        ('\ntorch_backend: "$(touch pwned)"\n', ["study.yaml", "'torch_backend' is '$(touch pwned)'"]),
    ],
)
def test_config_file(study, text, words):
    study.config.write_text(study.config.read_text() + text)
    refused(study.snakemake("-n"), *words)


def test_names_and_paths_reach_no_shell_unquoted(tmp_path):
    """The workflow, the study and its frames in folders, and under names, that a shell would take apart; frames are really prepared."""
    repository = tmp_path / 'it\'s "my" $(touch pwned) ü'
    folder = tmp_path / "a & b; touch pwned" / "`touch pwned` 'x'"
    folder.mkdir(parents=True)
    repository.mkdir()
    for name in ("workflow", "envs", "Snakefile"):
        (repository / name).symlink_to(ROOT / name)
    files = {name: folder / f"{name}; touch pwned @1 #$(touch pwned)\"'\\é.xyz" for name in ("train", "test")}
    for path, count in zip(files.values(), (24, 30), strict=True):
        with open(path, "w") as file:
            write(file, frames(count), format="extxyz")
    dataset = 'it\'s a "set" {run} {x} $(touch pwned); `touch pwned` -x / ü'
    study = Study(folder)
    source = {"source": "extxyz", "train": str(files["train"]), "test": {"900K": {"file": str(files["test"]), "frames": "24:"}}}
    study.write_config({"dataset": dataset, "datasets": {dataset: source}, "mirror": 'it\'s "a" mirror', "distributions": {}})
    run = study.snakemake("--until", "measure_distributions", "--show-failed-logs", snakefile=repository / "Snakefile")
    assert run.returncode == 0, output(run)
    manifest = json.loads((folder / "results/small/data/manifest.json").read_text())
    assert manifest["settings"]["dataset"] == dataset
    assert manifest["files"]["test_900K.xyz"]["n_frames"] == 6
    assert (folder / "results/small/data/distributions/distributions.csv").exists()
    run = study.snakemake("--dry-run", "--printshellcmds", snakefile=repository / "Snakefile")
    commands = [line.split("Shell command: ", 1)[1] for line in output(run).splitlines() if "Shell command: " in line and "None" not in line]
    assert len(commands) > 20, output(run)
    for command in commands:
        words = shlex.split(command, posix=True)
        scripts = [word for word in words if word.endswith(".py") and "/workflow/scripts/" in word]
        assert len(scripts) == 1 and (folder / scripts[0]).exists(), command
        for option in ("--settings", "--options"):
            if option in words:
                assert isinstance(json.loads(words[words.index(option) + 1]), dict)
    assert not list(tmp_path.rglob("pwned"))


def frames(n, change=lambda index, atoms, results: None):
    rng = np.random.default_rng(0)
    made = []
    for index in range(n):
        atoms = Atoms("H2O", positions=rng.normal(size=(3, 3)))
        results = {"energy": float(rng.normal()), "forces": rng.normal(size=(3, 3))}
        change(index, atoms, results)
        atoms.calc = SinglePointCalculator(atoms, **results)
        made.append(atoms)
    return made


def no_forces(index, atoms, results):
    if index == 3:
        del results["forces"]


def not_a_number(index, atoms, results):
    if index == 4:
        results["forces"][1, 2] = np.nan


@pytest.mark.parametrize(("change", "words"), [(no_forces, ["frame 3", "forces"]), (not_a_number, ["frame 4", "finite"])])
def test_extxyz(study, tmp_path, change, words):
    write(tmp_path / "mine.xyz", frames(30, change), format="extxyz")
    source = {"source": "extxyz", "train": {"file": str(tmp_path / "mine.xyz"), "frames": "0:24"}, "test": {"rest": str(tmp_path / "mine.xyz")}}
    study.write_config({"dataset": "mine", "datasets": {"mine": source}})
    refused(study.snakemake("--until", "prepare_data", "--show-failed-logs"), "mine.xyz", *words)
    assert not (study.folder / "results/small/data/manifest.json").exists()


@pytest.mark.parametrize(
    ("formulas", "md", "words"),
    [
        (["H2O"], {"max_bond_A": 0.9}, ["'md.max_bond_A' is 0.9", "mine.xyz frame", "the bond O"]),
        (["H2O", "CH4"], {}, ["H2O (10)", "CH4 (10)", "equally common among the 20 training frames", "'md.start'"]),
        (["H2O", "CH4"], {"start": {"formula": "NH3"}}, ["'md.start.formula' is NH3", "H2O (10)", "CH4 (10)"]),
    ],
)
def test_a_start_of_md_that_is_none_is_refused_before_any_training(study, tmp_path, formulas, md, words):
    made = [molecule(formulas[index % len(formulas)]) for index in range(20)]
    for index, atoms in enumerate(made):
        atoms.positions[0, 0] += 0.001 * index
        atoms.calc = SinglePointCalculator(atoms, energy=float(index), forces=atoms.positions)
    write(tmp_path / "mine.xyz", made, format="extxyz")
    made[0].positions += 1
    made[0].calc = SinglePointCalculator(made[0], energy=0.0, forces=made[0].positions)
    write(tmp_path / "test.xyz", made[:1], format="extxyz")
    source = {"source": "extxyz", "train": str(tmp_path / "mine.xyz"), "test": {"300K": str(tmp_path / "test.xyz")}}
    study.write_config({"dataset": "mine", "datasets": {"mine": source}, "md": md, "noise": None})
    refused(study.snakemake("--until", "train_model", "--show-failed-logs", "--keep-going"), *words)
    assert (study.folder / "results/small/data/pools/mine/pool.xyz").exists()
    assert not (study.folder / "results/small/runs").exists()


def test_corrupt_download(study, mirror, tmp_path):
    copy = tmp_path / "mirror" / "3bpa"
    copy.mkdir(parents=True)
    for name in ("train_300K.xyz", "train_mixedT.xyz"):
        content = bytearray((mirror / "3bpa" / name).read_bytes())
        content[1000] ^= name == "train_300K.xyz"
        (copy / name).write_bytes(content)
    source = {"source": "3bpa", "train": {"file": "train_300K.xyz"}, "test": {"600K": {"file": "train_mixedT.xyz", "frames": "167:334"}}}
    study.write_config({"dataset": "3bpa", "datasets": {"3bpa": source}, "mirror": str(tmp_path / "mirror")})
    refused(study.snakemake("--until", "prepare_data", "--show-failed-logs"), "train_300K.xyz", "expected", "found")
    assert not list((study.folder / "results").rglob("*.xyz"))
