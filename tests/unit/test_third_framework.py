"""A third framework is one folder and one lock list: nothing else is edited, and all that needs no torch knows it."""

import os
import subprocess
import sys

import pytest
import yaml

MODELS = {
    "defaults": {"framework": "pairs", "layers": 1, "l_max": 0},
    "models": {"pairs-few": {"n_bessel": 4}, "pairs-many": {"n_bessel": 12}, "mace-base": {"framework": "mace", "layers": 2}},
    "experiments": {"pairs": {"title": "Functions", "models": ["pairs-few", "pairs-many"]}, "mace": {"title": "MACE", "models": ["mace-base"]}},
}
CONFIG = {
    "study": "third",
    "dataset": "ethanol",
    "datasets": {"ethanol": {"source": "xtb", "smiles": "CCO", "test_temperatures_K": [300], "n_test": 6}},
    "models": "models.yaml",
    "n_train": 20,
    "device": "cpu",
    "weights": {"n_bins": 21},
    "landscape": {"test_splits": ["test_300K"], "frozen": {"functions": {"pairs": "factors"}}},
}


@pytest.fixture
def study(tmp_path):
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(MODELS))
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path


def test_it_is_found_and_its_own_words_are_used(in_third_framework, study):
    found = in_third_framework("""
        from nnip.study.config import check_config
        from nnip.jobs.environments import environment
        from nnip.study.estimates import training_minutes
        from nnip.figures.style import framework_title
        from nnip.study.manifest import package_versions
        from nnip.study.model_table import check_listed_models, load_models
        from nnip.potentials.frameworks import choices, frameworks
        from nnip.study.runs import list_runs
        from nnip.study.schema import read_yaml
        from nnip.potentials.weight_statistics import grouped

        config = check_config(read_yaml("study.yaml"))
        models = load_models("models.yaml")["models"]
        check_listed_models(config, models)
        runs = list_runs(config, models)
        found = {
            "frameworks": frameworks(),
            "title": framework_title("pairs"),
            "packages": list(package_versions()),
            "environment": str(environment("pairs")),
            "minutes": {run.model: training_minutes(run, config, models, 27) for run in runs.values()},
            "groups": list(grouped({"factors": [1.0], "else": [2.0]}, choices("pairs").PARAMETER_GROUPS)),
        }
    """)
    assert found["frameworks"] == ["mace", "nequip", "pairs"]
    assert found["title"] == "Pairs"
    assert "pyyaml" in found["packages"]
    assert found["environment"].startswith(".venvs/pairs-")
    assert found["minutes"]["pairs-few"] < found["minutes"]["pairs-many"]
    assert found["groups"] == ["all", "pair functions", "other"]


def test_what_it_cannot_train_is_said_by_its_own_rule(in_third_framework, study):
    (study / "models.yaml").write_text(yaml.safe_dump(MODELS | {"defaults": {"framework": "pairs", "layers": 2, "l_max": 0}}))
    words = in_third_framework("""
        from nnip.jobs.errors import InputError
        from nnip.study.model_table import load_models

        try:
            found = load_models("models.yaml")
        except InputError as error:
            found = str(error)
    """)
    assert "'layers' is 2, but pairs of atoms need 1" in words


def test_snakemake_plans_its_study(with_third_framework, study):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(with_third_framework / "Snakefile"), "--directory", str(study)]
    command += ["--configfile", str(study / "study.yaml"), "--cores", "2", "-n", "-p"]
    environment = os.environ | {"PYTHONPATH": str(with_third_framework / "workflow")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=study, env=environment, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for part in (
        ".venvs/pairs-",
        "runs/pairs-many.n20.seed1/train/manifest.json",
        "figures/experiments_pairs.png",
        "landscape-isotropic-frozen-functions",
    ):
        assert part in said, part
